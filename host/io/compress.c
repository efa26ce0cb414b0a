#include "io/compress.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <zstd.h>

enum { STEP_BYTES = 64 * 1024, GZIP_LEVEL = 2, ZSTD_LEVEL = 3 };

struct dm_compressor {
    enum dm_codec codec;
    bool begun;
    ZSTD_CCtx *zstd;
    struct isal_zstream gzip;
    unsigned char *gzip_level_buf;
    unsigned char *step; /* of gzip: what waits until there are STEP_BYTES of it */
    uint32_t waiting;
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
        c->gzip_level_buf = malloc(ISAL_DEF_LVL2_DEFAULT);
    if (codec != DM_CODEC_ZSTD)
        c->step = malloc(STEP_BYTES);
    if (!c->zstd && (!c->gzip_level_buf || !c->step)) {
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
    free(c->gzip_level_buf);
    free(c->step);
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

/* The library only reads what it is given. */
static int run_gzip(struct dm_compressor *c, const void *p, uint32_t n, struct dm_buf *out,
                    struct dm_error *err)
{
    c->gzip.next_in = (unsigned char *)(uintptr_t)p;
    c->gzip.avail_in = n;
    do {
        if (!dm_buf_reserve(out, STEP_BYTES))
            return dm_fail_memory(err);
        c->gzip.next_out = (unsigned char *)out->p + out->n;
        c->gzip.avail_out = STEP_BYTES;
        int rc = isal_deflate(&c->gzip);
        if (rc != COMP_OK)
            return dm_fail(err, DM_EIO, "gzip: compression failed (%d)", rc);
        out->n += STEP_BYTES - c->gzip.avail_out;
    } while (c->gzip.avail_out == 0 || c->gzip.avail_in);
    return DM_OK;
}

/* What the library makes of bytes depends on how many it is given at once, and how they come to us
 * depends on what else the worker has done: it gets them in steps of one size. */
static int add_gzip(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                    struct dm_error *err)
{
    int rc = DM_OK;
    while (n && rc == DM_OK) {
        uint32_t k = STEP_BYTES - c->waiting;
        if (k > n)
            k = (uint32_t)n;
        if (k == STEP_BYTES) {
            rc = run_gzip(c, p, k, out, err);
        } else {
            memcpy(c->step + c->waiting, p, k);
            c->waiting += k;
        }
        if (c->waiting == STEP_BYTES && rc == DM_OK) {
            rc = run_gzip(c, c->step, STEP_BYTES, out, err);
            c->waiting = 0;
        }
        p += k;
        n -= k;
    }
    return rc;
}

static void begin(struct dm_compressor *c)
{
    c->begun = true;
    if (c->codec != DM_CODEC_GZIP)
        return;
    c->waiting = 0;
    isal_deflate_init(&c->gzip);
    memset(c->gzip_level_buf, 0,
           ISAL_DEF_LVL2_DEFAULT); /* what was there would decide between matches */
    c->gzip.gzip_flag = IGZIP_GZIP;
    c->gzip.level = GZIP_LEVEL;
    c->gzip.level_buf = c->gzip_level_buf;
    c->gzip.level_buf_size = ISAL_DEF_LVL2_DEFAULT;
}

int dm_compressor_add(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                      struct dm_error *err)
{
    if (!c->begun)
        begin(c);
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
    c->gzip.end_of_stream = 1;
    return run_gzip(c, c->step, c->waiting, out, err);
}

void dm_compressor_reset(struct dm_compressor *c)
{
    c->begun = false;
    if (c->zstd)
        ZSTD_CCtx_reset(c->zstd, ZSTD_reset_session_only);
}
