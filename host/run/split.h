/* A split as a worker gets it: ranges of input, rows to reject unseen, and what came of it. */
#ifndef DM_RUN_SPLIT_H
#define DM_RUN_SPLIT_H

#include "io/output.h"
#include "run/wire.h"

/* The streams that a split adds to. */
enum { DM_ROWS, DM_REJECTS, DM_LEDGER, DM_STREAMS };

/* Rows that begin in [start, end) of a file's decompressed bytes. */
struct dm_range {
    char *path;    /* what is opened */
    char *name;    /* what row ids say, "-" for standard input; NULL: the path */
    uint64_t base; /* added to offsets in row ids: where a spooled piece of standard input began */
    uint64_t start, end;
    uint64_t share; /* rows whose dm_work_share is below this are read; 0: all rows */
    uint64_t size;  /* of the file when it was planned, and its time of change in ns: a file that
                       changed meanwhile fails the run */
    int64_t mtime;
    char *damage; /* why nothing follows, when the input is a damaged one; else NULL or "" */
};

/* A row that has killed a worker: rejected without being run again. */
struct dm_skip {
    uint32_t range;
    uint64_t offset;
    int32_t op; /* the operator that did it; -1: reading it did */
    char *reason;
};

struct dm_split {
    uint64_t id;
    uint32_t attempt;
    bool probe;  /* does the row in it kill a worker again? its results are thrown away */
    bool single; /* rows are worked on one at a time, since many at once were too much for memory */
    bool told;   /* the coordinator hears of each row before it is worked on */
    bool part;   /* the output goes to files of its own in the folder for parts */
    bool whole;  /* the input file is compressed, and read from its beginning */
    bool staged; /* the ranges' paths are copies that a worker host has made */
    bool granted; /* `at` is where the output goes */
    struct dm_place at[DM_STREAMS];
    uint32_t file_number; /* for one output per input: the shard number that stands for the file */
    enum dm_codec codec;  /* of the rows' output */
    uint64_t max_rows;    /* stop after so many; 0: never */
    struct dm_range *ranges;
    uint32_t nranges;
    struct dm_skip *skips;
    uint32_t nskips;
};

/* Frees what the split holds and clears it. */
void dm_split_finish(struct dm_split *s);

/* Lets go of all ranges but the first. */
void dm_split_forget(struct dm_split *s);

/* What row ids say of a range. */
const char *dm_range_name(const struct dm_range *r);

/* The split as a message, and back. Reading returns DM_EINPUT for a malformed frame. */
bool dm_split_put(struct dm_buf *b, const struct dm_split *s);
int dm_split_get(struct dm_wire *w, struct dm_split *s, struct dm_error *err);

/* The name in the folder for parts of what an attempt at a split adds to a stream. */
void dm_part_name(uint64_t id, uint32_t attempt, int stream, char *buf, size_t n);

/* Places of an output in its streams, into a frame and out of it. False when memory is short. */
bool dm_place_put(struct dm_buf *b, const struct dm_place at[DM_STREAMS]);
void dm_place_get(struct dm_wire *w, struct dm_place at[DM_STREAMS]);

#endif
