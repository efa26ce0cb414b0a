/* The state of a worker's work, shared by work.c (a split from its begin to its end) and rows.c
 * (what Lua does with rows). */
#ifndef DM_RUN_WORK_STATE_H
#define DM_RUN_WORK_STATE_H

#include "json/sample.h"
#include "run/record.h"
#include "run/work.h"

/* Rows that operators see at a time, and the bytes of input after which no more are added: so many
 * that each operator's loop is worth compiling, so few that they stay in the cache. */
enum { DM_BATCH_ROWS = 64, DM_BATCH_BYTES = 64 * 1024 };

/* What the rejects keep of a row that is too long. */
enum { DM_SHOWN_BYTES = 1024 };

struct dm_row {
    const char *p, *end; /* without and with its newline's place */
    uint64_t at;         /* its offset in the file */
};

/* A row that waits while others go on (hold.c). */
struct dm_held {
    struct dm_row row;        /* in `bytes` */
    struct dm_sample *sample; /* the row's own; NULL when it has gone another way */
    char *bytes;
    uint32_t refs; /* 0: free */
    uint32_t range;
    uint64_t place;
    struct dm_buf after[DM_STREAMS]; /* records of rows behind it that no operator saw */
};

struct dm_work {
    struct dm_rows head; /* first: Lua's pointer is ours */
    const struct dm_settings *settings;
    struct dm_board *board;
    struct dm_stream streams[DM_STREAMS];
    struct dm_stream parts[DM_STREAMS]; /* of the split at work, when its output is to be a part */
    char part_names[DM_STREAMS][48];
    struct dm_compressor *compressors[DM_CODEC_ZSTD + 1]; /* made when first needed */
    struct dm_behind *behind;
    struct dm_json_limits limits;
    struct dm_input input;
    struct dm_buf block; /* memory for the input, when that of a block is given away */
    struct dm_buf scratch;
    struct dm_error err;
    dm_work_idle *idle;
    void *idle_arg;
    uint64_t idle_ms;     /* when it was called last */
    dm_work_tell *tell;   /* of rows of told splits */
    dm_work_tell *worked; /* when an operator leaves a row of those worked on one at a time */
    bool tells_all;       /* or any row */
    void *tell_arg;
    uint64_t told_row; /* the last that was told of, and its range */
    uint32_t told_range;
    /* of the split at work */
    const struct dm_split *split;
    struct dm_result *result;
    uint32_t range;
    bool open;      /* the range's file is open */
    uint64_t place; /* hash of its name: with the offset, what is random in a row hangs on it */
    /* of the rows at hand, all of one block of input */
    struct dm_sample *samples[DM_BATCH_ROWS];
    struct dm_row rows[DM_BATCH_ROWS];
    uint32_t nrows;
    struct dm_sample *current; /* whose nodes are good */
    const char *untouched;     /* a stretch of the block: rows that go out as they came in */
    const char *untouched_end; /* the same as `untouched` when there are none */
    bool filling;              /* what is refused now was not seen by any operator */
    /* of rows that wait; Lua counts them from DM_BATCH_ROWS */
    struct dm_held *held;
    uint32_t nheld, held_cap;
    uint32_t held_as[DM_BATCH_ROWS]; /* of the rows at hand: where they are held; 0: nowhere */
    uint32_t newest;                 /* held last; 0: none is held */
    uint32_t *free_held, nfree_held; /* places in `held` */
    struct dm_sample **spare;        /* samples for the places of those that wait */
    uint32_t nspare;
    uint64_t entered; /* when the one at work went on: dm_ticks */
};

static inline const struct dm_range *dm_work_range(const struct dm_work *w)
{
    return &w->split->ranges[w->range];
}

/* Whether the row at that offset of the present range is one that has ended a worker; NULL: not. */
static inline const struct dm_skip *dm_work_skip(const struct dm_work *w, uint64_t at)
{
    for (uint32_t i = 0; i < w->split->nskips; i++)
        if (w->split->skips[i].range == w->range && w->split->skips[i].offset == at)
            return &w->split->skips[i];
    return NULL;
}

