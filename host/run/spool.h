/* Standard input as splits: a thread reads it, decompressed, into files of the run directory that
 * each end with a row; a file is removed once its split has been committed. */
#ifndef DM_RUN_SPOOL_H
#define DM_RUN_SPOOL_H

#include "io/reader.h"
#include "run/split.h"

#include <uv.h>

struct dm_spool {
    uv_loop_t *loop;
    uv_work_t work;
    const char *folder;
    uint64_t split_bytes;
    void (*on_ready)(void *arg);
    void *arg;
    struct dm_reader *reader;
    struct dm_buf carry;    /* what was read and not written yet */
    struct dm_error damage; /* why compressed input ended early; status 0 when it did not */
    uint64_t begun;         /* files so far, and the bytes in them */
    uint64_t bytes;
    bool reading; /* the thread is at work */
    bool ended;   /* standard input is at its end */
    bool ready;   /* a file of this size waits to become a split */
    uint64_t size;
    _Atomic bool cancelled;
    int rc;
    struct dm_error err;
};

/* Begins to read; on_ready is called on the loop when a split is ready, at the end, and on an
 * error. */
int dm_spool_start(struct dm_spool *s, uv_loop_t *loop, const char *folder, uint64_t split_bytes,
                   void (*on_ready)(void *), void *arg, struct dm_error *err);

/* Takes the split that is ready and lets the thread read on. Returns 1, 0 when none is ready, or an
 * error below zero. */
int dm_spool_take(struct dm_spool *s, struct dm_split *split, struct dm_error *err);

/* Tells the thread to stop soon. */
void dm_spool_cancel(struct dm_spool *s);

/* Frees; the thread must have stopped. */
void dm_spool_finish(struct dm_spool *s);

#endif
