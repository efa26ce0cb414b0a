/* What worker hosts are started with, and told first. */
#include "cluster/hosts_state.h"
#include "cluster/orders.h"
#include "io/input.h"
#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A worker host ends this much later than we take it for lost: its splits have gone to others by
 * then, and nothing of it is waited for. */
enum { LEASE_SHARE = 2 };

static int make_folders(struct dm_hosts *all, struct dm_error *err)
{
    const char *folder = all->job->settings.folder;
    if ((size_t)snprintf(all->logs, sizeof all->logs, "%s/hosts", folder) >= sizeof all->logs)
        return dm_fail(err, DM_EUSAGE, "the path %s is too long", folder);
    if (!all->job->resume)
        dm_folder_remove(AT_FDCWD, all->logs);
    if (mkdir(all->logs, 0777) && errno != EEXIST)
        return dm_fail_errno(err, DM_EIO, "cannot make the folder %s", all->logs);
    int rc = dm_parts_make(folder, all->parts, sizeof all->parts, err);
    if (rc == DM_OK)
        all->job->settings.parts = all->parts;
    return rc;
}

static int make_hosts(struct dm_hosts *all, struct dm_error *err)
{
    struct dm_job *job = all->job;
    struct dm_key random;
    all->n = (uint32_t)((job->workers + job->slots - 1) / job->slots);
    all->far = calloc(all->n, sizeof *all->far);
    for (uint32_t i = 0; all->far && i < all->n; i++) {
        all->far[i] = (struct dm_far){.hosts = all, .index = i};
        all->far[i].workers = calloc(job->slots, sizeof(struct dm_peer *));
        all->far[i].serving = calloc(job->slots, sizeof(struct dm_serving *));
        if (!all->far[i].workers || !all->far[i].serving)
            return dm_fail_memory(err);
    }
    int rc = all->far ? dm_key_random(&random, err) : dm_fail_memory(err);
    memcpy(&all->run, random.bytes, sizeof all->run);
    return rc;
}

struct dm_hosts *dm_hosts_create(struct dm_coordinator *c, struct dm_error *err)
{
    struct dm_hosts *all = calloc(1, sizeof *all);
    if (!all) {
        dm_fail_memory(err);
        return NULL;
    }
    all->c = c;
    all->job = c->job;
    if (make_hosts(all, err) == DM_OK && make_folders(all, err) == DM_OK)
        return all;
    c->hosts = all;
    dm_hosts_free(c);
    return NULL;
}

void dm_hosts_free(struct dm_coordinator *c)
{
    struct dm_hosts *all = c->hosts;
    if (!all)
        return;
    for (uint32_t i = 0; all->far && i < all->n; i++) {
        free(all->far[i].workers);
        free(all->far[i].serving);
    }
    if (all->parts[0])
        dm_parts_remove(all->job->settings.folder);
    all->job->settings.parts = NULL;
    free(all->far);
    dm_buf_finish(&all->about);
    free(all);
    c->hosts = NULL;
}

void dm_host_environment(const struct dm_hosts *all, const char *name,
                         struct dm_host_environment *env)
{
    char hex[2 * DM_KEY_BYTES + 1];
    struct dm_key token = dm_token(&all->door.secret, name);
    dm_key_hex(&token, hex);
    snprintf(env->connect, sizeof env->connect, "DM_CONNECT=%s", all->door.addresses);
    snprintf(env->name, sizeof env->name, "DM_NAME=%s", name);
    snprintf(env->token, sizeof env->token, "DM_TOKEN=%s", hex);
    snprintf(env->slots, sizeof env->slots, "DM_SLOTS=%llu", (unsigned long long)all->job->slots);
    snprintf(env->log, sizeof env->log, "%s/%s.log", all->logs, name);
    const char *list[] = {env->connect, env->name, env->token, env->slots, NULL};
    memcpy(env->list, list, sizeof list);
}

bool dm_host_orders(const struct dm_hosts *all, struct dm_buf *out)
{
    char folder[4096];
    struct stat st;
    struct dm_inputs *in = dm_job_inputs(all->job);
    struct dm_orders orders = {.folder = getcwd(folder, sizeof folder) ? folder : "",
                               .probe = "",
                               .row_ms = all->job->row_ms,
                               .lease_ms = all->job->silence_ms * LEASE_SHARE,
                               .settings = all->job->settings};
    if (in->n && stat(dm_inputs_path(in, 0), &st) == 0) {
        orders.probe = dm_inputs_path(in, 0);
        orders.probe_size = (uint64_t)st.st_size;
        orders.probe_mtime = dm_mtime_ns(&st);
    }
    return dm_orders_put(out, &orders);
}
