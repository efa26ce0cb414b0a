/* An engine starts and stops worker hosts: processes, on this machine or others, that dial the
 * coordinator and run workers for it. What an engine reports is advice for people and for who is
 * replaced when; the connection alone tells whether a worker host works. Everything happens on the
 * coordinator's loop and nothing blocks; every allocation is the engine's until its handles have
 * closed. */
#ifndef DM_ENGINE_ENGINE_H
#define DM_ENGINE_ENGINE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* One worker host that is to be started: `dmhost worker-host`, once. */
struct dm_engine_spec {
    /* unlike any other of any run: letters, digits and "-", at most 63: good as the name of a job
     */
    const char *name;
    /* "KEY=VALUE", NULL behind the last: to be set for the process. Secrets are among them: never
     * to be put into an argument list, a log or a file that others may read. */
    const char *const *env;
    const char *log;     /* the file for its standard output and error */
    uint32_t cpus, gpus; /* what it needs in all */
    uint64_t memory;     /* bytes; 0: as the engine gives */
};

enum dm_engine_state {
    DM_HOST_QUEUED,  /* it waits for resources */
    DM_HOST_RUNNING, /* its process has been started */
    DM_HOST_ENDED    /* it is gone, or will never be; nothing follows */
};

/* Why it ended, as far as the engine can tell. */
enum dm_engine_reason {
    DM_END_UNKNOWN,
    DM_END_EXIT,
    DM_END_SIGNAL,
    DM_END_MEMORY, /* the engine's limit */
    DM_END_TIME,   /* likewise */
    DM_END_NODE,   /* its node was lost */
    DM_END_CANCELLED,
    DM_END_REFUSED /* what was asked for can never be had: ends the run */
};

struct dm_engine_event {
    uint64_t handle; /* as given to spawn */
    enum dm_engine_state state;
    enum dm_engine_reason reason; /* of ENDED */
    int exit_status, signal;      /* of ENDED; -1: not known */
    const char *text; /* one line for people, as "waits for resources"; "" for none. Borrowed. */
};

struct dm_engine;

/* What a run gives an engine; all of it outlives the engine. */
struct dm_engine_config {
    uv_loop_t *loop;
    const char *address; /* what stood behind "=" in --engine NAME=ADDRESS; "" */
    const char *options; /* of the pipeline's `engine` table: lines KEY=VALUE, sorted; "" */
    /* called from the loop, never from within spawn, kill or close; never after close */
    void (*on_event)(void *arg, const struct dm_engine_event *event);
    void *arg;
};

struct dm_engine_kind {
    const char *name;    /* as in --engine NAME */
    const char *options; /* keys of the pipeline's `engine` table that it knows, a blank between */
    /* its worker hosts run on this machine: the coordinator need not listen but on loopback */
    bool nearby;
    /* Refuses an address that is none of its, before anything is begun. NULL: it takes none. */
    int (*check)(const char *address, struct dm_error *err);
    /* Makes one. Must be quick; what it finds to be wrong later is an event of each handle. */
    int (*open)(const struct dm_engine_config *config, struct dm_engine **e, struct dm_error *err);
    /* Asks for a worker host, and returns before it runs. What is in the spec is copied. The handle
     * is the caller's number for it; exactly one event with ENDED follows, unless close comes
     * first. */
    int (*spawn)(struct dm_engine *e, const struct dm_engine_spec *spec, uint64_t handle,
                 struct dm_error *err);
    /* Ends it, queued or running. An unknown or ended handle is no error. */
    void (*kill)(struct dm_engine *e, uint64_t handle);
    /* Ends what still runs or waits, however long the loop has to go on for it (seconds), closes
     * all handles and frees the engine. Worker hosts that were told to stop end by themselves: they
     * get a moment. */
    void (*close)(struct dm_engine *e);
};

/* Every engine's struct begins with this. */
struct dm_engine {
    const struct dm_engine_kind *kind;
};

/* The engine of that name; NULL when there is none. */
const struct dm_engine_kind *dm_engine_find(const char *name);

#endif
