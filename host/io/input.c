#include "io/input.h"

#include "base/buf.h"
#include "base/home.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef DM_INPUT_BLOCK
#define DM_INPUT_BLOCK (256 * 1024) /* fuzzers take little, to meet the ends of blocks */
#endif

enum {
    BLOCK_BYTES = DM_INPUT_BLOCK,
    KEPT_BYTES = 4 * BLOCK_BYTES, /* more is given back when the long row that took it is gone */
    PADDING = 128,
    MARK_BYTES = 3
};

static bool set_capacity(struct dm_input *in, size_t cap)
{
    char *buf = realloc(in->buf, cap + PADDING);
    if (!buf)
        return false;
    memset(buf + cap, 0, PADDING);
    in->buf = buf;
    in->cap = cap;
    return true;
}

/* A file that is not there has size and time 0. */
static int stat_file(const char *path, uint64_t *size, int64_t *mtime)
{
    struct stat st;
    *size = (uint64_t)(*mtime = 0);
    if (fstatat(dm_home(), path, &st, 0))
        return DM_EIO;
    *size = (uint64_t)st.st_size;
    *mtime = dm_mtime_ns(&st);
    return DM_OK;
}

bool dm_input_unchanged(const struct dm_input *in)
{
    uint64_t size;
    int64_t mtime;
    stat_file(in->path, &size, &mtime);
    return size == in->size && mtime == in->mtime;
}

static void close_file(struct dm_input *in)
{
    dm_reader_close(in->reader);
    free(in->path);
    in->reader = NULL;
    in->path = NULL;
    in->at = in->complete = in->filled = 0;
    in->damage.status = DM_OK;
}

void dm_input_finish(struct dm_input *in)
{
    close_file(in);
    free(in->buf);
    in->buf = NULL;
    in->cap = 0;
}

static int open_file(struct dm_input *in, const char *path, struct dm_error *err)
{
    close_file(in);
    if (!in->buf && !set_capacity(in, BLOCK_BYTES))
        return dm_fail_memory(err);
    in->path = strdup(path);
    if (!in->path)
        return dm_fail_memory(err);
    in->reader = dm_reader_open(path, err);
    if (!in->reader)
        return err->status;
    if (stat_file(path, &in->size, &in->mtime))
        return dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    in->at_end = in->syncing = false;
    in->fresh = true;
    in->base = in->skip_to = in->taken = 0;
    return DM_OK;
}

int dm_input_open(struct dm_input *in, const char *path, uint64_t start, struct dm_error *err)
{
    if (in->path && strcmp(path, in->path) == 0 && dm_reader_compressed(in->reader) && start > 0 &&
        !in->syncing && in->taken < start && start <= dm_input_offset(in))
        return DM_OK;
    int rc = open_file(in, path, err);
    if (rc || start == 0)
        return rc;
    in->fresh = start <= MARK_BYTES;
    in->syncing = true;
    in->skip_to = in->taken = start - 1;
    if (in->fresh || dm_reader_compressed(in->reader))
        return DM_OK;
    in->base = start - 1;
    return dm_reader_seek(in->reader, start - 1, err);
}

/* The row is what the buffer holds, if rc says so. */
static int take_row(struct dm_input *in, int rc, const struct dm_buf *row, struct dm_error *err)
{
    if (rc != DM_EMEMORY && row->n >= in->cap && !set_capacity(in, row->n + BLOCK_BYTES))
        rc = dm_fail_memory(err);
    if (rc != DM_EMEMORY) {
        memcpy(in->buf, row->p, row->n);
        in->filled = row->n;
    }
    if (rc == DM_OK) {
        in->buf[in->filled++] = '\n';
        in->complete = in->filled;
    }
    in->base = in->skip_to = in->taken = 0;
    in->fresh = in->syncing = false;
    in->utf8 = in->at_end = true;
    return rc;
}

static int begin_document(struct dm_input *in, const char *path, struct dm_error *err)
{
    close_file(in);
    in->path = strdup(path);
    if (!in->path)
        return dm_fail_memory(err);
    stat_file(path, &in->size, &in->mtime);
    return DM_OK;
}

int dm_input_open_document(struct dm_input *in, const char *path, bool content,
                           struct dm_error *err)
{
    struct dm_buf row = {0};
    int rc = begin_document(in, path, err);
    if (rc)
        return rc;
    rc = dm_document_read(path, content, in->row_bytes, &row, err);
    rc = take_row(in, rc, &row, err);
    dm_buf_finish(&row);
    return rc;
}

int dm_input_open_made(struct dm_input *in, const char *path, struct dm_error *err)
{
    struct dm_buf row = {0};
    char *why = NULL;
    size_t cap = 0;
    int rc = begin_document(in, path, err);
    if (rc)
        return rc;
    FILE *f = fopen(path, "re");
    ssize_t n = f ? getline(&why, &cap, f) : -1;
    if (n < 1)
        rc = dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    else if (n > 1)
        rc = dm_fail(err, DM_EINPUT, "%.*s", (int)n - 1, why);
    if (n > 0 && !dm_buf_reserve(&row, (size_t)in->size))
        rc = dm_fail_memory(err);
    else if (n > 0)
        row.n = fread(row.p, 1, (size_t)in->size, f);
    if (f && ferror(f) && rc == DM_OK)
        rc = dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    if (f)
        fclose(f);
    rc = take_row(in, rc, &row, err);
    dm_buf_finish(&row);
    free(why);
    return rc;
}

