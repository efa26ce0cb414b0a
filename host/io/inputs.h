/* The list of input files of a run: what patterns, folders and names stand for, sorted by path. */
#ifndef DM_IO_INPUTS_H
#define DM_IO_INPUTS_H

#include "io/paths.h"

enum { DM_INPUTS_OUTPUTS = 2 };

/* Inputs in a row that are files of one source: all of them, perhaps time and again. */
struct dm_section {
    struct dm_paths *paths; /* of the source */
    size_t n;
    uint64_t share; /* which rows are read, see struct dm_range; 0: all */
};

struct dm_inputs {
    size_t n;                  /* how many there are; until dm_inputs_sort repeats count too */
    struct dm_paths **sources; /* the last one is added to as long as `open` */
    size_t nsources;
    bool open;
    struct dm_section *sections; /* of sources that are sorted */
    size_t nsections;
    /* Endings of the files that are looked for in folders, one a line, in small letters, instead of
     * our own; NULL: those. Borrowed. */
    const char *suffixes;
    /* Folders are searched for files of every kind, and what can not be read stands in the list
     * too: dm_document_read says why. */
    bool documents;
    bool numbered;                          /* the first output is a folder of numbered files */
    const char *outputs[DM_INPUTS_OUTPUTS]; /* what a run writes is found by no search; borrowed */
};

/* Adds what `pattern` names: a file, a folder (searched to its depths for .jsonl, .ndjson and .json
 * files, also .gz and .zst of them, or for those of `suffixes`; names that begin with a dot are
 * left out, and run directories), or a glob as glob(7) has it.
 * "-" is taken as it is. A pattern that matches nothing is an error that says so. */
int dm_inputs_add(struct dm_inputs *in, const char *pattern, struct dm_error *err);

/* Ends a source: sorts what was added since the last one by path (bytewise) and drops repeats. What
 * is added later is of another source, and comes behind. */
int dm_inputs_sort(struct dm_inputs *in, struct dm_error *err);

/* Has the files of the last source be read so often, and then the rows of `share` unless that is 0.
 */
int dm_inputs_take(struct dm_inputs *in, uint64_t times, uint64_t share, struct dm_error *err);

/* Which rows of number i are read. */
uint64_t dm_inputs_share(const struct dm_inputs *in, size_t i);

/* Whether a path is an input. */
bool dm_inputs_has(const struct dm_inputs *in, const char *path);

/* How much of the paths is the same folder for all, but not their names. */
size_t dm_inputs_common(const struct dm_inputs *in);

/* Path number i, for any thread. Borrowed until the list is finished. */
const char *dm_inputs_path(const struct dm_inputs *in, size_t i);

/* Frees the list. */
void dm_inputs_finish(struct dm_inputs *in);

#endif
