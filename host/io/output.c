#include "io/output.h"

#include "base/home.h"
#include "base/seed.h"
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WRITE_BYTES = 256 * 1024,
    LARGE_BYTES = 64 * 1024,
    HELD_BYTES = 16 * 1024 * 1024,
    PATH_BYTES = 4096
};

bool dm_stream_path(const struct dm_stream *s, uint64_t shard, char *buf, size_t n)
{
    int k = s->numbered
                ? snprintf(buf, n, "%s/%05llu%s", s->folder, (unsigned long long)shard, s->name)
                : snprintf(buf, n, "%s/%s", s->folder, s->name);
    return k > 0 && (size_t)k < n;
}

void dm_output_init(struct dm_output *o, const struct dm_stream *s, struct dm_compressor *c)
{
    *o = (struct dm_output){
        .stream = s, .compressor = c, .compressed = c != NULL, .spill = -1, .fd = -1};
}

/* Nothing may be written to a file that is closed: its number can be another's by then. */
static int wait_for_writes(struct dm_output *o, struct dm_error *err)
{
    return o->stream && o->stream->behind ? dm_behind_wait(o->stream->behind, err) : DM_OK;
}

void dm_output_finish(struct dm_output *o)
{
    if (o->fd >= 0) {
        wait_for_writes(o, NULL);
        close(o->fd);
    }
    if (o->spill >= 0)
        close(o->spill);
    dm_buf_finish(&o->held);
    o->fd = o->spill = -1;
}

/* Nothing belongs behind the end of what was written: an attempt that was lost may have got
 * further. */
static int close_shard(struct dm_output *o, struct dm_error *err)
{
    if (o->fd < 0)
        return DM_OK;
    int rc = wait_for_writes(o, err);
    if (rc == DM_OK && o->fd_shard == o->at.shard && ftruncate(o->fd, (off_t)o->at.offset))
        rc = dm_fail_errno(err, DM_EIO, "cannot cut output");
    if (rc == DM_OK && o->stream->synced && fdatasync(o->fd))
        rc = dm_fail_errno(err, DM_EIO, "cannot sync output");
    if (close(o->fd) && rc == DM_OK)
        rc = dm_fail_errno(err, DM_EIO, "cannot close output");
    o->fd = -1;
    return rc;
}

/* As open() answers, but with none of the numbers that what is printed goes to: an operator may
 * have closed those. */
static int unless_standard(int fd)
{
    if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
        return fd;
    close(fd);
    errno = EBADF;
    return -1;
}

