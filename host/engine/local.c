#include "engine/local.h"

#include "engine/self.h"

#include <signal.h>

int dm_local_spawn(uv_loop_t *loop, uv_process_t *process, uv_pipe_t *control, int board_fd,
                   uv_exit_cb on_exit, struct dm_error *err)
{
    static char name[] = "dmhost", command[] = "worker";
    char *args[] = {name, command, NULL};
    uv_stdio_container_t stdio[5] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)control},
        {.flags = UV_INHERIT_FD, .data.fd = board_fd},
    };
    uv_process_options_t options = {
        .file = DM_SELF, .args = args, .stdio = stdio, .stdio_count = 5, .exit_cb = on_exit};
    int rc = uv_spawn(loop, process, &options);
    return rc ? dm_fail(err, DM_EIO, "cannot start a worker: %s", uv_strerror(rc)) : DM_OK;
}

void dm_local_end(const uv_process_t *process)
{
    if (process->pid > 0)
        kill(-process->pid, SIGKILL);
}
