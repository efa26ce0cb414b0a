/* Rows of one file, a block at a time: complete rows stand in a buffer, each ended by a newline,
 * and the block's UTF-8 has been checked once. The caller walks the rows with dm_input_take. */
#ifndef DM_IO_INPUT_H
#define DM_IO_INPUT_H

#include "base/buf.h"
#include "io/reader.h"

#include <sys/stat.h>

struct dm_input {
    struct dm_reader *reader;
    char *path;
    char *buf;
    size_t cap;             /* of buf, less the padding that vector reads need */
    size_t at;              /* the next row in buf */
    size_t complete;        /* end of the last complete row in buf */
    size_t filled;          /* end of the bytes in buf */
    uint64_t base;          /* where in the decompressed stream buf begins */
    size_t row_bytes;       /* the longest row that is read */
    bool utf8;              /* all complete rows are valid UTF-8 */
    bool at_end;            /* of the file */
    bool fresh;             /* nothing was read yet: a byte order mark may come */
    bool syncing;           /* the next row begins behind the next newline */
    uint64_t taken;         /* where the row before the next one began */
    uint64_t skip_to;       /* bytes before this are passed over */
    uint64_t until;         /* rows are wanted that begin before this; 0: all. The caller sets it */
    uint64_t size;          /* of the file when it was opened */
    int64_t mtime;          /* likewise, in ns */
    struct dm_error damage; /* why compressed input ended early; status 0 when it did not */
};

/* When a file was last written, in ns since 1970: with its size, what tells that it has changed. */
static inline int64_t dm_mtime_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* What dm_input_fill answers. */
enum { DM_INPUT_END = 0, DM_INPUT_ROWS = 1, DM_INPUT_LONG = 2, DM_INPUT_NONE = 3 };

/* Opens the file such that the first row is the first that begins at `start` or later, an offset in
 * the decompressed stream. When the same compressed file was left at exactly that row, reading goes
 * on. */
int dm_input_open(struct dm_input *in, const char *path, uint64_t start, struct dm_error *err);

/* The same for a file that is a row itself: dm_document_read makes it. A file that is not there has
 * size and mtime 0. DM_EINPUT: the file can not be read; what is known of it stands in buf up to
 * `filled`. */
int dm_input_open_document(struct dm_input *in, const char *path, bool content,
                           struct dm_error *err);

/* The same when the row was made elsewhere: the path is of a file that holds, behind a line that
 * says why it is no row (or nothing), what dm_document_read made. */
int dm_input_open_made(struct dm_input *in, const char *path, struct dm_error *err);

/* Closes the file and frees all memory. */
void dm_input_finish(struct dm_input *in);

/* Drops what lies before `at` and reads on until complete rows are there. Returns DM_INPUT_ROWS;
 * DM_INPUT_LONG when the row at `at` is longer than row_bytes (its first bytes are in buf; the next
 * fill passes over the rest of it); DM_INPUT_NONE when no row begins before `until`, as within a
 * long row (compressed files, which are read in one go, are read on instead); DM_INPUT_END at the
 * end of the file (after damage, buf holds the piece of a row before it from `at` to `filled`); or
 * an error below zero. */
int dm_input_fill(struct dm_input *in, struct dm_error *err);

/* Gives the memory of the present block to *block, and goes on in that which *block had, where the
 * unread rest is copied. Returns false, and nothing has changed, when that is the beginning of a
 * long row, the block had one and took more memory than is kept, or memory is short. */
bool dm_input_trade(struct dm_input *in, struct dm_buf *block);

/* Whether the file on disk is still the one that was opened. */
bool dm_input_unchanged(const struct dm_input *in);

/* Where the next row begins in the decompressed stream. */
static inline uint64_t dm_input_offset(const struct dm_input *in)
{
    return in->base + in->at;
}

/* Whether a row stands at `at`. */
static inline bool dm_input_ready(const struct dm_input *in)
{
    return in->at < in->complete;
}

/* Goes on behind the newline that ends the row at `at`. */
static inline void dm_input_take(struct dm_input *in, const char *newline)
{
    in->taken = dm_input_offset(in);
    in->at = (size_t)(newline - in->buf) + 1;
}

#endif
