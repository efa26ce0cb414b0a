/* The plan: splits of the inputs, one after another in the order of their paths and offsets, made
 * when they are asked for. */
#ifndef DM_RUN_PLAN_H
#define DM_RUN_PLAN_H

#include "io/inputs.h"
#include "run/split.h"

/* Ranges in a split, at the most. */
enum { DM_MAX_RANGES = 1024 };

/* A point between two splits: everything before it has been handed out, or committed. */
struct dm_point {
    uint64_t file;
    uint64_t offset;  /* in the decompressed stream of that file */
    uint64_t planned; /* bytes of plain files before it, by which splits grow */
};

struct dm_plan {
    struct dm_inputs *inputs;
    uint64_t split_bytes;
    uint64_t documents; /* DM_FILE_OF_ROWS ...: files that are rows are not cut */
    bool one_file;      /* a split never holds more than one file */
    struct dm_point at;
};

/* What dm_plan_next answers. */
enum { DM_PLAN_END = 0, DM_PLAN_SPLIT = 1, DM_PLAN_STREAM = 2 };

/* How many splits there can be, as far as that is known without reading: `enough` when it is not,
 * or when there are as many. */
uint64_t dm_plan_splits(const struct dm_plan *p, uint64_t enough);

/* Makes the next split's ranges (the caller frees them with dm_split_finish), and tells in `after`
 * the point behind it. Plain files are cut into ranges, small ones are put together. The first
 * splits are short, so that work begins at once. DM_PLAN_STREAM: the first split of a compressed
 * file; the rest of the file follows with dm_plan_continue, and the plan has gone on to the next
 * file. DM_PLAN_END: no more input. */
int dm_plan_next(struct dm_plan *p, struct dm_split *s, struct dm_point *after,
                 struct dm_error *err);

/* Makes the split of a compressed file that follows one which ended at `at`. */
int dm_plan_continue(const struct dm_plan *p, struct dm_point at, struct dm_split *s,
                     struct dm_point *after, struct dm_error *err);

#endif
