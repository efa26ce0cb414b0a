/* The list of input files of a run: what patterns, folders and names stand for, sorted by path. */
#ifndef DM_IO_INPUTS_H
#define DM_IO_INPUTS_H

#include "base/buf.h"
#include "base/error.h"

enum { DM_INPUTS_OUTPUTS = 2 };

struct dm_inputs {
    struct dm_buf text; /* the paths, each ended by NUL */
    size_t *at;         /* offset of each path in text, sorted by path */
    uint64_t *share;    /* of each: which rows are read, see struct dm_range; NULL: all of all */
    size_t n, cap;
    /* Endings of the files that are looked for in folders, one a line, in small letters, instead of
     * our own; NULL: those. Borrowed. */
    const char *suffixes;
    /* Folders are searched for files of every kind, and what can not be read stands in the list
     * too: dm_document_read says why. */
    bool documents;
    const char *outputs[DM_INPUTS_OUTPUTS]; /* what a run writes is found by no search; borrowed */
};

/* Adds what `pattern` names: a file, a folder (searched to its depths for .jsonl, .ndjson and .json
 * files, also .gz and .zst of them, or for those of `suffixes`; names that begin with a dot are
 * left out, and run directories), or a glob as glob(7) has it.
 * "-" is taken as it is. A pattern that matches nothing is an error that says so. */
int dm_inputs_add(struct dm_inputs *in, const char *pattern, struct dm_error *err);

/* Sorts by path (bytewise) and drops repeated paths; to be called once after the last
 * dm_inputs_add. */
void dm_inputs_sort(struct dm_inputs *in);

/* Sorts those from number `first` on, and drops repeated ones among them. */
void dm_inputs_sort_from(struct dm_inputs *in, size_t first);

/* Sets the share of number i and those behind it. */
int dm_inputs_set_share(struct dm_inputs *in, size_t i, uint64_t share, struct dm_error *err);

/* Adds those in [from, to) again, behind the last one. */
int dm_inputs_repeat(struct dm_inputs *in, size_t from, size_t to, struct dm_error *err);

/* Path number i. Borrowed until the list is finished. */
const char *dm_inputs_path(const struct dm_inputs *in, size_t i);

/* Frees the list. */
void dm_inputs_finish(struct dm_inputs *in);

#endif
