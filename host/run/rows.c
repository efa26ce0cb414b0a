/* The rows of a split as Lua works on them: a batch of samples at a time, all of one block of
 * input. */
#include "run/work_state.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

uint64_t dm_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

static struct dm_work *work_of(struct dm_rows *rows)
{
    return (struct dm_work *)(void *)rows;
}

static int fail(struct dm_work *w, int rc)
{
    if (rc < 0 && !w->err.status)
        dm_fail_memory(&w->err);
    return rc;
}

/* The newline that ends a line of nothing but blanks, or NULL. */
static const char *blank_line(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    return *p == '\n' ? p : NULL;
}

/* A row that has ended a worker: it came as far as the operator that did it, or was not even read.
 */
static int reject_skipped(struct dm_work *w, const struct dm_skip *skip)
{
    const struct dm_row *row = &w->rows[0];
    if (skip->op < 0)
        return dm_work_reject_input(w, row->at, row->p, (size_t)(row->end - row->p), skip->reason,
                                    false);
    struct dm_opcount *ops = w->result->counts.ops;
    for (int32_t i = 0; i < skip->op && i < (int32_t)w->result->counts.nops; i++) {
        ops[i].in++;
        ops[i].out++;
    }
    if (skip->op < (int32_t)w->result->counts.nops)
        ops[skip->op].in++;
    return dm_rows_reject(&w->head, 0, skip->op, "", NULL, skip->reason, strlen(skip->reason));
}

/* Goes on behind the row. */
static void take(struct dm_work *w, const struct dm_row *row)
{
    dm_input_take(&w->input, row->end);
    w->result->counts.rows++;
    w->result->counts.bytes += (size_t)(row->end - row->p) + 1;
}

/* A row that operators do not get to see; nothing when rows before it are still to be worked on. */
static int set_aside(struct dm_work *w, const struct dm_skip *skip, const char *reason)
{
    if (w->nrows)
        return 0;
    struct dm_row *row = &w->rows[0];
    size_t n = (size_t)(row->end - row->p);
    take(w, row);
    int rc =
        skip ? reject_skipped(w, skip) : dm_work_reject_input(w, row->at, row->p, n, reason, false);
    return rc ? rc : 1;
}

/* The same for a row over the limit. */
static int set_long_aside(struct dm_work *w, const struct dm_row *row)
{
    if (w->nrows)
        return 0;
    dm_input_take(&w->input, row->end);
    int rc = dm_work_reject_long(w, row->at, row->p);
    return rc ? rc : 1;
}

static const char *end_of_line(const struct dm_work *w, const char *p)
{
    return memchr(p, '\n', (size_t)(w->input.buf + w->input.complete - p));
}

/* The row's tree does not fit into memory: it is tried without others beside it, then blamed. */
static int too_large(struct dm_work *w, const struct dm_row *row)
{
    dm_sample_trim(w->samples[w->nrows]);
    if (w->nrows)
        return 0;
    w->board->op = -1;
    atomic_store(&w->board->row, row->at);
    return dm_fail_memory(&w->err);
}

/* Adds the row at the input's place to the batch. Returns 1 when more may follow, 0 when the batch
 * ends before it. */
static int add_row(struct dm_work *w)
{
    struct dm_error err;
    struct dm_row *row = &w->rows[w->nrows];
    struct dm_sample *sample = w->samples[w->nrows];
    *row = (struct dm_row){.p = w->input.buf + w->input.at, .at = dm_input_offset(&w->input)};
    const struct dm_skip *skip = w->split->nskips ? dm_work_skip(w, row->at) : NULL;
    int rc = DM_OK;
    if (skip)
        row->end = end_of_line(w, row->p);
    else
        rc = dm_sample_parse(sample, row->p, &row->end, &w->limits, w->input.utf8, &err);
    size_t n = (size_t)(row->end - row->p);
    if (rc == DM_EMEMORY)
        return too_large(w, row);
    if (n > w->settings->row_bytes)
        return set_long_aside(w, row);
    if (rc || skip)
        return set_aside(w, skip, err.text);
    take(w, row);
    w->nrows++;
    return 1;
}

/* Passes over the line at the input's place. */
static int skip_line(struct dm_work *w, const char *end)
{
    w->result->counts.bytes += (size_t)(end - (w->input.buf + w->input.at)) + 1;
    dm_input_take(&w->input, end);
    return 1;
}

