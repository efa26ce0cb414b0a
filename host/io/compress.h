/* Compression of output: a frame (zstd), or members (gzip), for each split, so that parts can be
 * joined. */
#ifndef DM_IO_COMPRESS_H
#define DM_IO_COMPRESS_H

#include "base/buf.h"
#include "base/error.h"
#include "io/reader.h"

/* A whole file of the codec that holds nothing, and its size; no bytes for plain. Static. */
const char *dm_codec_empty(enum dm_codec codec, size_t *n);

struct dm_compressor;

/* The codec that a file name asks for by .gz or .zst. */
enum dm_codec dm_codec_by_name(const char *path);

/* Makes a compressor; codec is not DM_CODEC_PLAIN. NULL when memory is short.
 * Free with dm_compressor_destroy. */
struct dm_compressor *dm_compressor_create(enum dm_codec codec);

/* Frees; NULL is fine. */
void dm_compressor_destroy(struct dm_compressor *c);

/* Compresses n bytes and appends what comes out to `out`. */
int dm_compressor_add(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                      struct dm_error *err);

/* Compresses n bytes, more than none, into one frame or member, and appends that to `out`. */
int dm_compressor_frame(struct dm_compressor *c, const char *p, size_t n, struct dm_buf *out,
                        struct dm_error *err);

/* Ends the frame or member; nothing is appended when nothing was added since the last end. */
int dm_compressor_end(struct dm_compressor *c, struct dm_buf *out, struct dm_error *err);

/* Forgets a frame or member that was begun. */
void dm_compressor_reset(struct dm_compressor *c);

#endif
