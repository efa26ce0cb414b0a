/* Bytes of one input file, decompressed by its content (gzip with many members, zstd with many
 * frames), read forwards. Reads with read(2), never mmap: a file that shrinks must not kill the
 * process. */
#ifndef DM_IO_READER_H
#define DM_IO_READER_H

#include "base/error.h"

#include <stdbool.h>

enum dm_codec { DM_CODEC_PLAIN, DM_CODEC_GZIP, DM_CODEC_ZSTD };

/* The path under which standard input is opened. */
#define DM_STANDARD_INPUT "/dev/stdin"

struct dm_reader;

/* Tells the codec by the first bytes of the file. Returns an enum dm_codec or an error below zero.
 */
int dm_codec_detect(const char *path, struct dm_error *err);

/* Opens the file at its start. Returns NULL with err set. Free with dm_reader_close. */
struct dm_reader *dm_reader_open(const char *path, struct dm_error *err);

/* Reads bytes in memory (borrowed until dm_reader_close) as if they were a file's. */
struct dm_reader *dm_reader_open_bytes(const char *p, size_t n, struct dm_error *err);

/* Closes; NULL is fine. */
void dm_reader_close(struct dm_reader *r);

/* Whether the file is compressed, and by which codec it is read. */
bool dm_reader_compressed(const struct dm_reader *r);
enum dm_codec dm_reader_codec(const struct dm_reader *r);

/* What is damaged (static), or NULL; `at` is about where, in bytes that were read last. */
const char *dm_reader_fault(const struct dm_reader *r, size_t *at);

/* Goes to a byte of a plain file (not of a compressed one). */
int dm_reader_seek(struct dm_reader *r, uint64_t offset, struct dm_error *err);

/* Reads up to n bytes of the decompressed stream into p. Returns how many, 0 at the end of the
 * file, or an error below zero. Compressed data that is damaged or cut short gives first all bytes
 * before the damage and then DM_EINPUT, again at each further call. */
int64_t dm_reader_read(struct dm_reader *r, char *p, size_t n, struct dm_error *err);

#endif
