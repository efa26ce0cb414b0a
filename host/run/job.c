#include "run/job.h"

#include "base/buf.h"
#include "base/error.h"
#include "io/sqlite.h"
#include "io/versions.h"
#include "json/kernel.h"
#include "run/counts.h"
#include "run/identity.h"
#include "text/versions.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

struct made_job {
    struct dm_job job; /* first: Lua's pointer is ours */
    struct dm_inputs inputs;
};

static struct made_job *made;

struct dm_job *dm_job_get(void)
{
    if (!made)
        made = calloc(1, sizeof *made);
    return made ? &made->job : NULL;
}

struct dm_job *dm_job_made(void)
{
    return made ? &made->job : NULL;
}

void dm_job_free(void)
{
    if (made)
        dm_inputs_finish(&made->inputs);
    free(made);
    made = NULL;
}

void dm_outcome_finish(struct dm_outcome *outcome)
{
    dm_counts_finish(&outcome->counts);
    free(outcome->asked);
    if (outcome->lock >= 0)
        close(outcome->lock);
}

struct dm_inputs *dm_job_inputs(struct dm_job *job)
{
    return &((struct made_job *)(void *)job)->inputs;
}

int dm_job_add_input(struct dm_job *job, const char *pattern, struct dm_error *err)
{
    struct dm_inputs *in = dm_job_inputs(job);
    in->documents = job->settings.documents != DM_FILE_OF_ROWS;
    in->numbered = job->kind == DM_TO_FOLDER;
    in->outputs[0] = job->output;
    in->outputs[1] = job->settings.folder;
    in->suffixes = job->suffixes;
    return dm_inputs_add(in, pattern, err);
}

int64_t dm_job_sort_inputs(struct dm_job *job, struct dm_error *err)
{
    int rc = dm_inputs_sort(dm_job_inputs(job), err);
    return rc ? rc : (int64_t)dm_job_inputs(job)->n;
}

const char *dm_job_input(struct dm_job *job, uint64_t i)
{
    return dm_inputs_path(dm_job_inputs(job), i);
}

int dm_job_check_inputs(struct dm_job *job, const char *folder, struct dm_error *err)
{
    return dm_identity_check(folder, dm_job_inputs(job), err);
}

int dm_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    return CPU_COUNT(&set);
}

int dm_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int dm_folder_names(const char *path, struct dm_buf *out, struct dm_error *err)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    bool ok = true;
    if (!dir)
        return dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    while (ok && (e = readdir(dir)))
        ok = dm_buf_printf(out, "%s\n", e->d_name);
    closedir(dir);
    return ok ? DM_OK : dm_fail_memory(err);
}

/* A folder is taken by anything but names that begin with a dot. */
static int folder_taken(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int taken = 0;
    while (dir && !taken && (e = readdir(dir)))
        taken = e->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return taken;
}

static bool begins_with(const char *s, const char *head)
{
    return strncmp(s, head, strlen(head)) == 0;
}

/* A device, a pipe, a socket, or a name of an open file, whatever that is: /dev/stdout. */
static bool is_special(const char *path, mode_t mode)
{
    char target[sizeof "/proc/"] = "";
    bool linked = readlink(path, target, sizeof target - 1) > 0;
    return !S_ISREG(mode) || begins_with(path, "/dev/fd/") || begins_with(path, "/proc/") ||
           (linked && begins_with(target, "/proc/"));
}

static int file_taken(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return DM_OUTPUT_FREE;
    return is_special(path, st.st_mode) ? DM_OUTPUT_SPECIAL : DM_OUTPUT_TAKEN;
}

int dm_output_taken(const char *path, uint64_t kind)
{
    char folder[4096];
    const char *hole = strstr(path, "{file}");
    if (kind == DM_TO_FOLDER)
        return folder_taken(path);
    if (kind == DM_TO_FILE)
        return file_taken(path);
    while (hole > path && hole[-1] != '/')
        hole--;
    snprintf(folder, sizeof folder, "%.*s", (int)(hole - path), path);
    return folder_taken(folder[0] ? folder : ".");
}

int dm_versions(struct dm_buf *out)
{
    const struct dm_json_kernel *json = dm_json_kernel();
    struct dm_error err;
    bool ok = dm_buf_printf(out, "libuv %s\nSQLite %s\n", uv_version_string(),
                            dm_sqlite_load(&err) ? err.text : dm_sqlite.libversion()) &&
              dm_io_versions(out) && dm_text_versions(out) &&
              dm_buf_printf(out, "JSON %s\n",
                            json == &dm_json_portable ? "portable; the processor has no AVX2"
                            : json == &dm_json_avx2   ? "AVX2"
                                                      : "AVX-512");
    return ok ? DM_OK : DM_EMEMORY;
}
