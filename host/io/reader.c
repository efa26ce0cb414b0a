#include "io/reader.h"

#include "base/home.h"
#include "base/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#ifndef DM_READER_BLOCK
#define DM_READER_BLOCK (128 * 1024) /* fuzzers take little, to meet the ends of blocks */
#endif

enum { IN_BYTES = DM_READER_BLOCK, MAGIC_BYTES = 4 };

struct dm_reader {
    int fd;
    enum dm_codec codec;
    char *path;
    const unsigned char *in; /* bytes of the file that were not handed out or decoded yet */
    unsigned char *block;    /* where they were read to; NULL: they are the caller's */
    size_t in_at, in_n;
    bool at_end;       /* of the file */
    bool in_member;    /* inside a gzip member or a zstd frame */
    const char *fault; /* what is damaged; static */
    struct inflate_state *inflate;
    ZSTD_DCtx *zstd;
    size_t zstd_wants; /* bytes that it can use now; 0 at the start of a frame */
    bool zstd_full;    /* the last read was filled: there may be more of a block to give */
};

static int64_t read_fd(struct dm_reader *r, void *p, size_t n, struct dm_error *err)
{
    for (;;) {
        ssize_t got = read(r->fd, p, n);
        if (got >= 0)
            return got;
        if (errno != EINTR)
            return dm_fail_errno(err, DM_EIO, "cannot read %s", r->path);
    }
}

static enum dm_codec codec_of(const unsigned char *p, size_t n)
{
    if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b)
        return DM_CODEC_GZIP;
    /* a frame, or a skippable frame (0x184D2A50 to 5F) before the first */
    if (n >= 4 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd && p[0] == 0x28)
        return DM_CODEC_ZSTD;
    if (n >= 4 && (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18)
        return DM_CODEC_ZSTD;
    return DM_CODEC_PLAIN;
}

/* Standard input goes on where whoever read it before has left off, and may be a socket: it is not
 * opened again. Where it was closed, its place is taken by what can not be read. */
