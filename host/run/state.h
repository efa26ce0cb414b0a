/* The coordinator's state, shared by the files that make it up: coordinator.c (life of a run),
 * frontier.c (commits), schedule.c (which split goes where), loss.c (workers that die), store.c
 * (replies of models), models.c (what models are asked), progress.c (what people see), status.c
 * (what other processes see). */
#ifndef DM_RUN_STATE_H
#define DM_RUN_STATE_H

#include "run/asked.h"
#include "run/commit.h"
#include "run/coordinator.h"
#include "run/item.h"
#include "run/pump.h"
#include "run/spool.h"
#include "run/status.h"

/* Outputs of workers on other nodes that are being joined, in a thread. */
enum { DM_JOINED = 256 };
struct dm_join {
    uv_work_t work;
    struct dm_item *items[DM_JOINED];
    size_t n;
    struct dm_place from[DM_STREAMS]; /* where the first one's predecessor ends */
    bool busy;
    int rc;
    struct dm_error err;
};

struct dm_coordinator {
    struct dm_job *job;
    struct dm_outcome *outcome;
    uv_loop_t loop;
    uv_timer_t tick;
    int signals; /* that were seen to: see look_around */
    uv_work_t commit_work;
    uv_work_t store_work;
    struct dm_pool pool;
    const struct dm_elsewhere *elsewhere;
    struct dm_hosts *hosts; /* its own: whose workers the pool has; NULL: they run here */
    struct dm_plan plan;
    struct dm_items items;
    struct dm_peer *idle;  /* workers that wait for work */
    void *quiet;           /* the worker host that is kept free for, or runs, a told split */
    size_t window;         /* splits planned and not committed, at the most */
    struct dm_spool spool; /* when the input is standard input */
    struct dm_pump pump;   /* when the output is standard output */
    bool from_stdin;
    struct dm_frontier frontier; /* committed */
    struct dm_frontier next;     /* being committed */
    struct dm_journal journal;
    struct dm_commit commit;
    struct dm_join join;
    struct dm_status status;
    struct dm_replies *replies; /* of models, on their way to the disk; NULL: none are kept */
    struct dm_error store_err;
    int store_rc;
    bool storing;
    struct dm_budget budget; /* of requests to models */
    struct dm_asked *asked;  /* for each operator: what it has asked, as far as workers have told */
    uint64_t asked_saved_ms; /* when that was written last */
    uint64_t noted_requests, noted_cost; /* as used, on disk */
    bool asked_changed;                  /* since then */
    int lock;
    bool plan_ended, committing, stopping, quitting, closed;
    uint64_t started_ms, committed_ms, shown_ms;
    uint64_t uncommitted; /* bytes of output that are in their place but not synced */
    uint32_t losses;      /* of workers, since something last got done */
    uint32_t lost_times;  /* that the same was to be told of a loss: */
    char lost_text[800];
    uint64_t done_bytes;    /* of input, committed */
    uint64_t resumed_bytes; /* of those, before this run */
    uint64_t total_bytes;   /* of the input files as they lie on disk; 0 when not known */
    bool shown;             /* a progress bar stands on the terminal */
};

/* Ends the run with a message, once: running splits are given up. */
void dm_run_fail(struct dm_coordinator *c, const struct dm_error *err);

/* Does what can be done: splits to workers, outputs to their places, commits, the end. */
void dm_advance(struct dm_coordinator *c);

/* Ends the run so that it can be resumed: running splits are finished, or, with `now`, given up.
 * The text tells people; "": nothing is told. */
void dm_run_stop(struct dm_coordinator *c, bool now, const char *text);

/* frontier.c: commits what stands in its place, when it is time. */
void dm_frontier_advance(struct dm_coordinator *c);

/* Lets go of the first item: it has been committed, or the run is over. */
void dm_frontier_drop(struct dm_coordinator *c);

/* schedule.c: gives idle workers splits, and outputs their places. */
void dm_schedule(struct dm_coordinator *c);

/* A worker waits for work, or does so no more since it has gone. */
void dm_schedule_idle(struct dm_coordinator *c, struct dm_peer *peer);
void dm_schedule_gone(struct dm_coordinator *c, struct dm_peer *peer);