/* Row i as Lua counts: of the batch, or one that waits. */
static inline const struct dm_row *dm_work_row(const struct dm_work *w, uint32_t i)
{
    return i < DM_BATCH_ROWS ? &w->rows[i] : &w->held[i - DM_BATCH_ROWS].row;
}

/* Which range of the split it is of. */
static inline uint32_t dm_work_row_range(const struct dm_work *w, uint32_t i)
{
    return i < DM_BATCH_ROWS ? w->range : w->held[i - DM_BATCH_ROWS].range;
}

/* --limit: no more rows are read. */
static inline bool dm_work_limited(const struct dm_work *w)
{
    return w->split->max_rows && w->result->counts.rows >= w->split->max_rows;
}

/* The worker is between rows: whatever happens now is no row's fault. */
static inline void dm_work_rest(struct dm_work *w)
{
    atomic_store_explicit(&w->board->row, DM_NO_ROW, memory_order_relaxed);
}

/* Mixes the bits of x; after Steele, Lea, Flood, "Fast splittable pseudorandom number generators"
 * (2014). */
static inline uint64_t dm_work_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* The seed of random numbers: depends on the row's place (its file's hash and its offset), the
 * operator and the child alone. */
static inline double dm_work_seed(uint64_t place, uint32_t op, uint32_t child)
{
    return (double)(dm_work_mix(dm_work_mix(place) + ((uint64_t)op << 32 | child)) >> 11);
}

/* Writes bytes of rows behind those written so far. */
int dm_work_put(struct dm_work *w, const char *p, size_t n);

/* Whether a line is nothing but blanks, which makes it no row. */
static inline bool dm_work_is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p == end;
}

/* What decides whether a row is in its file's share; another number than what --sample goes by. */
static inline uint64_t dm_work_share(uint64_t place)
{
    return dm_work_mix(dm_work_mix(place) + 1);
}

/* Whether the row at that offset of the present range is left out of the sample that was asked for,
 * or of its file's share. */
static inline bool dm_work_leaves_out(const struct dm_work *w, uint64_t offset)
{
    const struct dm_range *r = dm_work_range(w);
    uint64_t place = w->place + r->base + offset;
    return (w->settings->sampled && dm_work_mix(place) >= w->settings->sampled) ||
           (r->share && dm_work_share(place) >= r->share);
}

/* Writes the rows that go out as they came in. */
int dm_work_flush_untouched(struct dm_work *w);

/* Forgets the rows that wait, when a split is given up; frees what they need. */
void dm_work_drop_held(struct dm_work *w);
void dm_work_finish_held(struct dm_work *w);

/* Notes that other rows are at hand. */
static inline void dm_work_new_batch(struct dm_work *w)
{
    if (w->nheld)
        memset(w->held_as, 0, sizeof w->held_as);
}

/* Enters a drop or reject in the ledger, the rejects and the counts of reasons. */
int dm_work_refuse(struct dm_work *w, struct dm_record *r);

/* Has complete rows of the split in the input's buffer. Returns 1, 0 at the end of the split, or an
 * error. */
int dm_work_next_block(struct dm_work *w);

/* Leaves the present range; `ended` when its file has no more rows. */
int dm_work_close_range(struct dm_work *w, bool ended);

/* Rejects a row of the present range that no operator gets to see. */
int dm_work_reject_input(struct dm_work *w, uint64_t offset, const char *p, size_t n,
                         const char *reason, bool cut);

/* Rejects the row at p, which is over the limit. Whether all of it stands in the buffer depends on
 * what was read before it, so no more than a beginning is kept that is there in any case, and its
 * bytes are not counted. */
int dm_work_reject_long(struct dm_work *w, uint64_t offset, const char *p);

#endif
