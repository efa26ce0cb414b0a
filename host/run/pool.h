/* The workers of a run: starting them, frames to and from them, their boards, and their ends. Which
 * split goes where is the coordinator's business. */
#ifndef DM_RUN_POOL_H
#define DM_RUN_POOL_H

#include "run/budget.h"
#include "run/turn.h"
#include "run/worker.h"

#include <uv.h>

/* Why a worker was killed by us. */
enum dm_kill {
    DM_KILL_NONE,
    DM_KILL_ROW_TIME,
    DM_KILL_QUIT,
    DM_KILL_CLOSED, /* it lives, but its pipe is closed */
    DM_KILL_HOST    /* not the worker: its worker host was lost */
};

struct dm_pool;
struct dm_peer;

/* How a worker is reached. */
struct dm_channel {
    /* the buffer is emptied */
    void (*send)(struct dm_peer *peer, struct dm_buf *frame);
    /* its end is told to the pool later, with dm_pool_lose */
    void (*kill)(struct dm_peer *peer);
    /* the pool has let go of it: frees it, with dm_peer_free, now or when its handles have closed
     */
    void (*release)(struct dm_peer *peer);
};

struct dm_peer {
    struct dm_peer *next, *prev;
    struct dm_pool *pool;
    const struct dm_channel *channel;
    void *job;                             /* the coordinator's: what it runs */
    size_t code;                           /* of a pool of calls: the bytes that it was sent */
    struct dm_peer *idle_next, *idle_prev; /* likewise: among those that wait for work */
    bool idle;
    struct dm_asker asker; /* requests to models that it wants to make */
    bool ready;            /* said HELLO */
    bool lost;             /* on_lost was called */
    struct dm_board *board;
    enum dm_kill killed;
    struct dm_turn turn; /* its row */
    int64_t exit_status;
    int signal;
    uint32_t slot; /* which of the workers of its machine */
    /* a process here */
    uv_process_t process;
    uv_pipe_t pipe;
    int open_handles;
    bool exited, ended; /* the process; its pipe */
    uint32_t closed_looks;
    struct dm_buf in;
    /* or a worker inside this process (-j 0) */
    struct dm_worker *inside;
    struct dm_buf queue; /* frames for it that are not handled yet */
    /* or one on another node: its worker host */
    void *far;
    struct dm_board far_board; /* as it was told last */
};

struct dm_pool_events {
    void (*on_frame)(void *arg, struct dm_peer *peer, enum dm_message type, struct dm_wire *frame);
    /* the worker has gone, expected or not; the peer is freed afterwards */
    void (*on_lost)(void *arg, struct dm_peer *peer);
    /* the worker inside has time for others: the loop stands still while it runs a split */
    void (*on_inside)(void *arg);
    /* the worker inside has closed descriptors that this process works with: does not return */
    void (*on_closed)(void *arg, struct dm_peer *peer);
    /* a message for people: what went wrong with a worker's channel */
    void (*on_error)(void *arg, const char *text);
    void *arg;
};

struct dm_pool {
    uv_loop_t *loop;
    struct dm_pool_events events;
    struct dm_peer *peers; /* the newest first */
    uint32_t npeers;
    uint32_t slots; /* as many workers as there are at once: among them accelerators are shared */
    struct dm_buf setup; /* the frame that every worker gets first */
    uv_idle_t idle;      /* turns for the worker inside */
    char block[64 * 1024];
};

/* Begins a pool whose workers all get these settings. */
int dm_pool_init(struct dm_pool *p, uv_loop_t *loop, const struct dm_settings *settings,
                 struct dm_pool_events events, struct dm_error *err);

/* Gives the workers that are started from now on these settings. */
int dm_pool_set(struct dm_pool *p, const struct dm_settings *settings, struct dm_error *err);

/* Frees what is left; all peers must have gone. */
void dm_pool_finish(struct dm_pool *p);

/* Starts a worker process in a slot, which is free, or, with `inside`, a worker in this process. */
int dm_pool_start(struct dm_pool *p, uint32_t slot, bool inside, struct dm_error *err);

/* Puts a peer, zeroed but for its channel, among the workers. */
void dm_pool_add(struct dm_pool *p, struct dm_peer *peer);

/* The worker has gone: tells the pool's owner, then the channel. */
void dm_pool_lose(struct dm_peer *peer);

/* Frees the peer's memory. */
void dm_peer_free(struct dm_peer *peer);

/* Kills workers whose row takes longer than that; to be called several times a second. */
void dm_pool_watch(struct dm_pool *p, uint64_t row_ms);

/* Sends a frame (with head); the buffer is emptied. */
void dm_pool_send(struct dm_peer *peer, struct dm_buf *frame);

/* Asks the worker to exit when idle, or kills it. */
void dm_pool_stop(struct dm_peer *peer);
void dm_pool_kill(struct dm_peer *peer, enum dm_kill why);

#endif
