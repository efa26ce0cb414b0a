#include "run/names.h"

#include "base/write.h"
#include "io/export.h"
#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* Of numbered files some have no rows, and are not there. */
static int sync_file(const char *path, bool numbered, struct dm_error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && numbered)
        return DM_OK;
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    int rc = fdatasync(fd) ? dm_fail_errno(err, DM_EIO, "cannot sync %s", path) : DM_OK;
    if (close(fd) && rc == DM_OK)
        rc = dm_fail_errno(err, DM_EIO, "cannot close %s", path);
    return rc;
}

static int sync_streams(struct dm_commit *c, struct dm_error *err)
{
    char path[PATH_BYTES];
    int rc = c->job->export ? dm_export_sync(c->job->export, err) : DM_OK;
    for (uint64_t shard = c->from.shard; shard <= c->to.shard && rc == DM_OK; shard++)
        if (dm_stream_path(&c->streams[DM_ROWS], shard, path, sizeof path))
            rc = sync_file(path, c->streams[DM_ROWS].numbered, err);
    for (int i = DM_REJECTS; i < DM_STREAMS && rc == DM_OK; i++)
        if (dm_stream_path(&c->streams[i], 0, path, sizeof path))
            rc = sync_file(path, false, err);
    return rc;
}

enum dm_codec dm_commit_codec(const struct dm_commit *c, uint64_t shard)
{
    char path[PATH_BYTES];
    bool named = c->job->kind != DM_TO_STDOUT && dm_names_final(c, shard, path, sizeof path);
    return named ? dm_codec_by_name(path) : DM_CODEC_PLAIN;
}

/* An output without rows is a file all the same, and one that its codec's tools can read. */
static int fill_empty(const char *path, enum dm_codec codec, struct dm_error *err)
{
    size_t n;
    const char *empty = dm_codec_empty(codec, &n);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot make %s", path);
    bool whole = dm_write(fd, empty, n);
    return close(fd) == 0 && whole ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot write %s", path);
}

/* Whether a file that has a final name of ours came there since the run began. What was there
 * before is to be replaced: else the run would not have begun. */
static bool is_foreign(const struct dm_commit *c, const struct stat *named)
{
    char path[PATH_BYTES];
    struct stat begun;
    snprintf(path, sizeof path, "%s/inputs", c->job->settings.folder);
    if (c->job->force || stat(path, &begun))
        return false;
    const struct timespec *a = &named->st_ctim, *b = &begun.st_mtim;
    return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec >= b->tv_nsec);
}

/* Gives a file its final name; `again`: it may have it already. */
static int name_shard(struct dm_commit *c, uint64_t shard, bool again, struct dm_error *err)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    struct stat st, named;
    if (!dm_stream_path(&c->streams[DM_ROWS], shard, from, sizeof from) ||
        !dm_names_final(c, shard, to, sizeof to))
        return dm_fail(err, DM_EUSAGE, "the path of the output is too long");
    bool missing = stat(from, &st) != 0, taken = stat(to, &named) == 0;
    if (again && missing && taken)
        return DM_OK;
    if (taken && is_foreign(c, &named))
        return dm_fail(err, DM_EIO,
                       "%s exists, and did not when the run began\n"
                       "move it away and go on with --resume, or replace it with --resume --force",
                       to);
    int rc = missing || st.st_size == 0 ? fill_empty(from, dm_codec_by_name(to), err) : DM_OK;
    if (rc == DM_OK && c->job->kind == DM_TO_EACH)
        rc = dm_folder_make_parents(to, err);
    if (rc)
        return rc;
    if (rename(from, to))
        return dm_fail_errno(err, DM_EIO, "cannot rename %s to %s", from, to);
    return dm_folder_sync_parent(to, err);
}

static int name_shards(struct dm_commit *c, uint64_t from, uint64_t to, bool again,
                       struct dm_error *err)
{
    int rc = DM_OK;
    for (uint64_t shard = from; shard < to && rc == DM_OK; shard++)
        rc = name_shard(c, shard, again, err);
    return rc;
}

/* Hands a task's files and rows out, up to a place in its streams. */
static int deliver(const struct dm_commit *c, uint64_t rows_to, uint64_t ledger_to,
                   struct dm_error *err)
{
    struct dm_delivery d = {.rows_to = rows_to, .ledger_to = ledger_to};
    if (!c->job->export)
        return DM_OK;
    int rc = c->deliver(c->deliver_arg, &d);
    if (rc < 0)
        *err = d.err;
    return rc;
}

void dm_commit_do(struct dm_commit *c)
{
    if (c->job->kind == DM_TO_STDOUT) { /* what has been read can not be resumed */
        c->rc = DM_OK;
        return;
    }
    c->rc = sync_streams(c, &c->err);
    if (c->rc == DM_OK && c->replies)
        c->rc = dm_replies_flush(c->replies, &c->err);
    if (c->rc == DM_OK)
        c->rc = dm_journal_append(c->journal, &c->record, &c->err);
    if (c->rc == DM_OK && c->streams[DM_ROWS].numbered)
        c->rc = name_shards(c, c->from.shard, c->to.shard, false, &c->err);
    if (c->rc == DM_OK)
        c->rc = deliver(c, c->to.offset, c->ledger_to, &c->err);
}

