/* A program that an engine runs on this machine, whose lines it reads as they come: srun, squeue.
 */
#ifndef DM_ENGINE_COMMAND_H
#define DM_ENGINE_COMMAND_H

#include "base/buf.h"

#include <uv.h>

/* Part of its owner's memory, which must live until on_end. */
struct dm_command {
    uv_process_t process;
    uv_pipe_t pipe;
    uv_timer_t timer;
    struct dm_buf line; /* the beginning of one */
    int handles;
    bool exited, read; /* the process has ended; what it wrote is read */
    int status, signal;
    char why[160]; /* it could not be started; else "" */
    /* A line that it wrote, on standard output or error, without its newline. Of a long one the
     * beginning. */
    void (*on_line)(struct dm_command *c, const char *line);
    /* It has ended, or could not be started. Said once. */
    void (*on_end)(struct dm_command *c);
    char block[1024];
};

/* Starts argv[0], looked for in PATH, with the environment (NULL: ours) and without input, in a
 * session of its own, which keys on our terminal do not reach. on_line and on_end must be set; what
 * is wrong is told by on_end, later. It is killed after limit_ms; 0: never. */
void dm_command_start(struct dm_command *c, uv_loop_t *loop, char *const *argv, char *const *env,
                      uint64_t limit_ms);

/* Sends it a signal, if it still runs. */
void dm_command_kill(struct dm_command *c, int signal);

/* Our environment with these, "KEY=VALUE" each, in the place of our own. The list is
 * the caller's to free; the texts are borrowed. NULL when memory is short. */
char **dm_command_environment(const char *const *more);

#endif