/* Adds the line at the input's place. Returns as add_row. */
static int add_line(struct dm_work *w)
{
    const char *p = w->input.buf + w->input.at;
    const char *end = (unsigned char)*p <= ' ' ? blank_line(p) : NULL;
    if (dm_work_limited(w))
        return 0;
    if (!end && dm_work_leaves_out(w, dm_input_offset(&w->input)))
        return skip_line(w, end_of_line(w, p));
    if (!end)
        return add_row(w);
    w->result->counts.blank++;
    return skip_line(w, end);
}

/* Adds lines of the present block until the batch is full. Returns as add_row. */
static int add_lines(struct dm_work *w)
{
    size_t from = w->input.at;
    uint32_t most = w->split->single ? 1 : DM_BATCH_ROWS;
    while (dm_input_ready(&w->input) && w->nrows < most && w->input.at - from < DM_BATCH_BYTES) {
        if (dm_input_offset(&w->input) >= dm_work_range(w)->end)
            return w->nrows ? 0 : dm_work_close_range(w, false);
        int rc = add_line(w);
        if (rc <= 0)
            return rc;
    }
    return 1;
}

/* Rows may be slow, and hundreds of them in one block. */
static int rest_between_batches(struct dm_work *w)
{
    enum { IDLE_MS = 100 };
    return uv_hrtime() / 1000000 - w->idle_ms < IDLE_MS ? DM_OK : dm_rows_idle(&w->head);
}

int dm_rows_fill(struct dm_rows *rows)
{
    struct dm_work *w = work_of(rows);
    dm_rows_rest(rows);
    for (uint32_t i = 0; i < w->nrows; i++)
        dm_sample_trim(w->samples[i]);
    w->nrows = 0;
    int rc = rest_between_batches(w);
    dm_work_new_batch(w);
    w->filling = true;
    while (!w->nrows && rc >= 0) {
        rc = dm_work_next_block(w);
        if (rc <= 0)
            break;
        rc = add_lines(w);
    }
    w->filling = false;
    return rc < 0 ? fail(w, rc) : (int)w->nrows;
}

static bool is_fork;

static void note_fork(void)
{
    is_fork = true;
}

void dm_rows_watch_forks(void)
{
    static bool watched;
    if (!watched)
        pthread_atfork(NULL, NULL, note_fork);
    watched = true;
}

void dm_rows_leave_fork(void)
{
    if (is_fork)
        _exit(0);
}

/* An operator has done its work on a row, which still stands on the board. */
static inline void tell_worked(const struct dm_work *w)
{
    dm_rows_leave_fork();
    if (w->current && w->worked && (w->tells_all || w->split->single || w->split->probe))
        w->worked(w->tell_arg);
}

void dm_rows_at(struct dm_rows *rows, struct dm_sample *sample, uint32_t i, uint32_t op,
                uint32_t child)
{
    struct dm_work *w = work_of(rows);
    tell_worked(w);
    const struct dm_row *row = dm_work_row(w, i);
    uint32_t range = dm_work_row_range(w, i);
    uint64_t turn = atomic_load_explicit(&w->board->turn, memory_order_relaxed);
    if (w->current)
        dm_sample_seal(w->current);
    w->current = sample;
    w->board->op = (int32_t)op;
    atomic_store_explicit(&w->board->range, range, memory_order_relaxed);
    atomic_store_explicit(&w->board->row, row->at, memory_order_relaxed);
    atomic_store_explicit(&w->board->turn, turn + 1, memory_order_release);
    uint64_t place = i < DM_BATCH_ROWS ? w->place : w->held[i - DM_BATCH_ROWS].place;
    place += w->split->ranges[range].base + row->at;
    rows->seed = dm_work_seed(place, op, child);
    if (w->split->told && (w->split->probe || w->told_row != row->at || w->told_range != range)) {
        w->told_row = row->at;
        w->told_range = range;
        w->tell(w->tell_arg);
    }
}

int dm_rows_op(const struct dm_rows *rows)
{
    const struct dm_work *w = (const struct dm_work *)(const void *)rows;
    return w->current ? w->board->op : -1;
}

void dm_rows_rest(struct dm_rows *rows)
{
    struct dm_work *w = work_of(rows);
    tell_worked(w);
    dm_work_rest(w);
    if (w->current)
        dm_sample_seal(w->current);
    w->current = NULL;
}

