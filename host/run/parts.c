/* Parts: what workers on other nodes write into a folder of the run directory, joined into the
 * output in the order of the plan. */
#include "base/write.h"
#include "io/folder.h"
#include "run/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, JOIN_BYTES = 64 * 1024 * 1024 };

#define FOLDER_NAME "parts-"

static int part_path(const struct dm_coordinator *c, const struct dm_item *item, int stream,
                     char *path, struct dm_error *err)
{
    char name[64];
    dm_part_name(item->split.id, item->split.attempt, stream, name, sizeof name);
    int n = snprintf(path, PATH_BYTES, "%s/%s", c->job->settings.parts, name);
    return n < PATH_BYTES ? DM_OK : dm_fail(err, DM_EUSAGE, "the path of a part is too long");
}

static int join_stream(const struct dm_coordinator *c, struct dm_item *item, int i,
                       struct dm_place at, struct dm_error *err)
{
    char path[PATH_BYTES];
    struct dm_output out;
    int fd = -1;
    int rc = part_path(c, item, i, path, err);
    dm_output_init(&out, &c->commit.streams[i], NULL);
    out.compressed = i == DM_ROWS && item->split.codec != DM_CODEC_PLAIN;
    if (rc == DM_OK)
        rc = dm_output_grant(&out, at, err);
    if (rc == DM_OK && item->part_bytes[i]) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        rc = fd < 0 ? dm_fail_errno(err, DM_EIO, "cannot open %s", path)
                    : dm_output_append(&out, fd, item->part_bytes[i], err);
    }
    if (rc == DM_OK)
        rc = dm_output_end(&out, err);
    item->end[i] = out.at;
    dm_output_finish(&out);
    if (fd >= 0)
        close(fd);
    if (rc == DM_OK && fd >= 0 && unlink(path))
        rc = dm_fail_errno(err, DM_EIO, "cannot remove %s", path);
    return rc;
}

static void in_thread(uv_work_t *work)
{
    struct dm_coordinator *c = work->data;
    struct dm_join *join = &c->join;
    struct dm_place at[DM_STREAMS];
    join->rc = DM_OK;
    for (size_t k = 0; k < join->n && join->rc == DM_OK; k++) {
        struct dm_item *item = join->items[k];
        dm_place_after(c, k ? join->items[k - 1]->end : join->from, item, at);
        for (int i = 0; i < DM_STREAMS && join->rc == DM_OK; i++)
            join->rc = join_stream(c, item, i, at[i], &join->err);
    }
}

static void on_joined(uv_work_t *work, int status)
{
    struct dm_coordinator *c = work->data;
    struct dm_join *join = &c->join;
    (void)status;
    join->busy = false;
    for (size_t k = 0; k < join->n && join->rc == DM_OK; k++)
        dm_schedule_settle(c, join->items[k]);
    if (join->rc)
        dm_run_fail(c, &join->err);
    dm_advance(c);
}

void dm_parts_join(struct dm_coordinator *c, struct dm_item *first)
{
    struct dm_join *join = &c->join;
    uint64_t bytes = 0;
    if (join->busy || c->quitting)
        return;
    memcpy(join->from, first->prev ? first->prev->end : c->frontier.at, sizeof join->from);
    join->n = 0;
    for (struct dm_item *item = first; item && item->state == DM_HELD && item->split.part &&
                                       join->n < DM_JOINED && bytes < JOIN_BYTES;
         item = item->next) {
        item->granted = true;
        join->items[join->n++] = item;
        bytes += item->part_bytes[DM_ROWS];
    }
    join->busy = true;
    join->work.data = c;
    uv_queue_work(&c->loop, &join->work, in_thread, on_joined);
}

int dm_parts_write(const struct dm_coordinator *c, const struct dm_item *item, int stream,
                   uint64_t offset, const char *p, size_t n, struct dm_error *err)
{
    char path[PATH_BYTES];
    int rc = part_path(c, item, stream, path, err);
    int fd = rc ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (rc == DM_OK && fd < 0)
        rc = dm_fail_errno(err, DM_EIO, "cannot make %s", path);
    if (rc == DM_OK && !dm_write_at(fd, offset, p, n))
        rc = dm_fail_errno(err, DM_EIO, "cannot write %s", path);
    if (fd >= 0 && close(fd) && rc == DM_OK)
        rc = dm_fail_errno(err, DM_EIO, "cannot close %s", path);
    return rc;
}

void dm_parts_drop(const struct dm_coordinator *c, const struct dm_item *item)
{
    char path[PATH_BYTES];
    for (int i = 0; i < DM_STREAMS && item->split.part; i++)
        if (part_path(c, item, i, path, NULL) == DM_OK)
            unlink(path); /* there is none if nothing was written */
}

void dm_parts_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    while (dir && (e = readdir(dir)))
        if (strncmp(e->d_name, FOLDER_NAME, strlen(FOLDER_NAME)) == 0)
            dm_folder_remove(dirfd(dir), e->d_name);
    if (dir)
        closedir(dir);
}

int dm_parts_make(const char *folder, char *path, size_t n, struct dm_error *err)
{
    uint64_t name;
    if (getrandom(&name, sizeof name, 0) != sizeof name)
        return dm_fail_errno(err, DM_EIO, "there is no randomness");
    if ((size_t)snprintf(path, n, "%s/" FOLDER_NAME "%016llx", folder, (unsigned long long)name) >=
        n)
        return dm_fail(err, DM_EUSAGE, "the path %s is too long", folder);
    if (mkdir(path, 0777))
        return dm_fail_errno(err, DM_EIO, "cannot make the folder %s", path);
    return DM_OK;
}
