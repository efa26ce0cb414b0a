/* gzip and zstd of texts in memory: the same coders that read inputs and write outputs. */
#include "io/compress.h"

#include <stdio.h>

enum { STEP_BYTES = 64 * 1024 };

/* Compressors are large; each is made when first asked for and kept. */
static struct dm_compressor *compressor(enum dm_codec codec)
{
    static struct dm_compressor *made[DM_CODEC_ZSTD + 1];
    if (!made[codec])
        made[codec] = dm_compressor_create(codec);
    return made[codec];
}

int dm_pack(const char *p, size_t n, int codec, struct dm_buf *out, struct dm_error *err)
{
    struct dm_compressor *c = compressor((enum dm_codec)codec);
    if (!c)
        return dm_fail_memory(err);
    if (!n) {
        const char *empty = dm_codec_empty((enum dm_codec)codec, &n);
        return dm_buf_add(out, empty, n) ? DM_OK : dm_fail_memory(err);
    }
    return dm_compressor_frame(c, p, n, out, err);
}

static int unpack_all(struct dm_reader *r, double limit, struct dm_buf *out, struct dm_error *err)
{
    size_t before = out->n, at;
    for (;;) {
        if (!dm_buf_reserve(out, STEP_BYTES))
            return dm_fail_memory(err);
        int64_t n = dm_reader_read(r, out->p + out->n, STEP_BYTES, err);
        if (n == 0)
            return DM_OK;
        if (n < 0) {
            const char *fault = dm_reader_fault(r, &at);
            return fault ? dm_fail(err, DM_EINPUT, "%s, near byte %zu", fault, at) : (int)n;
        }
        out->n += (size_t)n;
        if ((double)(out->n - before) > limit)
            return dm_fail(err, DM_EINPUT, "unpacked it is larger than the limit of %.0f bytes",
                           limit);
    }
}

int dm_unpack(const char *p, size_t n, int codec, double limit, struct dm_buf *out,
              struct dm_error *err)
{
    const char *name = codec == DM_CODEC_GZIP ? "gzip" : "zstd";
    struct dm_reader *r = dm_reader_open_bytes(p, n, err);
    if (!r)
        return err->status;
    int rc = DM_OK;
    if (dm_reader_codec(r) != (enum dm_codec)codec)
        rc = dm_fail(err, DM_EINPUT, "%s: the text does not begin as %s does, at byte 1", name,
                     name);
    else
        rc = unpack_all(r, limit, out, err);
    dm_reader_close(r);
    return rc;
}