static int open_path(const char *path, struct dm_error *err)
{
    bool standard = strcmp(path, DM_STANDARD_INPUT) == 0;
    if (standard && (fcntl(dm_streams_input(), F_GETFL) & O_ACCMODE) == O_WRONLY)
        return dm_fail(err, DM_EIO, "standard input is closed");
    int fd = standard ? fcntl(dm_streams_input(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                      : openat(dm_home(), path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : dm_fail_errno(err, DM_EIO, "cannot open %s", path);
}

int dm_codec_detect(const char *path, struct dm_error *err)
{
    struct dm_reader *r = dm_reader_open(path, err);
    if (!r)
        return err->status;
    int codec = (int)r->codec;
    dm_reader_close(r);
    return codec;
}

/* The first bytes tell what decodes the rest. */
static int make_decoder(struct dm_reader *r, struct dm_error *err)
{
    r->codec = codec_of(r->in, r->in_n);
    if (r->codec == DM_CODEC_GZIP)
        r->inflate = calloc(1, sizeof *r->inflate);
    else if (r->codec == DM_CODEC_ZSTD)
        r->zstd = ZSTD_createDCtx();
    bool ready = r->codec == DM_CODEC_PLAIN || r->inflate || r->zstd;
    return ready ? DM_OK : dm_fail_memory(err);
}

/* Reads the first bytes, in order: standard input can not go back. */
static int start_codec(struct dm_reader *r, struct dm_error *err)
{
    r->in = r->block = malloc(IN_BYTES);
    if (!r->block)
        return dm_fail_memory(err);
    while (r->in_n < MAGIC_BYTES) {
        int64_t n = read_fd(r, r->block + r->in_n, MAGIC_BYTES - r->in_n, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        r->in_n += (size_t)n;
    }
    return make_decoder(r, err);
}

/* A reader without a file. */
static struct dm_reader *create(const char *path, struct dm_error *err)
{
    struct dm_reader *r = calloc(1, sizeof *r);
    if (r)
        *r = (struct dm_reader){.fd = -1, .path = strdup(path)};
    if (r && r->path)
        return r;
    dm_fail_memory(err);
    dm_reader_close(r);
    return NULL;
}

struct dm_reader *dm_reader_open(const char *path, struct dm_error *err)
{
    struct dm_reader *r = create(path, err);
    if (!r)
        return NULL;
    r->fd = open_path(path, err);
    if (r->fd >= 0 && start_codec(r, err) == DM_OK)
        return r;
    dm_reader_close(r);
    return NULL;
}

struct dm_reader *dm_reader_open_bytes(const char *p, size_t n, struct dm_error *err)
{
    struct dm_reader *r = create("the text", err);
    if (!r)
        return NULL;
    r->in = (const unsigned char *)p;
    r->in_n = n;
    if (make_decoder(r, err) == DM_OK)
        return r;
    dm_reader_close(r);
    return NULL;
}

void dm_reader_close(struct dm_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    ZSTD_freeDCtx(r->zstd);
    free(r->inflate);
    free(r->block);
    free(r->path);
    free(r);
}

bool dm_reader_compressed(const struct dm_reader *r)
{
    return r->codec != DM_CODEC_PLAIN;
}

enum dm_codec dm_reader_codec(const struct dm_reader *r)
{
    return r->codec;
}

const char *dm_reader_fault(const struct dm_reader *r, size_t *at)
{
    *at = r->in_at;
    return r->fault;
}

int dm_reader_seek(struct dm_reader *r, uint64_t offset, struct dm_error *err)
{
    if (lseek(r->fd, (off_t)offset, SEEK_SET) < 0)
        return dm_fail_errno(err, DM_EIO, "cannot seek in %s", r->path);
    r->in_at = r->in_n = 0;
    return DM_OK;
}

static int damaged(struct dm_reader *r, struct dm_error *err, const char *what)
{
    r->fault = what;
    return dm_fail(err, DM_EINPUT, "%s: %s; the rows before the damage were kept", r->path, what);
}

/* Has compressed bytes ready unless the file is at its end. */
static int fill(struct dm_reader *r, struct dm_error *err)
{
    if (r->in_at < r->in_n || r->at_end)
        return DM_OK;
    int64_t n = r->block ? read_fd(r, r->block, IN_BYTES, err) : 0;
    if (n < 0)
        return (int)n;
    r->at_end = n == 0;
    if (n) {
        r->in_at = 0;
        r->in_n = (size_t)n;
    }
    return DM_OK;
}

/* Damaged data can refer to bytes before its start: they are zero, not what memory holds. */
static void start_member(struct dm_reader *r)
{
    isal_inflate_init(r->inflate);
    memset(r->inflate->tmp_out_buffer, 0, sizeof r->inflate->tmp_out_buffer);
    r->inflate->crc_flag = ISAL_GZIP; /* parses the header and checks the trailer */
    r->in_member = true;
}

/* What the inflater decoded before damage but had no room for: it would be lost, and how much that
 * is depends on the size of reads. */
static size_t inflate_rest(struct inflate_state *s, char *p, size_t n)
{
    size_t left = (size_t)(s->tmp_out_valid - s->tmp_out_processed);
    left = left < n ? left : n;
    memcpy(p, s->tmp_out_buffer + s->tmp_out_processed, left);
    s->tmp_out_processed += (int32_t)left;
    return left;
}

/* One call of the inflater. Returns bytes made, or an error. */
static int64_t inflate_some(struct dm_reader *r, char *p, size_t n, struct dm_error *err)
{
    struct inflate_state *s = r->inflate;
    s->next_in = (unsigned char *)(uintptr_t)(r->in + r->in_at); /* it is only read */
    s->avail_in = (uint32_t)(r->in_n - r->in_at);
    s->next_out = (unsigned char *)p;
    s->avail_out = (uint32_t)n;
    int rc = isal_inflate(s);
    r->in_at = r->in_n - s->avail_in;
    size_t made = n - s->avail_out;
    if (rc != ISAL_DECOMP_OK && rc != ISAL_END_INPUT) {
        damaged(r, err, "gzip data is damaged");
        made += inflate_rest(s, p + made, n - made);
        return made ? (int64_t)made : DM_EINPUT;
    }
    if (s->block_state == ISAL_BLOCK_FINISH)
        r->in_member = false;
    return (int64_t)made;
}

/* Between members: another one follows, or padding of zero bytes, or the end. */
static int next_member(struct dm_reader *r, struct dm_error *err)
{
    while (r->in_at < r->in_n && r->in[r->in_at] == 0)
        r->in_at++;
    if (r->in_at == r->in_n)
        return DM_OK;
    if (r->in[r->in_at] != 0x1f)
        return damaged(r, err, "bytes that are not gzip follow a gzip member");
    start_member(r);
    return DM_OK;
}

static int64_t read_gzip(struct dm_reader *r, char *p, size_t n, struct dm_error *err)
{
    for (;;) {
        int rc = fill(r, err);
        if (rc)
            return rc;
        if (!r->in_member) {
            if (r->at_end)
                return 0;
            rc = next_member(r, err);
            if (rc)
                return rc;
            continue;
        }
        int64_t made = inflate_some(r, p, n, err);
        if (made)
            return made;
        if (r->at_end && r->in_member)
            return damaged(r, err, "gzip data ends in mid-stream (truncated file?)");
    }
}

/* One call of zstd. On damage it forgets what it wrote in that call, so it is never given more than
 * makes one block: what is kept would depend on the size of reads. What it wants next may be a
 * block with the head of the next one behind it; other than blocks everything is short and goes in
 * byte by byte. */
static size_t decode_block(struct dm_reader *r, ZSTD_outBuffer *out)
{
    enum { BLOCK_HEAD = 3 };
    size_t have = r->in_n - r->in_at;
    size_t wants = r->zstd_wants > BLOCK_HEAD ? r->zstd_wants - BLOCK_HEAD : 1;
    if (r->zstd_full)
        wants = 0;
    ZSTD_inBuffer in = {r->in, r->in_at + (wants < have ? wants : have), r->in_at};
    r->zstd_wants = ZSTD_decompressStream(r->zstd, out, &in);
    if (in.pos > r->in_at || out->pos)
        r->in_member = r->zstd_wants != 0;
    r->in_at = in.pos;
    r->zstd_full = out->pos == out->size;
    return r->zstd_wants;
}

static int64_t read_zstd(struct dm_reader *r, char *p, size_t n, struct dm_error *err)
{
    for (;;) {
        int rc = fill(r, err);
        if (rc)
            return rc;
        ZSTD_outBuffer out = {p, n, 0};
        size_t left = decode_block(r, &out);
        if (ZSTD_isError(left))
            return damaged(r, err, ZSTD_getErrorName(left));
        if (out.pos)
            return (int64_t)out.pos;
        if (r->at_end)
            return r->in_member ? damaged(r, err, "zstd data ends in mid-frame (truncated file?)")
                                : 0;
    }
}

/* The bytes that told the codec come first. */
static int64_t read_plain(struct dm_reader *r, char *p, size_t n, struct dm_error *err)
{
    size_t k = r->in_n - r->in_at;
    if (!k)
        return read_fd(r, p, n, err);
    k = k < n ? k : n;
    memcpy(p, r->in + r->in_at, k);
    r->in_at += k;
    return (int64_t)k;
}

int64_t dm_reader_read(struct dm_reader *r, char *p, size_t n, struct dm_error *err)
{
    if (r->fault) {
        size_t rest = r->codec == DM_CODEC_GZIP ? inflate_rest(r->inflate, p, n) : 0;
        return rest ? (int64_t)rest : damaged(r, err, r->fault);
    }
    switch (r->codec) {
    case DM_CODEC_GZIP:
        return read_gzip(r, p, n < UINT32_MAX ? n : UINT32_MAX, err);
    case DM_CODEC_ZSTD:
        return read_zstd(r, p, n, err);
    case DM_CODEC_PLAIN:
        break;
    }
    return read_plain(r, p, n, err);
}
