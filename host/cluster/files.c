#include "cluster/files.h"

#include "base/write.h"
#include "lua/ffi.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

const char *dm_files_line(const char *list, uint32_t i, size_t *n, uint64_t *hash)
{
    for (; *list && i; i--) {
        list += strcspn(list, "\n");
        list += *list == '\n';
    }
    size_t length = strcspn(list, "\n");
    if (length <= DM_HASH_DIGITS + 1)
        return NULL;
    *hash = strtoull(list, NULL, 16);
    *n = length - DM_HASH_DIGITS - 1;
    return list + DM_HASH_DIGITS + 1;
}

static void hash_path(const struct dm_files *f, uint64_t hash, char *path, size_t n)
{
    snprintf(path, n, "%s/%016llx", f->folder.path, (unsigned long long)hash);
}

/* Reading large files takes long. */
static void in_thread(uv_work_t *work)
{
    struct dm_files *f = work->data;
    char path[PATH_BYTES];
    uint64_t hash;
    size_t n;
    for (uint32_t i = 0; i < f->n; i++) {
        const char *p = dm_files_line(f->list, i, &n, &hash);
        snprintf(path, sizeof path, "%.*s", (int)n, p);
        f->here[i] = access(path, R_OK) == 0 && dm_file_hash(path) == hash;
    }
}

/* Asks for the next one that is not here. */
static int go_on(struct dm_files *f, struct dm_error *err)
{
    char path[PATH_BYTES];
    uint64_t hash;
    size_t n;
    while (f->at < f->n && f->here[f->at])
        f->at++;
    if (f->at == f->n) {
        f->on_ready(f->arg, NULL);
        return DM_OK;
    }
    int rc = f->folder.path[0] ? DM_OK : dm_private_open(&f->folder, err);
    if (rc)
        return rc;
    dm_files_line(f->list, f->at, &n, &hash);
    hash_path(f, hash, path, sizeof path);
    f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (f->fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot make %s", path);
    f->offset = 0;
    XXH3_64bits_reset(f->state);
    dm_link_say_number(f->link, DM_WISH, f->at);
    return DM_OK;
}

static void on_looked(uv_work_t *work, int status)
{
    struct dm_files *f = work->data;
    struct dm_error err;
    (void)status;
    if (f->link && go_on(f, &err))
        f->on_ready(f->arg, err.text);
}

void dm_files_start(struct dm_files *f)
{
    size_t n;
    uint64_t hash;
    f->fd = -1;
    f->work.data = f;
    while (dm_files_line(f->list, f->n, &n, &hash))
        f->n++;
    if (!f->n) {
        f->on_ready(f->arg, NULL);
        return;
    }
    f->here = calloc(f->n, sizeof *f->here);
    f->state = XXH3_createState();
    if (f->here && f->state)
        uv_queue_work(f->loop, &f->work, in_thread, on_looked);
    else
        f->on_ready(f->arg, "memory ran short");
}

static int put(struct dm_files *f, const char *p, size_t n, struct dm_error *err)
{
    XXH3_64bits_update(f->state, p, n);
    f->offset += n;
    if (!dm_write(f->fd, p, n))
        return dm_fail_errno(err, DM_EIO, "cannot write a file of the run in %s", f->folder.path);
    return DM_OK;
}

static int end_file(struct dm_files *f, struct dm_error *err)
{
    size_t n;
    uint64_t hash;
    const char *path = dm_files_line(f->list, f->at, &n, &hash);
    int rc = close(f->fd);
    f->fd = -1;
    if (rc)
        return dm_fail_errno(err, DM_EIO, "cannot write a file of the run in %s", f->folder.path);
    if (XXH3_64bits_digest(f->state) != hash)
        return dm_fail(err, DM_EIO, "%.*s came with other bytes than it had when the run began",
                       (int)n, path);
    f->at++;
    return go_on(f, err);
}

int dm_files_take(struct dm_files *f, enum dm_message type, struct dm_wire *w, struct dm_error *err)
{
    size_t n = 0;
    uint32_t i = dm_get_u32(w);
    uint64_t offset = type == DM_GIFT ? dm_get_u64(w) : f->offset;
    const char *p = type == DM_GIFT ? dm_get_bytes(w, &n) : "";
    if (w->bad || !f->state || f->fd < 0 || i != f->at || offset != f->offset)
        return dm_fail(err, DM_EINPUT, "malformed file from the coordinator");
    return type == DM_GIFT ? put(f, p, n, err) : end_file(f, err);
}

void dm_files_place(const struct dm_files *f, const char *path, char *place, size_t n)
{
    size_t length;
    uint64_t hash;
    const char *p;
    snprintf(place, n, "%s", path);
    for (uint32_t i = 0; (p = dm_files_line(f->list, i, &length, &hash)); i++)
        if (length == strlen(path) && memcmp(p, path, length) == 0 && !f->here[i])
            hash_path(f, hash, place, n);
}

void dm_files_close(struct dm_files *f)
{
    if (f->fd >= 0 && f->state)
        close(f->fd);
    XXH3_freeState(f->state);
    free(f->here);
    dm_private_close(&f->folder);
    *f = (struct dm_files){.fd = -1};
}
