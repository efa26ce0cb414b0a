#include "engine/local.h"

#include "engine/command.h"
#include "engine/devices.h"
#include "engine/self.h"

#include <signal.h>
#include <stdlib.h>

enum { MOST_VARIABLES = 8 };

/* The environment of a worker, which the caller frees; it points into `text`. NULL: ours. */
static int make_environment(uint32_t i, uint32_t n, struct dm_buf *text, char ***env,
                            struct dm_error *err)
{
    const char *more[MOST_VARIABLES + 1] = {NULL};
    size_t k = 0;
    *env = NULL;
    if (!dm_devices_share(i, n, text))
        return dm_fail_memory(err);
    for (const char *p = text->p; k < MOST_VARIABLES && p < text->p + text->n; p += strlen(p) + 1)
        more[k++] = p;
    if (k)
        *env = dm_command_environment(more);
    return k && !*env ? dm_fail_memory(err) : DM_OK;
}

int dm_local_spawn(uv_loop_t *loop, uv_process_t *process, uv_pipe_t *control, int board_fd,
                   uint32_t i, uint32_t n, uv_exit_cb on_exit, struct dm_error *err)
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
    struct dm_buf text = {0};
    char **env;
    int failed = make_environment(i, n, &text, &env, err);
    uv_process_options_t options = {.file = DM_SELF,
                                    .args = args,
                                    .env = env,
                                    .stdio = stdio,
                                    .stdio_count = 5,
                                    .exit_cb = on_exit};
    int rc = failed ? 0 : uv_spawn(loop, process, &options);
    free(env);
    dm_buf_finish(&text);
    if (failed)
        return failed;
    return rc ? dm_fail(err, DM_EIO, "cannot start a worker: %s", uv_strerror(rc)) : DM_OK;
}

void dm_local_end(const uv_process_t *process)
{
    if (process->pid > 0)
        kill(-process->pid, SIGKILL);
}
