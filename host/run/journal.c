#include "run/journal.h"

#include "base/write.h"
#include "io/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

/* A record: its payload's length and hash, then the payload. */
enum { HEAD = 16, REWRITE_BYTES = 4 * 1024 * 1024, PATH_BYTES = 4096 };

int dm_journal_open(struct dm_journal *j, const char *folder, struct dm_error *err)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/journal", folder);
    j->path = strdup(path);
    if (!j->path)
        return dm_fail_memory(err);
    j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (j->fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    off_t size = lseek(j->fd, 0, SEEK_END);
    j->size = size > 0 ? (uint64_t)size : 0;
    return DM_OK;
}

void dm_journal_close(struct dm_journal *j)
{
    if (j->path && j->fd >= 0)
        close(j->fd);
    free(j->path);
    j->path = NULL;
}

bool dm_journal_record(struct dm_buf *b, const struct dm_frontier *f)
{
    size_t begin = b->n;
    bool ok = dm_put_u64(b, 0) && dm_put_u64(b, 0) && dm_put_u64(b, f->input.file) &&
              dm_put_u64(b, f->input.offset) && dm_put_u64(b, f->input.planned) &&
              dm_place_put(b, f->at) && dm_put_u64(b, f->splits) && dm_counts_put(b, &f->counts);
    if (!ok)
        return false;
    struct dm_buf head = {0};
    size_t n = b->n - begin - HEAD;
    ok = dm_put_u64(&head, n) && dm_put_u64(&head, XXH3_64bits(b->p + begin + HEAD, n));
    if (ok)
        memcpy(b->p + begin, head.p, HEAD);
    dm_buf_finish(&head);
    return ok;
}

static void get_record(struct dm_wire *w, struct dm_frontier *f)
{
    f->input.file = dm_get_u64(w);
    f->input.offset = dm_get_u64(w);
    f->input.planned = dm_get_u64(w);
    dm_place_get(w, f->at);
    f->splits = dm_get_u64(w);
    dm_counts_get(w, &f->counts);
}

/* The size of the whole record at p, 0 when there is none. */
static size_t whole_record(const char *p, size_t n)
{
    struct dm_wire w = {.p = (const unsigned char *)p, .end = (const unsigned char *)p + n};
    uint64_t size = dm_get_u64(&w), hash = dm_get_u64(&w);
    if (w.bad || size > n - HEAD || XXH3_64bits(p + HEAD, size) != hash)
        return 0;
    return HEAD + (size_t)size;
}

static char *read_all(const struct dm_journal *j, struct dm_error *err)
{
    char *text = malloc(j->size + 1);
    size_t at = 0;
    if (!text) {
        dm_fail_memory(err);
        return NULL;
    }
    while (at < j->size) {
        ssize_t n = pread(j->fd, text + at, j->size - at, (off_t)at);
        if (n <= 0) {
            dm_fail_errno(err, DM_EIO, "cannot read %s", j->path);
            free(text);
            return NULL;
        }
        at += (size_t)n;
    }
    return text;
}

int dm_journal_last(struct dm_journal *j, struct dm_frontier *f, struct dm_error *err)
{
    char *text = read_all(j, err);
    if (!text)
        return DM_EIO;
    size_t at = 0, last = 0, size;
    while ((size = whole_record(text + at, j->size - at))) {
        last = at;
        at += size;
    }
    struct dm_wire w = {.p = (unsigned char *)text + last + HEAD,
                        .end = (unsigned char *)text + at};
    if (at)
        get_record(&w, f);
    free(text);
    j->size = at; /* a torn record at the end is written over */
    if (w.bad)
        return dm_fail(err, DM_EUSAGE, "%s is of another version of dmhost", j->path);
    return at ? 1 : 0;
}

static int write_at(int fd, const struct dm_buf *b, uint64_t offset)
{
    return dm_write_at(fd, offset, b->p, b->n) && fdatasync(fd) == 0 ? DM_OK : DM_EIO;
}

/* Begins a new file with this record alone, and puts it in the old one's place. */
static int rewrite(struct dm_journal *j, const struct dm_buf *record)
{
    struct dm_error err;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s.new", j->path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return DM_EIO;
    if (write_at(fd, record, 0) || rename(path, j->path) || dm_folder_sync_parent(j->path, &err)) {
        close(fd);
        return DM_EIO;
    }
    close(j->fd);
    j->fd = fd;
    j->size = record->n;
    return DM_OK;
}

int dm_journal_append(struct dm_journal *j, const struct dm_buf *record, struct dm_error *err)
{
    int rc;
    if (j->size > REWRITE_BYTES) {
        rc = rewrite(j, record);
    } else {
        rc = write_at(j->fd, record, j->size);
        j->size += record->n;
    }
    return rc ? dm_fail_errno(err, DM_EIO, "cannot write %s", j->path) : DM_OK;
}
