/* What Lua may call of host/task; the part of dm_ffi.h on processes and their journal, under the same rules. */

/* task: processes ------------------------------------------------------------------------------- */

/* A program to run. Texts are copied. Its standard input is /dev/null. */
struct dm_process_options {
    const char *argv;        /* the arguments, each ended by NUL; the first one is looked for as a shell does */
    size_t argv_bytes;
    const char *env;         /* what differs from our environment: NAME=VALUE, or NAME alone for one that goes, each
                              * ended by NUL */
    size_t env_bytes;
    const char *cwd;         /* NULL: ours */
    const char *log;         /* a file that gets both outputs; NULL: none */
    uint64_t log_bytes;      /* a log that grows longer is put aside and begun anew */
    uint32_t log_backups;    /* how many of those put aside are kept: LOG.1, the newest, to LOG.n */
    uint32_t log_append;     /* 1: goes on with a log that is there; else that is put aside */
    uint32_t channel;        /* 1: it hears us on its descriptor 3 and answers on 4 */
    uint64_t keep_bytes;     /* how much of each output dm_process_end has; 0: the last of both together */
    double timeout_ms;       /* 0: none */
    double grace_ms;         /* between SIGTERM and SIGKILL */
};

/* Why a process ended. */
enum {
    DM_PROCESS_EXITED,
    DM_PROCESS_STOPPED,  /* dm_process_stop */
    DM_PROCESS_TIMED_OUT
};

struct dm_process_end {
    uint32_t id;
    int32_t reason;
    int32_t status;          /* of its exit; -1 with a signal */
    int32_t signal;          /* that ended it, or 0 */
    uint32_t cut;            /* 1: there was more output than is kept */
    double seconds;
    struct dm_buf out, err;  /* the outputs; without keep_bytes, `out` is the last of both */
    char trouble[256];       /* why the log lacks something; "" when it does not */
    struct dm_process_end *next;
};

/* Starts a program in a process group of its own. Returns its number, from 1, or a status below zero: DM_EUSAGE when
 * there is no such program, folder or place for a log. It is watched on the event loop, and killed when this process
 * ends. */
int dm_process_start(const struct dm_process_options *options, struct dm_error *err);

/* Sends SIGTERM to its group, again after half of its grace, and SIGKILL at the end of that. Nothing when it has
 * ended. */
void dm_process_stop(uint32_t id);

/* Writes to the channel of a process, which need not read at once. */
int dm_process_tell(uint32_t id, const char *p, size_t n, struct dm_error *err);

/* Appends what it has answered since the last call. Returns whether there was something, or a status below zero. */
int dm_process_hear(uint32_t id, struct dm_buf *answer, struct dm_error *err);

/* The next process that has ended, or NULL. The caller gives it back with dm_process_release. What it started and left
 * behind in its group has been killed. */
struct dm_process_end *dm_process_next(void);
void dm_process_release(struct dm_process_end *end);

/* Kills each process of this user in whose environment a variable has a value that begins so, except this one. Returns
 * how many those were. */
int dm_process_sweep(const char *name, const char *value);

/* task: the journal of a scheduler ---------------------------------------------------------------
 * An SQLite file with a row for each task that is not forgotten. One process has it at a time. What is written is safe
 * from this process's death once it is committed, and from a power cut a moment later. */

struct dm_tasks;

/* Opens the file, and makes it and its folder. DM_EUSAGE when it is something else, or another process has it. */
int dm_tasks_open(struct dm_tasks **tasks, const char *path, struct dm_error *err);
void dm_tasks_close(struct dm_tasks *tasks); /* what is not committed is lost; NULL is allowed */

/* What the processes of whoever has the journal are marked with: hexadecimal digits. */
const char *dm_tasks_token(const struct dm_tasks *tasks);

/* The same of who had it before; "" when nobody had. */
const char *dm_tasks_last_token(const struct dm_tasks *tasks);

/* A task as the journal has it; `seq` tells the order in which tasks came. */
struct dm_tasks_row {
    int64_t seq;
    const char *id, *status, *body;
    size_t id_bytes, status_bytes, body_bytes;
};

/* The next task in that order, before anything is written. Returns 1, 0 at the end, or a status below zero. */
int dm_tasks_next(struct dm_tasks *tasks, struct dm_tasks_row *row, struct dm_error *err);

/* Notes a task, in place of what was known of it and of others of its id. Waits for dm_tasks_commit. When one of these
 * three fails, all since the last commit is undone. */
int dm_tasks_put(struct dm_tasks *tasks, const struct dm_tasks_row *row, struct dm_error *err);

/* Forgets a task. Waits for dm_tasks_commit. */
int dm_tasks_remove(struct dm_tasks *tasks, int64_t seq, struct dm_error *err);

/* Makes what was put and removed durable. */
int dm_tasks_commit(struct dm_tasks *tasks, struct dm_error *err);
