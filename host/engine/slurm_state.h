/* The state of the engine slurm, shared by the files that make it up: slurm.c (worker hosts that
 * have a srun each), slurm_array.c (those that are tasks of job arrays), slurm_words.c (what both
 * commands are asked for). */
#ifndef DM_ENGINE_SLURM_STATE_H
#define DM_ENGINE_SLURM_STATE_H

#include "engine/command.h"
#include "engine/slurm.h"

/* What worker hosts get to end by themselves when the run is over, and what Slurm then gets to end
 * a job, before nobody waits for that any more. */
enum { DM_SLURM_GRACE_MS = 3000, DM_SLURM_KILL_MS = 8000 };

struct dm_slurm_size {
    uint64_t cpus, gpus, megabytes;
};

/* A worker host that has been asked for, until it is known with how many others. */
struct dm_slurm_wanted {
    struct dm_slurm_wanted *next;
    uint64_t handle;
    struct dm_engine_spec spec; /* its texts are in `text`, the list is `env` */
    struct dm_buf text;
    const char **env;
    bool killed;
};

struct dm_slurm {
    struct dm_engine head; /* first */
    struct dm_engine_config config;
    char binary[4096];
    bool allocated; /* we run within an allocation: worker hosts are steps of it */
    bool closing;
    struct dm_slurm_host *hosts;
    uv_timer_t timer; /* when Slurm is asked what jobs wait for; after close, the next kill */
    struct dm_slurm_errand *asking; /* squeue or sinfo */
    uint32_t errands;
    struct dm_slurm_size most; /* of any node; 0: not asked yet */
    int open_handles;
    /* slurm_array.c */
    uint32_t array_least; /* so many that are asked for at once are an array */
    struct dm_slurm_wanted *wanted;
    struct dm_slurm_array *arrays;
    uv_timer_t array_timer; /* when those that are wanted are asked for, and arrays looked after */
    bool listing;
    uint64_t closing_ms;
};

/* A short command beside the others. */
struct dm_slurm_errand {
    struct dm_command command; /* first */
    struct dm_slurm *engine;
    void (*on_end)(struct dm_slurm_errand *);
};

enum { DM_SLURM_WORDS = 96 };

struct dm_slurm_words {
    char *list[DM_SLURM_WORDS]; /* once they are complete: ends with NULL */
    struct dm_buf text;         /* the caller's to finish */
    size_t n;
    bool full;
};

/* slurm_words.c: adds a word. */
void dm_slurm_add(struct dm_slurm_words *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds what one worker host needs, and what the pipeline says. */
void dm_slurm_add_request(const struct dm_slurm *s, const struct dm_engine_spec *spec,
                          struct dm_slurm_words *w);

/* Completes the list. */
int dm_slurm_end_words(struct dm_slurm_words *w, struct dm_error *err);

/* What one worker host needs, in Slurm's units. */
struct dm_slurm_size dm_slurm_size(const struct dm_engine_spec *spec);

/* slurm.c: starts a worker host by a srun of its own. */
int dm_slurm_start(struct dm_slurm *s, const struct dm_engine_spec *spec, uint64_t handle,
                   struct dm_error *err);

/* Runs a short command; NULL when memory is short: then it is not done this time. `on_line` and
 * `on_end` may be NULL; the latter is called before its memory is freed. */
struct dm_slurm_errand *dm_slurm_run_errand(struct dm_slurm *s, char *const *argv,
                                            void (*on_line)(struct dm_command *, const char *),
                                            void (*on_end)(struct dm_slurm_errand *));

/* Why no node can ever take it; false when one can, or when Slurm has not been asked yet, which is
 * done then. */
bool dm_slurm_too_large(struct dm_slurm *s, const struct dm_slurm_size *size, char *text, size_t n);

/* Frees the engine when it is closing and nothing of it is left. */
void dm_slurm_free_when_empty(struct dm_slurm *s);

/* slurm_array.c: asks for a worker host with others that are wanted in the same turn of the loop.
 */
int dm_slurm_want(struct dm_slurm *s, const struct dm_engine_spec *spec, uint64_t handle,
                  struct dm_error *err);

/* Ends it, if it is wanted or a task of an array. */
void dm_slurm_kill_task(struct dm_slurm *s, uint64_t handle);

/* Ends all tasks, as the engine's close does. */
void dm_slurm_close_arrays(struct dm_slurm *s);

#endif
