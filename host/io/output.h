/* What one split adds to one stream (rows, rejects or ledger). Until the place is known at which it
 * goes (all earlier splits' lengths), it is held in memory and spilled to an unlinked file over a
 * bound; once granted a place it is written there, cut into shards at row ends. */
#ifndef DM_IO_OUTPUT_H
#define DM_IO_OUTPUT_H

#include "io/behind.h"
#include "io/compress.h"

/* A stream's files: one, or shards numbered from 0. Shared by all splits; borrowed by their
 * outputs. */
struct dm_stream {
    const char *folder;   /* where the files are written */
    const char *name;     /* "rejects.jsonl", or the ending of numbered shards: ".jsonl.zst" */
    bool numbered;        /* file names are 00000<name>, 00001<name>, ... */
    bool synced;          /* files are synced before they are closed */
    uint64_t shard_bytes; /* a shard ends with the first row at which it reaches this; 0: never */
    struct dm_behind *behind; /* writes what is given; borrowed. NULL: it is written at once */
};

/* A position in a stream. */
struct dm_place {
    uint64_t shard;
    uint64_t offset;
};

struct dm_output {
    const struct dm_stream *stream;
    struct dm_compressor *compressor; /* NULL for plain; borrowed until the end */
    bool compressed;
    struct dm_buf held; /* bytes that are not written yet */
    int spill;          /* file with the bytes before those, or -1 */
    uint64_t spilled;
    bool granted;
    struct dm_place at; /* where the next byte goes, once granted */
    int fd;             /* of shard number fd_shard, or -1 */
    uint64_t fd_shard;
};

/* Writes the path of a shard to buf of size n; false when it does not fit. */
bool dm_stream_path(const struct dm_stream *s, uint64_t shard, char *buf, size_t n);

/* Begins an output without a place. */
void dm_output_init(struct dm_output *o, const struct dm_stream *s, struct dm_compressor *c);

/* Closes files and frees memory; what was not written is lost. */
void dm_output_finish(struct dm_output *o);

/* Appends whole rows (the last byte of every row is a newline, though a call may end inside a row).
 */
int dm_output_add(struct dm_output *o, const char *p, size_t n, struct dm_error *err);

/* The same for n bytes at `from` of a buffer whose memory may be kept until they are written: then
 * *buf is given other memory, empty. */
int dm_output_give(struct dm_output *o, struct dm_buf *buf, size_t from, size_t n,
                   struct dm_error *err);

/* Tells where the output goes; what was held is written there at once. */
int dm_output_grant(struct dm_output *o, struct dm_place at, struct dm_error *err);

/* Appends the first n bytes of a file, whole rows as dm_output_add takes them, to an output that
 * has a place and holds nothing. Where the system can, they do not pass through this process. */
int dm_output_append(struct dm_output *o, int fd, uint64_t n, struct dm_error *err);

/* No more rows: ends a compressed frame, and writes all if there is a place. Files that are at hand
 * are closed. */
int dm_output_end(struct dm_output *o, struct dm_error *err);

/* Moves what is held to the spill file, so that no memory is kept. */
int dm_output_spill(struct dm_output *o, struct dm_error *err);

#endif
