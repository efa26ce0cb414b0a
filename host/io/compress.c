#include "io/compress.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

enum { STEP_BYTES = 64 * 1024, MEMBER_BYTES = 1024 * 1024, GZIP_LEVEL = 1, ZSTD_LEVEL = 3 };

struct dm_compressor {
    enum dm_codec codec;
    bool begun;
    ZSTD_CCtx *zstd;
    struct libdeflate_compressor *gzip;
    char *member; /* of gzip: what waits until there are MEMBER_BYTES of it */
    size_t waiting;
};

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n >= k && strcmp(s + n - k, suffix) == 0;
}

enum dm_codec dm_codec_by_name(const char *path)
{
    if (ends_with(path, ".gz"))
        return DM_CODEC_GZIP;
    return ends_with(path, ".zst") ? DM_CODEC_ZSTD : DM_CODEC_PLAIN;
}

const char *dm_codec_empty(enum dm_codec codec, size_t *n)
{
    static const char gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0";
    static const char zstd[] = "\x28\xb5\x2f\xfd\x20\0\x01\0";
    *n = codec == DM_CODEC_GZIP ? sizeof gzip : codec == DM_CODEC_ZSTD ? sizeof zstd : 0;
    return codec == DM_CODEC_GZIP ? gzip : zstd;
}

struct dm_compressor *dm_compressor_create(enum dm_codec codec)
{
    struct dm_compressor *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->codec = codec;
    if (codec == DM_CODEC_ZSTD)
        c->zstd = ZSTD_createCCtx();
    else
        c->gzip = libdeflate_alloc_compressor(GZIP_LEVEL);
    if (codec != DM_CODEC_ZSTD)
        c->member = malloc(MEMBER_BYTES);
    if (!c->zstd && (!c->gzip || !c->member)) {
        dm_compressor_destroy(c);
        return NULL;
    }
    if (c->zstd)
        ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    return c;
}

void dm_compressor_destroy(struct dm_compressor *c)
{
    if (!c)
        return;
    ZSTD_freeCCtx(c->zstd);
    libdeflate_free_compressor(c->gzip);
    free(c->member);
    free(c);
}

static int run_zstd(struct dm_compressor *c, ZSTD_inBuffer *in, ZSTD_EndDirective end,
                    struct dm_buf *out, struct dm_error *err)
{
    size_t left;
    do {
        if (!dm_buf_reserve(out, STEP_BYTES))
            return dm_fail_memory(err);
        ZSTD_outBuffer to = {out->p + out->n, STEP_BYTES, 0};
        left = ZSTD_compressStream2(c->zstd, &to, in, end);
        if (ZSTD_isError(left))
            return dm_fail(err, DM_EIO, "zstd: %s", ZSTD_getErrorName(left));
        out->n += to.pos;
    } while (end == ZSTD_e_end ? left != 0 : in->pos < in->size);
    return DM_OK;
}

/* Appends a member of n bytes. */
static int add_member(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                      struct dm_error *err)
{
    size_t room = libdeflate_gzip_compress_bound(c->gzip, n);
    if (!dm_buf_reserve(out, room))
        return dm_fail_memory(err);
    size_t size = libdeflate_gzip_compress(c->gzip, p, n, out->p + out->n, room);
    out->n += size;
    return size ? DM_OK : dm_fail(err, DM_EIO, "gzip: compression failed");
}

/* The library takes what a member holds at once, so that waits for the rest of it. How the bytes
 * come to us hangs on what else the worker has done: members are cut by their number alone. */
static int add_gzip(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                    struct dm_error *err)
{
    int rc = DM_OK;
    while (n && rc == DM_OK) {
        size_t k = MEMBER_BYTES - c->waiting;
        if (k > n)
            k = n;
        memcpy(c->member + c->waiting, p, k);
        c->waiting += k;
        if (c->waiting == MEMBER_BYTES) {
            rc = add_member(c, c->member, MEMBER_BYTES, out, err);
            c->waiting = 0;
        }
        p += k;
        n -= k;
    }
    return rc;
}

int dm_compressor_add(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                      struct dm_error *err)
{
    c->begun = true;
    if (c->codec == DM_CODEC_ZSTD) {
        ZSTD_inBuffer in = {p, n, 0};
        return run_zstd(c, &in, ZSTD_e_continue, out, err);
    }
    return add_gzip(c, p, n, out, err);
}

int dm_compressor_end(struct dm_compressor *c, struct dm_buf *out, struct dm_error *err)
{
    if (!c->begun)
        return DM_OK;
    c->begun = false;
    if (c->codec == DM_CODEC_ZSTD) {
        ZSTD_inBuffer none = {NULL, 0, 0};
        return run_zstd(c, &none, ZSTD_e_end, out, err);
    }
    size_t n = c->waiting;
    c->waiting = 0;
    return n ? add_member(c, c->member, n, out, err) : DM_OK;
}

int dm_compressor_frame(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                        struct dm_error *err)
{
    dm_compressor_reset(c);
    if (c->codec == DM_CODEC_GZIP)
        return add_member(c, p, n, out, err);
    int rc = dm_compressor_add(c, p, n, out, err);
    return rc ? rc : dm_compressor_end(c, out, err);
}

void dm_compressor_reset(struct dm_compressor *c)
{
    c->begun = false;
    c->waiting = 0;
    if (c->zstd)
        ZSTD_CCtx_reset(c->zstd, ZSTD_reset_session_only);
}
