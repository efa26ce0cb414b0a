/* The state of a worker, shared by worker.c (splits, from assignment to result) and worker_ask.c
 * (what it asks models, by way of the coordinator). */
#ifndef DM_RUN_WORKER_STATE_H
#define DM_RUN_WORKER_STATE_H

#include "lua/state.h"
#include "run/replies.h"
#include "run/trace.h"
#include "run/worker.h"

struct dm_worker {
    struct dm_settings settings;
    struct dm_lua *lua;
    struct dm_work *work;
    struct dm_tracer *tracer;  /* once something is to be traced */
    struct dm_result *results; /* those that run or wait for a place, oldest first */
    struct dm_buf frame;
    struct dm_board *board;
    struct dm_replies *replies; /* that models gave before; NULL: none are kept */
    uint64_t told_ms;           /* when the coordinator was told last what models are asked */
    uint64_t rested_ms;         /* when the file of replies was let go of */
    struct dm_buf grants; /* of requests to models, as they came; those before `granted` are used */
    size_t granted;
    uint64_t wanted;    /* requests that the coordinator has not granted yet */
    int fd;             /* where frames come, or -1 */
    int poll_fd;        /* of a worker inside: what the coordinator's loop polls, or -1 */
    bool heard;         /* the coordinator knows of the row that it was told last */
    dm_work_idle *idle; /* handles them */
    void *idle_arg;
    dm_work_tell *closed; /* of a worker inside */
    dm_worker_send *send;
    void *arg;
};

extern struct dm_worker *dm_worker_here; /* the worker of this process, for what Lua calls */

/* Whether its rows are a run's, not a tracer's. */
static inline bool dm_worker_is_run(const struct dm_worker *w)
{
    return w->settings.plan[0] != 0;
}

/* Ends the frame that began at `at` of w->frame and sends what stands there; `ok`: all of it did
 * fit. */
int dm_worker_send_frame(struct dm_worker *w, size_t at, bool ok, struct dm_error *err);

/* Handles the frames that have come. */
int dm_worker_handle_others(struct dm_worker *w, struct dm_error *err);

/* worker_ask.c: sends the replies that are to be kept, and lets go of the file of those that were:
 * while there is work, only now and then, since SQLite then forgets the pages that it has read. */
int dm_worker_send_replies(struct dm_worker *w, bool working, struct dm_error *err);

/* Tells what models were asked since that was last told. */
int dm_worker_send_asked(struct dm_worker *w, struct dm_error *err);

/* Keeps a grant, which has come in a frame, until Lua takes it. */
int dm_worker_take_grant(struct dm_worker *w, struct dm_wire *frame, struct dm_error *err);

#endif
