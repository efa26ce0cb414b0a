/* Making written output last: sync the data, then the journal, then give finished files their
 * names. dm_commit_do blocks, and runs in libuv's thread pool. */
#ifndef DM_RUN_COMMIT_H
#define DM_RUN_COMMIT_H

#include "run/job.h"
#include "run/journal.h"
#include "run/replies.h"
#include "run/settings.h"

/* Takes what a task's run has committed, in the thread that commits, and says in `d->err` why it
 * could not. Called again with the same lengths after a crash. */
typedef int dm_deliver(void *arg, struct dm_delivery *d);

struct dm_commit {
    const struct dm_job *job;
    dm_deliver *deliver; /* of a job with an export folder */
    void *deliver_arg;
    void *owner; /* the coordinator's */
    struct dm_inputs *inputs;
    struct dm_stream streams[DM_STREAMS];
    struct dm_journal *journal;
    bool resumed;               /* the run goes on from what the journal holds */
    struct dm_replies *replies; /* that the rows at work needed; may be NULL */
    /* of the commit at work */
    struct dm_place from, to; /* of the rows */
    uint64_t ledger_to;       /* the length of the ledger */
    struct dm_buf record;     /* for the journal */
    int rc;
    struct dm_error err;
};

/* How an output file's name asks for its rows to be compressed. */
enum dm_codec dm_commit_codec(const struct dm_commit *c, uint64_t shard);

/* Does the commit that the fields describe, in any thread: rc and err say how it went. */
void dm_commit_do(struct dm_commit *c);

/* After the last commit: cuts files to what was committed, names the last file, removes leftovers.
 * `end` is the frontier's place. */
int dm_commit_finish(struct dm_commit *c, const struct dm_place end[DM_STREAMS],
                     struct dm_error *err);

/* Before a resumed run: cuts the streams to the frontier and redoes renames that a crash prevented.
 */
int dm_commit_restore(struct dm_commit *c, const struct dm_place at[DM_STREAMS],
                      struct dm_error *err);

#endif
