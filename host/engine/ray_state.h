/* The state of the engine ray, shared by the files that make it up: ray.c (jobs, from asking for
 * them to their end), ray_ready.c (what must be there before the first: nodes that are large
 * enough, the package), ray_job.c (a job as JSON, there and back). */
#ifndef DM_ENGINE_RAY_STATE_H
#define DM_ENGINE_RAY_STATE_H

#include "engine/package.h"
#include "engine/ray.h"
#include "engine/ray_api.h"

enum dm_ray_stage {
    DM_RAY_NEW,    /* to be submitted */
    DM_RAY_POSTED, /* submitted; no answer yet */
    DM_RAY_TAKEN,  /* Ray has it */
    DM_RAY_OVER /* it has ended, and that has been told; its log is fetched, then it is deleted */
};

struct dm_ray_host {
    struct dm_ray_host *next;
    uint64_t handle;
    uint64_t taken_poll;   /* the first list that it must stand in */
    uint64_t pending_poll; /* the last list in which it waited */
    uint64_t over_ms;      /* OVER: since when */
    enum dm_ray_stage stage;
    bool running, killed, read, deleted; /* read: its log has been */
    char name[64];
    char *log;         /* path */
    struct dm_buf env; /* members of a JSON object */
    uint32_t cpus, gpus;
    uint64_t memory;
    char told[256]; /* why it waits */
};

struct dm_ray {
    struct dm_engine head; /* first */
    struct dm_engine_config config;
    struct dm_ray_api api;
    struct dm_ray_host *hosts;
    uv_timer_t tick, wake;
    uint64_t polls, closing_ms, closing_poll, swept;
    bool listing, closing, reached;
    int open_handles;
    /* ray_ready.c */
    struct dm_package package;
    char binary[4096];   /* a path that all nodes see; "": the package is used */
    uint64_t package_ms; /* when Ray was last known to have the package; 0: it may not have it */
    uint64_t nodes_ms;   /* when the nodes were last heard of */
    bool asking_package, asking_nodes;
    bool had_room;       /* a node of Ray's has, or had, what a host asks for */
    struct dm_buf nodes; /* struct dm_ray_node, of those that are alive */
};

struct dm_ray_node {
    double cpus, gpus, memory;
};

/* The state of a job as Ray's list tells it; of texts that are too long, the end. */
struct dm_ray_job {
    char name[64], status[16], error[64];
    char message[1024]; /* its end */
    int exit_code;      /* -1: not known */
    bool exited;        /* the exit code is that of its program */
    double end_ms;      /* since 1970; 0: it has not ended */
};

/* ray.c: all jobs that wait can not be started: they have ended. */
void dm_ray_fail(struct dm_ray *r, enum dm_engine_reason reason, const char *text);

/* Tells why they wait; they are tried again when the nodes are heard of. */
void dm_ray_wait(struct dm_ray *r, const char *why);

/* Goes on with what can be done now. */
void dm_ray_go(struct dm_ray *r);

/* ray_ready.c: whether a host can be submitted; else what is missing is asked for. */
bool dm_ray_ready(struct dm_ray *r);

/* Asks for the nodes. */
void dm_ray_ask_nodes(struct dm_ray *r);

/* Why no node can ever take it; false when one can, or there is none yet. */
bool dm_ray_too_large(struct dm_ray *r, const struct dm_ray_host *h, char *text, size_t n);

/* ray_job.c: the request that submits it. False when memory is short. */
bool dm_ray_put_job(const struct dm_ray *r, const struct dm_ray_host *h, struct dm_buf *out);

/* "KEY=VALUE" as a member of a JSON object. */
bool dm_ray_put_variable(struct dm_buf *out, const char *text);

/* Reads the reply with the list of jobs, each of which is handed over. */
int dm_ray_read_jobs(const struct dm_http_reply *reply,
                     void (*on_job)(void *arg, const struct dm_ray_job *job), void *arg,
                     struct dm_error *err);

/* Reads the reply with the list of nodes. */
int dm_ray_read_nodes(struct dm_ray *r, const struct dm_http_reply *reply, struct dm_error *err);

/* Reads the reply with a job's log, and writes it into the file. */
void dm_ray_keep_log(const struct dm_http_reply *reply, const char *path);

#endif