static int open_shard(struct dm_output *o, struct dm_error *err)
{
    char path[PATH_BYTES];
    if (o->fd >= 0 && o->fd_shard == o->at.shard)
        return DM_OK;
    int rc = close_shard(o, err);
    if (rc)
        return rc;
    if (!dm_stream_path(o->stream, o->at.shard, path, sizeof path))
        return dm_fail(err, DM_EUSAGE, "the path of the output is too long");
    /* what all workers write to is made as the run begins: one that is gone has taken rows along */
    int flags = o->stream->numbered || o->stream->synced ? O_CREAT : 0;
    o->fd = unless_standard(openat(dm_home(), path, O_WRONLY | O_CLOEXEC | flags, 0666));
    if (o->fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    o->fd_shard = o->at.shard;
    return DM_OK;
}

/* How many of n bytes still belong to the present shard; the rest begins with a new row. */
static size_t until_cut(const struct dm_output *o, const char *p, size_t n)
{
    uint64_t size = o->stream->shard_bytes;
    if (!size || o->compressed || o->at.offset + n < size)
        return n;
    size_t from = o->at.offset + 1 < size ? (size_t)(size - o->at.offset - 1) : 0;
    const char *end = memchr(p + from, '\n', n - from);
    return end ? (size_t)(end - p) + 1 : n;
}

/* The shard is full: what an attempt that was lost may have left behind its end goes. */
static int end_shard(struct dm_output *o, struct dm_error *err)
{
    if (ftruncate(o->fd, (off_t)o->at.offset))
        return dm_fail_errno(err, DM_EIO, "cannot cut output");
    o->at = (struct dm_place){.shard = o->at.shard + 1};
    return DM_OK;
}

static int write_at(int fd, uint64_t offset, const char *p, size_t n, struct dm_error *err)
{
    return dm_write_at(fd, offset, p, n) ? DM_OK
                                         : dm_fail_errno(err, DM_EIO, "cannot write output");
}

/* Writes a piece of the present shard, from the memory of `buf` if that is given away. */
static int write_piece(struct dm_output *o, const char *p, size_t n, struct dm_buf *buf,
                       struct dm_error *err)
{
    struct dm_behind *behind = o->stream->behind;
    if (behind && buf && n >= LARGE_BYTES)
        return dm_behind_write(behind, o->fd, o->at.offset, buf, (size_t)(p - buf->p), n, err);
    return write_at(o->fd, o->at.offset, p, n, err);
}

/* Writes bytes at their place; with the last of them `buf`, if they lie in one, may be given away.
 */
static int write_placed(struct dm_output *o, const char *p, size_t n, struct dm_buf *buf,
                        struct dm_error *err)
{
    while (n) {
        size_t k = until_cut(o, p, n);
        int rc = open_shard(o, err);
        bool at_row_end = p[k - 1] == '\n'; /* the bytes may be gone once they are given */
        rc = rc ? rc : write_piece(o, p, k, k == n ? buf : NULL, err);
        if (rc)
            return rc;
        o->at.offset += k;
        if (o->stream->shard_bytes && !o->compressed && at_row_end &&
            o->at.offset >= o->stream->shard_bytes)
            rc = end_shard(o, err);
        if (rc)
            return rc;
        p += k;
        n -= k;
    }
    return DM_OK;
}

static int flush(struct dm_output *o, struct dm_error *err)
{
    int rc = write_placed(o, o->held.p, o->held.n, NULL, err);
    dm_buf_clear(&o->held);
    return rc;
}

/* A file without a name, which goes with its worker whatever ends it. Not every file system has
 * them; there a name is taken for a moment. */
static int open_spill(struct dm_output *o, struct dm_error *err)
{
    char path[PATH_BYTES];
    o->spill =
        unless_standard(openat(dm_home(), o->stream->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (o->spill >= 0)
        return DM_OK;
    if (errno == EBADF)
        return dm_fail_errno(err, DM_EIO, "cannot make a file in %s", o->stream->folder);
    snprintf(path, sizeof path, "%s/spill-%016llx", o->stream->folder,
             (unsigned long long)dm_seed());
    o->spill = openat(dm_home(), path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (o->spill < 0)
        return dm_fail_errno(err, DM_EIO, "cannot make %s", path);
    return unlinkat(dm_home(), path, 0) ? dm_fail_errno(err, DM_EIO, "cannot unlink %s", path)
                                        : DM_OK;
}

int dm_output_spill(struct dm_output *o, struct dm_error *err)
{
    if (!o->held.n)
        return DM_OK;
    int rc = o->spill < 0 ? open_spill(o, err) : DM_OK;
    if (rc)
        return rc;
    rc = write_at(o->spill, o->spilled, o->held.p, o->held.n, err);
    if (rc)
        return rc;
    o->spilled += o->held.n;
    dm_buf_finish(&o->held);
    return DM_OK;
}

/* How many of the next n bytes surely belong to the present shard. */
static uint64_t before_cut(const struct dm_output *o, uint64_t n)
{
    uint64_t size = o->stream->shard_bytes;
    if (!size || o->compressed || o->at.offset + n < size)
        return n;
    return o->at.offset + 1 < size ? size - o->at.offset - 1 : 0;
}

/* Has the system copy bytes of a file to the present place, as many as belong there and it can:
 * returns how many, 0 when they must be written by us, or an error. */
static int64_t copy_placed(struct dm_output *o, int fd, uint64_t from, uint64_t n,
                           struct dm_error *err)
{
    n = before_cut(o, n);
    if (n < WRITE_BYTES)
        return 0;
    int rc = open_shard(o, err);
    if (rc)
        return rc;
    loff_t in = (loff_t)from, out = (loff_t)o->at.offset;
    ssize_t k = copy_file_range(fd, &in, o->fd, &out, n, 0);
    if (k > 0)
        o->at.offset += (uint64_t)k;
    return k > 0 ? k : 0;
}

int dm_output_append(struct dm_output *o, int fd, uint64_t n, struct dm_error *err)
{
    char *block = n ? malloc(WRITE_BYTES) : NULL;
    int rc = n && !block ? dm_fail_memory(err) : DM_OK;
    for (uint64_t from = 0; rc == DM_OK && from < n;) {
        int64_t k = copy_placed(o, fd, from, n - from, err);
        if (k == 0) {
            k = pread(fd, block, n - from < WRITE_BYTES ? n - from : WRITE_BYTES, (off_t)from);
            rc = k > 0 ? write_placed(o, block, (size_t)k, NULL, err)
                       : dm_fail_errno(err, DM_EIO, "cannot read output that waited");
        } else if (k < 0) {
            rc = (int)k;
        }
        from += k > 0 ? (uint64_t)k : 0;
    }
    free(block);
    return rc;
}

/* Brings what was spilled to its place. */
static int unspill(struct dm_output *o, struct dm_error *err)
{
    int rc = dm_output_append(o, o->spill, o->spilled, err);
    if (o->spill >= 0)
        close(o->spill);
    o->spill = -1;
    o->spilled = 0;
    return rc;
}

static int after_add(struct dm_output *o, struct dm_error *err)
{
    if (o->granted)
        return o->held.n >= WRITE_BYTES ? flush(o, err) : DM_OK;
    return o->held.n >= HELD_BYTES ? dm_output_spill(o, err) : DM_OK;
}

int dm_output_add(struct dm_output *o, const char *p, size_t n, struct dm_error *err)
{
    if (o->compressor) {
        int rc = dm_compressor_add(o->compressor, p, n, &o->held, err);
        return rc ? rc : after_add(o, err);
    }
    if (o->granted && n >= LARGE_BYTES) {
        int rc = flush(o, err);
        return rc ? rc : write_placed(o, p, n, NULL, err);
    }
    if (!dm_buf_add(&o->held, p, n))
        return dm_fail_memory(err);
    return after_add(o, err);
}

int dm_output_give(struct dm_output *o, struct dm_buf *buf, size_t from, size_t n,
                   struct dm_error *err)
{
    if (o->compressor || !o->granted || n < LARGE_BYTES)
        return dm_output_add(o, buf->p + from, n, err);
    int rc = flush(o, err);
    return rc ? rc : write_placed(o, buf->p + from, n, buf, err);
}

int dm_output_grant(struct dm_output *o, struct dm_place at, struct dm_error *err)
{
    uint64_t size = o->stream->shard_bytes;
    o->granted = true;
    o->at = at;
    if (o->compressed && size && at.offset >= size)
        o->at = (struct dm_place){.shard = at.shard + 1};
    int rc = unspill(o, err);
    return rc ? rc : flush(o, err);
}

int dm_output_end(struct dm_output *o, struct dm_error *err)
{
    int rc = o->compressor ? dm_compressor_end(o->compressor, &o->held, err) : DM_OK;
    o->compressor = NULL; /* it goes on with another split, whose frame a late grant must not end */
    if (rc || !o->granted)
        return rc;
    rc = flush(o, err);
    bool of_input = o->stream->numbered && !o->stream->shard_bytes;
    if (rc == DM_OK && of_input) /* it is made even when it stays empty */
        rc = open_shard(o, err);
    return rc ? rc : close_shard(o, err);
}
