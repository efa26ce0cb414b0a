/* The engine that starts workers on this machine: child processes of the same binary. */
#ifndef DM_ENGINE_LOCAL_H
#define DM_ENGINE_LOCAL_H

#include "base/error.h"

#include <stdint.h>
#include <uv.h>

/* Starts `dmhost worker` with the pipe (initialised, not open) as its control channel and board_fd
 * as its board. It is worker `i` of `n` on this machine, and gets its share in the accelerators.
 * on_exit is libuv's; process->data is the caller's to set before. */
int dm_local_spawn(uv_loop_t *loop, uv_process_t *process, uv_pipe_t *control, int board_fd,
                   uint32_t i, uint32_t n, uv_exit_cb on_exit, struct dm_error *err);

/* To be called when the process has ended: ends what it has started and left behind. */
void dm_local_end(const uv_process_t *process);

#endif