static int write_bytes(struct dm_work *w, const char *p, size_t n)
{
    int rc = dm_work_flush_untouched(w);
    if (rc)
        return rc;
    return dm_work_put(w, p, n);
}

static bool ends_in_cr(const struct dm_row *row)
{
    return row->end > row->p && row->end[-1] == '\r';
}

/* An untouched row whose bytes will not be there for long. */
static int write_held(struct dm_work *w, const struct dm_row *row)
{
    size_t n = (size_t)(row->end - row->p);
    if (!ends_in_cr(row))
        return write_bytes(w, row->p, n + 1);
    int rc = write_bytes(w, row->p, n - 1);
    return rc ? rc : write_bytes(w, "\n", 1);
}

/* An untouched row joins the stretch that is written as it was read. */
static int keep_untouched(struct dm_work *w, const struct dm_row *row)
{
    if (ends_in_cr(row))
        return write_held(w, row);
    if (w->untouched_end != row->p) {
        int rc = dm_work_flush_untouched(w);
        if (rc)
            return rc;
        w->untouched = row->p;
    }
    w->untouched_end = row->end + 1;
    return DM_OK;
}

int dm_rows_keep(struct dm_rows *rows, uint32_t i, struct dm_sample *sample)
{
    struct dm_work *w = work_of(rows);
    w->result->counts.out++;
    if (!dm_sample_touched(sample)) {
        if (i >= DM_BATCH_ROWS && sample == w->held[i - DM_BATCH_ROWS].sample)
            return fail(w, write_held(w, dm_work_row(w, i)));
        if (i < DM_BATCH_ROWS && sample == w->samples[i])
            return fail(w, keep_untouched(w, &w->rows[i]));
    }
    dm_buf_clear(&w->scratch);
    int rc = dm_sample_write(sample, &w->scratch, &w->err);
    if (rc == DM_OK && !dm_buf_putc(&w->scratch, '\n'))
        rc = dm_fail_memory(&w->err);
    return fail(w, rc ? rc : write_bytes(w, w->scratch.p, w->scratch.n));
}

int dm_rows_keep_all(struct dm_rows *rows)
{
    const struct dm_work *w = work_of(rows);
    int rc = DM_OK;
    for (uint32_t i = 0; i < w->nrows && rc == DM_OK; i++)
        rc = dm_rows_keep(rows, i, w->samples[i]);
    return rc;
}

static struct dm_record record_of(const struct dm_work *w, uint32_t i, int32_t op,
                                  const char *child, const char *reason, size_t reason_bytes)
{
    const struct dm_range *range = &w->split->ranges[dm_work_row_range(w, i)];
    return (struct dm_record){.op = op,
                              .file = range->name,
                              .offset = range->base + dm_work_row(w, i)->at,
                              .child = child,
                              .reason = reason,
                              .reason_bytes = reason_bytes};
}

int dm_rows_drop(struct dm_rows *rows, uint32_t i, int32_t op, const char *child,
                 const char *reason, size_t reason_bytes, int has_value, double value)
{
    struct dm_work *w = work_of(rows);
    struct dm_record r = record_of(w, i, op, child, reason, reason_bytes);
    r.has_value = has_value != 0;
    r.value = value;
    w->result->counts.ops[op].dropped++;
    return fail(w, dm_work_refuse(w, &r));
}

int dm_rows_reject(struct dm_rows *rows, uint32_t i, int32_t op, const char *child,
                   struct dm_sample *sample, const char *reason, size_t reason_bytes)
{
    struct dm_work *w = work_of(rows);
    struct dm_buf text = {0};
    struct dm_record r = record_of(w, i, op, child, reason, reason_bytes);
    r.rejected = true;
    r.input = dm_work_row(w, i)->p;
    r.input_bytes = (size_t)(dm_work_row(w, i)->end - r.input);
    int rc = sample ? dm_sample_write(sample, &text, &w->err) : DM_OK;
    if (rc == DM_OK && sample) {
        r.input = text.p;
        r.input_bytes = text.n;
    }
    if (rc == DM_OK) {
        w->result->counts.ops[op].rejected++;
        rc = dm_work_refuse(w, &r);
    }
    dm_buf_finish(&text);
    return fail(w, rc);
}