/* A worker has run its split, or its output is in place. */
void dm_schedule_done(struct dm_coordinator *c, struct dm_peer *peer, struct dm_wire *frame);
void dm_schedule_written(struct dm_coordinator *c, struct dm_wire *frame);

/* The worker has left its split undone, since models may not be asked any more. */
void dm_schedule_given_up(struct dm_coordinator *c, struct dm_peer *peer);

/* The output of an item is in its place, which ends at item->end. */
void dm_schedule_settle(struct dm_coordinator *c, struct dm_item *item);

/* Where the output of an item goes when the one before it ended at `end`. */
void dm_place_after(const struct dm_coordinator *c, const struct dm_place end[DM_STREAMS],
                    const struct dm_item *item, struct dm_place at[DM_STREAMS]);

/* parts.c: makes a folder for parts in the run directory, whose name nobody can guess: who sees it
 * sees our file system. Writes its path to path of size n. */
int dm_parts_make(const char *folder, char *path, size_t n, struct dm_error *err);

/* Removes all such folders of a run directory. */
void dm_parts_remove(const char *folder);

/* Joins the parts of this item and those behind it, in a thread, unless that is under way. */
void dm_parts_join(struct dm_coordinator *c, struct dm_item *first);

/* Writes a piece of a part that a worker sends, since it does not see the folder. */
int dm_parts_write(const struct dm_coordinator *c, const struct dm_item *item, int stream,
                   uint64_t offset, const char *p, size_t n, struct dm_error *err);

/* Removes what the last attempt at the item may have written. */
void dm_parts_drop(const struct dm_coordinator *c, const struct dm_item *item);

/* loss.c: a worker has gone; its splits go to others, and the row that did it is found. */
void dm_loss(struct dm_coordinator *c, struct dm_peer *peer);

/* The worker inside has closed descriptors of this process, which ends here. */
void dm_loss_inside(struct dm_coordinator *c, struct dm_peer *peer);

/* From now on an operator that ends this process, whose worker is inside, does not do so in
 * silence; NULL: that run is over. */
void dm_loss_guard(struct dm_coordinator *c);

/* A worker on another node tells which row it is about to work on. */
void dm_loss_at(struct dm_peer *peer, struct dm_wire *frame);

/* store.c: opens the file of models' replies; one that is only read is but looked at. */
int dm_store_open(struct dm_coordinator *c, struct dm_error *err);

/* A worker has got a reply. */
void dm_store_reply(struct dm_coordinator *c, struct dm_wire *frame);

/* Writes what has come in another thread: a split may take hours, replies do not wait for its
 * commit. */
void dm_store_tick(struct dm_coordinator *c);

/* The same while a worker inside is at work: no other thread would be seen to end. */
void dm_store_inside(struct dm_coordinator *c);

/* Writes what has come last, however the run ended: it has been paid for. */
void dm_store_end(struct dm_coordinator *c);

/* models.c: begins the account of what models are asked, or goes on with the one of the run that is
 * resumed. */
int dm_models_begin(struct dm_coordinator *c, struct dm_error *err);

/* A worker wants to ask, or has asked. */
void dm_models_want(struct dm_coordinator *c, struct dm_peer *peer, struct dm_wire *frame);
void dm_models_told(struct dm_coordinator *c, struct dm_wire *frame);

/* Hands out what may be asked by now, and writes the account when it is time. */
void dm_models_tick(struct dm_coordinator *c);

/* Writes the account, which is the outcome's then. */
void dm_models_end(struct dm_coordinator *c);

/* progress.c: shows how far the run is, when it is time. */
void dm_progress(struct dm_coordinator *c, bool now);

/* How far the run is: since it began or was resumed, and in all. */
struct dm_view {
    double seconds, share, rows_per_s, mb_per_s, eta; /* share, eta: -1 when not known */
    uint64_t rows, rejected;
    struct dm_asked asked; /* by all operators */
};
struct dm_view dm_progress_look(const struct dm_coordinator *c);

/* Takes the bar off the terminal, so that other lines can be printed. */
void dm_progress_hide(struct dm_coordinator *c);

/* Tells people a line: on stderr, and in the run's log. */
void dm_progress_say(struct dm_coordinator *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
