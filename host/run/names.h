/* The names that outputs get when they are complete, and whether they can have them. */
#ifndef DM_RUN_NAMES_H
#define DM_RUN_NAMES_H

#include "run/commit.h"

/* The path of an output file that is complete; false when it does not fit. */
bool dm_names_final(const struct dm_commit *c, uint64_t shard, char *buf, size_t n);

/* Whether a file's name is a number of at least `from` and this ending. */
bool dm_names_is_shard(const char *name, const char *ending, uint64_t from);

/* Refuses inputs that lie in the run directory, or whose outputs would, or outside of the output
 * folder, in each other's place, or in that of inputs that are still read. */
int dm_names_check(const struct dm_commit *c, struct dm_error *err);

/* Refuses a run directory that is a link to another file system: files are renamed out of it. */
int dm_names_check_place(const struct dm_commit *c, struct dm_error *err);

#endif