/* The buffer begins with the unread tail now. */
static void begin_with_tail(struct dm_input *in, size_t left)
{
    in->base += in->at;
    in->at = in->complete = 0;
    in->filled = left;
}

/* Moves the unread tail to the front, and gives back the memory that a long row took. */
static void drop_taken(struct dm_input *in)
{
    size_t left = in->filled - in->at;
    memmove(in->buf, in->buf + in->at, left);
    begin_with_tail(in, left);
    if (in->cap > KEPT_BYTES && left < BLOCK_BYTES)
        set_capacity(in, BLOCK_BYTES);
}

bool dm_input_trade(struct dm_input *in, struct dm_buf *block)
{
    size_t left = in->filled - in->at;
    dm_buf_clear(block);
    if (left >= BLOCK_BYTES || in->cap > KEPT_BYTES ||
        !dm_buf_reserve(block, BLOCK_BYTES + PADDING - 1))
        return false;
    char *p = block->p;
    memcpy(p, in->buf + in->at, left);
    memset(p + BLOCK_BYTES, 0, PADDING);
    *block = (struct dm_buf){.p = in->buf, .n = in->filled, .cap = in->cap + PADDING};
    in->buf = p;
    in->cap = BLOCK_BYTES;
    begin_with_tail(in, left);
    return true;
}

/* Passes over what lies before the first row; true when rows can be looked for. */
static bool find_first_row(struct dm_input *in)
{
    if (in->base + in->filled <= in->skip_to) {
        in->base += in->filled;
        in->filled = 0;
        return false;
    }
    size_t from = in->skip_to > in->base ? (size_t)(in->skip_to - in->base) : 0;
    char *newline = memchr(in->buf + from, '\n', in->filled - from);
    in->at = newline ? (size_t)(newline - in->buf) + 1 : in->filled;
    in->syncing = newline == NULL;
    if (newline)
        return true;
    drop_taken(in);
    return false;
}

/* Behind a byte order mark the first row begins, wherever within it reading was to start. */
static void skip_mark(struct dm_input *in)
{
    in->fresh = false;
    if (in->filled < MARK_BYTES || memcmp(in->buf, "\xef\xbb\xbf", MARK_BYTES) != 0)
        return;
    in->at = MARK_BYTES;
    in->syncing = false;
}

static int read_block(struct dm_input *in, struct dm_error *err)
{
    int64_t n = dm_reader_read(in->reader, in->buf + in->filled, in->cap - in->filled, err);
    if (n == DM_EINPUT) {
        in->damage = *err;
        in->at_end = true;
        return DM_OK;
    }
    if (n < 0)
        return (int)n;
    in->filled += (size_t)n;
    in->at_end = n == 0;
    return DM_OK;
}

/* The file is at its end: a last row without a newline gets one. */
static int end_of_file(struct dm_input *in)
{
    if (in->syncing) {
        in->at = in->complete = in->filled;
        return DM_INPUT_END;
    }
    if (in->at < in->filled && !in->damage.status) {
        in->buf[in->filled++] = '\n';
        in->complete = in->filled;
        in->utf8 = dm_utf8_check(in->buf + in->at, in->complete - in->at) == in->complete - in->at;
        return DM_INPUT_ROWS;
    }
    in->complete = in->at;
    if (in->filled - in->at > in->row_bytes) {
        in->syncing = true;
        return DM_INPUT_LONG;
    }
    return DM_INPUT_END;
}

static int make_room(struct dm_input *in, struct dm_error *err)
{
    if (in->filled < in->cap)
        return DM_OK;
    if (in->filled - in->at > in->row_bytes) {
        in->syncing = true;
        return DM_INPUT_LONG;
    }
    return set_capacity(in, in->cap * 2) ? DM_OK : dm_fail_memory(err);
}

int dm_input_fill(struct dm_input *in, struct dm_error *err)
{
    if (in->syncing)
        in->at = in->filled;
    drop_taken(in);
    for (;;) {
        int rc = make_room(in, err);
        if (rc)
            return rc;
        size_t before = in->filled;
        rc = in->at_end ? DM_OK : read_block(in, err);
        if (rc)
            return rc;
        if (in->fresh) {
            if (in->filled < MARK_BYTES && !in->at_end)
                continue;
            skip_mark(in);
            before = in->at;
        }
        if (in->at_end && before == in->filled)
            return end_of_file(in);
        if (in->syncing) {
            if (!find_first_row(in)) {
                if (in->until && in->base >= in->until && !dm_reader_compressed(in->reader))
                    return DM_INPUT_NONE;
                continue;
            }
            before = in->at;
        }
        char *newline = memrchr(in->buf + before, '\n', in->filled - before);
        if (!newline)
            continue;
        in->complete = (size_t)(newline - in->buf) + 1;
        in->utf8 = dm_utf8_check(in->buf + in->at, in->complete - in->at) == in->complete - in->at;
        return DM_INPUT_ROWS;
    }
}
