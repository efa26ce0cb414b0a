/* The state of a run's worker hosts, shared by the files that make it up: hosts.c (all of them),
 * far.c (one of them), asking.c (what each is started with and told first). */
#ifndef DM_CLUSTER_HOSTS_STATE_H
#define DM_CLUSTER_HOSTS_STATE_H

#include "cluster/door.h"
#include "cluster/hosts.h"
#include "engine/engine.h"
#include "run/state.h"

enum dm_far_stage {
    DM_FAR_WAITING, /* to be asked for */
    DM_FAR_ASKED,   /* the engine has been asked; it has not come */
    DM_FAR_HERE,    /* it is connected and has shown who it is */
    DM_FAR_BEGUN,   /* it is made of what we are, and knows the settings */
    DM_FAR_READY    /* it runs workers */
};

struct dm_far {
    struct dm_hosts *hosts;
    uint32_t index, attempt, failures; /* failures: of attempts that came to nothing, in a row */
    enum dm_far_stage stage;
    char name[DM_NAME_BYTES];    /* of the last attempt */
    char news[256];              /* what the engine said of it last */
    uint64_t again_ms;           /* WAITING: when it is asked for again */
    struct dm_link *link;        /* from HERE on; else NULL */
    struct dm_peer **workers;    /* by slot */
    struct dm_serving **serving; /* by slot: input that is on its way to it */
    struct dm_giving *giving;    /* a file that is on its way to it; NULL: none */
};

/* How many refusals people are told of. */
enum { DM_REFUSALS = 16 };

struct dm_hosts {
    struct dm_coordinator *c;
    struct dm_job *job;
    struct dm_door door;
    struct dm_engine *engine;
    struct dm_engine_config config;
    struct dm_buf about; /* what we are made of */
    struct dm_far *far;
    uint32_t n, run; /* run: part of all names, so that no other run's are the same */
    uint32_t losses, refused;
    uint64_t done; /* splits committed at the last loss */
    uint64_t ticked_ms, tell_ms;
    bool closed;
    char logs[4096];
    char parts[4096];
};

/* What a worker host is started with. */
struct dm_host_environment {
    char connect[560], name[80], token[80], slots[32];
    const char *list[5];
    char log[4200];
};

/* asking.c */
/* Reads from the run's job what is to be started, and makes the folders for their logs and parts;
 * nothing is asked for yet. NULL with a message; freed by dm_hosts_free. */
struct dm_hosts *dm_hosts_create(struct dm_coordinator *c, struct dm_error *err);

/* Fills what the worker host of that name is to be started with; it borrows from `all`. */
void dm_host_environment(const struct dm_hosts *all, const char *name,
                         struct dm_host_environment *env);

/* Appends what a worker host is told first (see orders.h); false when memory is short. */
bool dm_host_orders(const struct dm_hosts *all, struct dm_buf *out);

/* far.c */
/* The engine's number for its last attempt. */
uint64_t dm_far_handle(const struct dm_far *h);

/* Asks the engine for it, under a new name. */
void dm_far_ask(struct dm_far *h);

/* It has come in: takes the link over. */
void dm_far_take(struct dm_far *h, struct dm_link *link);

/* It is gone, or has to go: its workers are lost, the engine ends it, another is asked for. */
void dm_far_lose(struct dm_far *h, const char *why);

/* Notes what the engine says of it. */
void dm_far_news(struct dm_far *h, const struct dm_engine_event *event);

/* Closes the connection, with `flush` once what was sent has gone out; the workers are lost. */
void dm_far_let_go(struct dm_far *h, bool flush);

#endif