/* Cuts what a lost attempt may have left behind the end. A file that is shorter is not ours any
 * more: going on would leave a hole in it. */
static int cut_file(const struct dm_stream *s, struct dm_place at, struct dm_error *err)
{
    char path[PATH_BYTES];
    struct stat st;
    if (!dm_stream_path(s, at.shard, path, sizeof path))
        return dm_fail(err, DM_EUSAGE, "the path of the output is too long");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot make %s", path);
    int rc = DM_OK;
    if (fstat(fd, &st) || (uint64_t)st.st_size < at.offset)
        rc = dm_fail(err, DM_EUSAGE,
                     "%s is shorter than the run had written\nstart again with --force", path);
    else if (ftruncate(fd, (off_t)at.offset))
        rc = dm_fail_errno(err, DM_EIO, "cannot cut %s", path);
    close(fd);
    return rc;
}

/* Removes numbered files behind the last. There may be gaps: an input without rows has no file. */
static int remove_behind(const char *folder, const char *ending, uint64_t from,
                         struct dm_error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    int rc = DM_OK;
    if (!dir)
        return dm_fail_errno(err, DM_EIO, "cannot read %s", folder);
    while (rc == DM_OK && (e = readdir(dir)))
        if (dm_names_is_shard(e->d_name, ending, from) && unlinkat(dirfd(dir), e->d_name, 0))
            rc = dm_fail_errno(err, DM_EIO, "cannot remove %s/%s", folder, e->d_name);
    closedir(dir);
    return rc;
}

/* The bytes of a file that the run wrote so far: one without rows is filled when it is named. */
static uint64_t named_size(const char *path, uint64_t written)
{
    size_t empty;
    dm_codec_empty(dm_codec_by_name(path), &empty);
    return written ? written : empty;
}

/* Whether a run ended between the naming of its last file and its receipt. */
static bool is_named(const struct dm_commit *c, struct dm_place at)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    struct stat st;
    return dm_stream_path(&c->streams[DM_ROWS], at.shard, from, sizeof from) && stat(from, &st) &&
           dm_names_final(c, at.shard, to, sizeof to) && stat(to, &st) == 0 &&
           (uint64_t)st.st_size == named_size(to, at.offset) && c->resumed;
}

static int cut_streams(struct dm_commit *c, const struct dm_place at[DM_STREAMS],
                       struct dm_error *err)
{
    const struct dm_stream *rows = &c->streams[DM_ROWS];
    /* a shard that is complete has no successor yet */
    bool none = rows->numbered && at[DM_ROWS].offset == 0;
    int rc = none || is_named(c, at[DM_ROWS]) ? DM_OK : cut_file(rows, at[DM_ROWS], err);
    if (rc == DM_OK && rows->numbered)
        rc = remove_behind(rows->folder, rows->name, at[DM_ROWS].shard + !none, err);
    for (int i = DM_REJECTS; i < DM_STREAMS && rc == DM_OK; i++)
        rc = cut_file(&c->streams[i], at[i], err);
    return rc;
}

/* Shards that are complete hold rows: one that is under neither of its names was removed. */
static int check_shards(const struct dm_commit *c, uint64_t n, struct dm_error *err)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    for (uint64_t shard = 0; c->job->kind == DM_TO_FOLDER && shard < n; shard++)
        if (dm_stream_path(&c->streams[DM_ROWS], shard, from, sizeof from) &&
            dm_names_final(c, shard, to, sizeof to) && access(to, F_OK) && access(from, F_OK))
            return dm_fail(err, DM_EUSAGE,
                           "%s was complete, and is not there any more\n"
                           "put it back, or start again with --force",
                           to);
    return DM_OK;
}

int dm_commit_restore(struct dm_commit *c, const struct dm_place at[DM_STREAMS],
                      struct dm_error *err)
{
    int rc = check_shards(c, at[DM_ROWS].shard, err);
    if (rc == DM_OK)
        rc = cut_streams(c, at, err);
    if (rc == DM_OK)
        rc = deliver(c, at[DM_ROWS].offset, at[DM_LEDGER].offset, err);
    if (rc || !c->streams[DM_ROWS].numbered)
        return rc;
    return name_shards(c, 0, at[DM_ROWS].shard, true, err);
}

int dm_commit_finish(struct dm_commit *c, const struct dm_place end[DM_STREAMS],
                     struct dm_error *err)
{
    int rc = cut_streams(c, end, err);
    if (rc || c->job->kind == DM_TO_STDOUT)
        return rc;
    bool open_shard = c->job->kind == DM_TO_FILE || end[DM_ROWS].offset > 0 ||
                      (c->job->kind == DM_TO_FOLDER && end[DM_ROWS].shard == 0);
    if (open_shard)
        rc = name_shard(c, end[DM_ROWS].shard, c->resumed, err);
    if (rc == DM_OK && c->job->kind == DM_TO_FOLDER) /* what a larger run has left there */
        rc = remove_behind(c->job->output, c->streams[DM_ROWS].name,
                           end[DM_ROWS].shard + open_shard, err);
    return rc;
}
