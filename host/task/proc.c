#include "task/proc.h"

#include "base/buf.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads /proc/PID/NAME, and ends it with NUL. */
static bool read_file(int proc, const char *pid, const char *name, struct dm_buf *b)
{
    char path[300];
    ssize_t n = 0;
    dm_buf_clear(b);
    if (snprintf(path, sizeof path, "%s/%s", pid, name) >= (int)sizeof path)
        return false;
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (dm_buf_reserve(b, 4096) && (n = read(fd, b->p + b->n, 4096)) > 0)
        b->n += (size_t)n;
    close(fd);
    return n == 0 && dm_buf_add(b, "", 1);
}

static bool has_value(const struct dm_buf *b, const char *start, size_t n)
{
    for (const char *p = b->p; p < b->p + b->n; p += strlen(p) + 1)
        if (strncmp(p, start, n) == 0)
            return true;
    return false;
}

/* Calls `look` with each process's id and its file until that says true. Whether it did. */
static bool find(const char *name, bool (*look)(pid_t pid, const struct dm_buf *file, void *arg),
                 void *arg)
{
    struct dm_buf file = {0};
    DIR *proc = opendir("/proc");
    bool found = false;
    for (struct dirent *e; proc && !found && (e = readdir(proc));) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        if (pid > 1 && pid != getpid() && read_file(dirfd(proc), e->d_name, name, &file))
            found = look(pid, &file, arg);
    }
    if (proc)
        closedir(proc);
    dm_buf_finish(&file);
    return found;
}

/* PID (NAME) STATE PARENT GROUP ..., where NAME may hold anything. */
static bool is_alive_in_group(pid_t pid, const struct dm_buf *stat, void *arg)
{
    const char *end = strrchr(stat->p, ')');
    char state;
    int parent, group;
    (void)pid;
    return end && sscanf(end + 1, " %c %d %d", &state, &parent, &group) == 3 &&
           group == *(pid_t *)arg && state != 'Z' && state != 'X';
}

bool dm_proc_has_group(pid_t group)
{
    return kill(-group, 0) == 0 && find("stat", is_alive_in_group, &group);
}

struct marked {
    struct dm_buf start; /* NAME=VALUE */
    int killed;
};

static bool kill_marked(pid_t pid, const struct dm_buf *environment, void *arg)
{
    struct marked *m = arg;
    if (has_value(environment, m->start.p, m->start.n))
        m->killed += kill(pid, SIGKILL) == 0;
    return false;
}

int dm_process_sweep(const char *name, const char *value)
{
    struct marked m = {0};
    if (dm_buf_printf(&m.start, "%s=%s", name, value))
        find("environ", kill_marked, &m);
    dm_buf_finish(&m.start);
    return m.killed;
}
