#include "run/work.h"

#include "json/sample.h"
#include "run/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct dm_work {
    struct dm_rows head; /* first: Lua's pointer is ours */
    const struct dm_settings *settings;
    struct dm_board *board;
    struct dm_stream streams[DM_STREAMS];
    struct dm_compressor *compressor;
    struct dm_json_limits limits;
    struct dm_input input;
    struct dm_buf scratch;
    struct dm_error err;
    dm_work_idle *idle;
    void *idle_arg;
    /* of the split at work */
    const struct dm_split *split;
    struct dm_result *result;
    uint32_t range;
    bool open;                 /* the range's file is open */
    const char *row, *row_end; /* the current row, without and with its newline's place */
    uint64_t row_at;           /* its offset in the file */
    const char *pass,
        *pass_end; /* rows that go out as they came in: a stretch of the input's buffer */
};

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

struct dm_work *dm_work_create(const struct dm_settings *settings, struct dm_board *board)
{
    struct dm_work *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->settings = settings;
    w->board = board;
    w->head.op = &board->op;
    dm_settings_streams(settings, w->streams);
    w->limits = (struct dm_json_limits){.depth = (uint32_t)settings->row_depth};
    w->input.row_bytes = settings->row_bytes;
    w->head.sample = dm_sample_create();
    enum dm_codec codec = w->streams[DM_ROWS].codec;
    w->compressor = codec == DM_CODEC_PLAIN ? NULL : dm_compressor_create(codec);
    if (!w->head.sample || (codec != DM_CODEC_PLAIN && !w->compressor)) {
        dm_work_destroy(w);
        return NULL;
    }
    return w;
}

void dm_work_destroy(struct dm_work *w)
{
    if (!w)
        return;
    dm_input_finish(&w->input);
    dm_compressor_destroy(w->compressor);
    dm_sample_destroy(w->head.sample);
    dm_buf_finish(&w->scratch);
    free(w);
}

void dm_work_on_idle(struct dm_work *w, dm_work_idle *idle, void *arg)
{
    w->idle = idle;
    w->idle_arg = arg;
}

struct dm_rows *dm_work_rows(struct dm_work *w)
{
    return &w->head;
}

struct dm_result *dm_result_create(const struct dm_split *split, uint32_t nops)
{
    struct dm_result *r = calloc(1, sizeof *r);
    if (!r || !dm_counts_init(&r->counts, nops)) {
        free(r);
        return NULL;
    }
    r->split = split->id;
    r->attempt = split->attempt;
    r->probe = split->probe;
    for (int i = 0; i < DM_STREAMS; i++)
        dm_output_init(&r->out[i], NULL, NULL);
    return r;
}

void dm_result_destroy(struct dm_result *r)
{
    if (!r)
        return;
    for (int i = 0; i < DM_STREAMS; i++)
        dm_output_finish(&r->out[i]);
    dm_counts_finish(&r->counts);
    free(r);
}

int dm_work_begin(struct dm_work *w, const struct dm_split *split, struct dm_result *result,
                  struct dm_error *err)
{
    w->split = split;
    w->result = result;
    w->range = 0;
    w->open = false;
    w->pass = w->pass_end = NULL;
    w->head.ops = result->counts.ops;
    if (w->compressor)
        dm_compressor_reset(w->compressor);
    w->err.status = DM_OK;
    atomic_store(&w->board->row, DM_NO_ROW);
    atomic_store(&w->board->split, split->id);
    int rc = DM_OK;
    for (int i = 0; i < DM_STREAMS && rc == DM_OK; i++) {
        dm_output_init(&result->out[i], &w->streams[i], i == DM_ROWS ? w->compressor : NULL);
        if (split->granted)
            rc = dm_output_grant(&result->out[i], split->at[i], err);
    }
    return rc;
}

static int fail(struct dm_work *w, int rc)
{
    if (rc < 0 && !w->err.status)
        dm_fail_memory(&w->err);
    return rc;
}

/* Writes the rows that go out as they came in. */
static int flush_pass(struct dm_work *w)
{
    if (w->pass == w->pass_end)
        return DM_OK;
    size_t n = (size_t)(w->pass_end - w->pass);
    int rc = dm_output_add(&w->result->out[DM_ROWS], w->pass, n, &w->err);
    w->result->counts.out_bytes += n;
    w->pass = w->pass_end = NULL;
    return rc;
}

static int add_row(struct dm_work *w, const char *p, size_t n)
{
    int rc = flush_pass(w);
    if (rc)
        return rc;
    w->result->counts.out_bytes += n;
    return dm_output_add(&w->result->out[DM_ROWS], p, n, &w->err);
}

static const struct dm_range *range_of(const struct dm_work *w)
{
    return &w->split->ranges[w->range];
}

/* The record of a drop or reject in the ledger; for rejects also the row itself. */
static int record(struct dm_work *w, struct dm_record *r)
{
    char op[256];
    dm_settings_op_name(w->settings, r->op, op, sizeof op);
    r->op_name = op;
    r->file = range_of(w)->name;
    dm_buf_clear(&w->scratch);
    if (!dm_record_ledger(&w->scratch, r))
        return dm_fail_memory(&w->err);
    int rc = dm_output_add(&w->result->out[DM_LEDGER], w->scratch.p, w->scratch.n, &w->err);
    if (rc || !r->rejected)
        return rc;
    dm_buf_clear(&w->scratch);
    if (!dm_record_reject(&w->scratch, r))
        return dm_fail_memory(&w->err);
    return dm_output_add(&w->result->out[DM_REJECTS], w->scratch.p, w->scratch.n, &w->err);
}

static int count_reason(struct dm_work *w, const struct dm_record *r)
{
    if (dm_counts_reason(&w->result->counts, r->op, r->rejected, r->reason, r->reason_bytes, 1))
        return DM_OK;
    return dm_fail_memory(&w->err);
}

static int refuse(struct dm_work *w, struct dm_record *r)
{
    if (r->rejected && w->settings->fail_on_error) {
        char op[256];
        dm_settings_op_name(w->settings, r->op, op, sizeof op);
        return dm_fail(&w->err, DM_EINPUT, "%s@%llu%s: %s: %.*s", range_of(w)->name,
                       (unsigned long long)r->offset, r->child, op, (int)r->reason_bytes,
                       r->reason);
    }
    int rc = count_reason(w, r);
    return rc ? rc : record(w, r);
}

/* A row that no operator gets to see. */
static int reject_input(struct dm_work *w, uint64_t offset, const char *p, size_t n,
                        const char *reason, bool cut)
{
    struct dm_record r = {.op = -1,
                          .offset = range_of(w)->base + offset,
                          .child = "",
                          .rejected = true,
                          .reason = reason,
                          .reason_bytes = strlen(reason),
                          .input = p,
                          .input_bytes = n,
                          .cut = cut};
    w->result->counts.bad++;
    return refuse(w, &r);
}

static int check_unchanged(struct dm_work *w)
{
    const struct dm_range *r = range_of(w);
    if (r->size == w->input.size && r->mtime == w->input.mtime && dm_input_unchanged(&w->input))
        return DM_OK;
    return dm_fail(&w->err, DM_EIO, "%s has changed since the run began; start again with --force",
                   r->path);
}

static int open_range(struct dm_work *w)
{
    const struct dm_range *r = range_of(w);
    int rc = dm_input_open(&w->input, r->path, r->start, &w->err);
    w->open = rc == DM_OK;
    atomic_store(&w->board->range, w->range);
    return rc ? rc : check_unchanged(w);
}

/* What is left of a damaged file: the piece of a row before the damage. */
static int end_of_damaged(struct dm_work *w)
{
    struct dm_input *in = &w->input;
    char reason[sizeof in->damage.text];
    memcpy(reason, in->damage.text, sizeof reason);
    w->result->counts.rows++;
    w->result->counts.bytes += in->filled - in->at;
    return reject_input(w, dm_input_offset(in), in->buf + in->at, in->filled - in->at, reason,
                        true);
}

/* Leaves the present range; `ended` when its file has no more rows. */
static int close_range(struct dm_work *w, bool ended)
{
    int rc = flush_pass(w);
    if (rc == DM_OK)
        rc = check_unchanged(w);
    if (rc == DM_OK && ended && w->input.damage.status)
        rc = end_of_damaged(w);
    w->result->input_ended = ended;
    w->open = false;
    w->range++;
    return rc;
}

static int long_row(struct dm_work *w)
{
    enum { SHOWN = 1024 };
    char reason[128];
    snprintf(reason, sizeof reason, "row is longer than limits.row_size, %llu bytes",
             (unsigned long long)w->settings->row_bytes);
    w->result->counts.rows++;
    return reject_input(w, dm_input_offset(&w->input), w->input.buf + w->input.at, SHOWN, reason,
                        true);
}

/* Has complete rows in the buffer. Returns 1, 0 at the end of the split, or an error. */
static int next_block(struct dm_work *w)
{
    for (;;) {
        if (!w->open) {
            if (w->range == w->split->nranges)
                return 0;
            int rc = open_range(w);
            if (rc)
                return rc;
        }
        if (dm_input_ready(&w->input))
            return 1;
        int rc = flush_pass(w);
        if (rc == DM_OK && w->idle)
            rc = w->idle(w->idle_arg, &w->err);
        if (rc)
            return rc;
        rc = dm_input_fill(&w->input, &w->err);
        if (rc == DM_INPUT_END)
            rc = close_range(w, true);
        else if (rc == DM_INPUT_LONG)
            rc =
                dm_input_offset(&w->input) < range_of(w)->end ? long_row(w) : close_range(w, false);
        if (rc < 0)
            return rc;
    }
}

/* The newline that ends a line of nothing but blanks, or NULL. */
static const char *blank_line(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    return *p == '\n' ? p : NULL;
}

static const struct dm_skip *find_skip(const struct dm_work *w)
{
    for (uint32_t i = 0; i < w->split->nskips; i++)
        if (w->split->skips[i].range == w->range && w->split->skips[i].offset == w->row_at)
            return &w->split->skips[i];
    return NULL;
}

/* A row that has killed a worker: it came as far as the operator that did it. */
static int reject_skipped(struct dm_work *w, const struct dm_skip *skip)
{
    struct dm_opcount *ops = w->result->counts.ops;
    for (int32_t i = 0; i < skip->op && i < (int32_t)w->result->counts.nops; i++) {
        ops[i].in++;
        ops[i].out++;
    }
    if (skip->op < (int32_t)w->result->counts.nops)
        ops[skip->op].in++;
    *w->head.op = skip->op;
    return dm_rows_reject(&w->head, "", NULL, skip->reason, strlen(skip->reason));
}

/* Parses the row; 1 when operators may see it, 0 when it was rejected. */
static int parse_row(struct dm_work *w)
{
    struct dm_error err;
    int rc = dm_sample_parse(w->head.sample, w->row, &w->row_end, &w->limits, w->input.utf8, &err);
    dm_input_take(&w->input, w->row_end);
    size_t n = (size_t)(w->row_end - w->row);
    const struct dm_skip *skip = w->split->nskips ? find_skip(w) : NULL;
    w->result->counts.rows++;
    w->result->counts.bytes += n + 1;
    if (skip)
        return reject_skipped(w, skip);
    if (n > w->settings->row_bytes)
        rc = dm_fail(&err, DM_EINPUT, "row is longer than limits.row_size, %llu bytes",
                     (unsigned long long)w->settings->row_bytes);
    if (rc == DM_EMEMORY)
        return dm_fail_memory(&w->err);
    return rc ? reject_input(w, w->row_at, w->row, n, err.text, false) : 1;
}

static void show_on_board(struct dm_work *w)
{
    uint64_t turn = atomic_load_explicit(&w->board->turn, memory_order_relaxed);
    atomic_store_explicit(&w->board->row, w->row_at, memory_order_relaxed);
    atomic_store_explicit(&w->board->turn, turn + 1, memory_order_release);
}

int dm_rows_next(struct dm_rows *rows)
{
    struct dm_work *w = (struct dm_work *)(void *)rows;
    for (;;) {
        if (!w->open || !dm_input_ready(&w->input)) {
            atomic_store_explicit(&w->board->row, DM_NO_ROW, memory_order_relaxed);
            int rc = next_block(w);
            if (rc <= 0)
                return fail(w, rc);
        }
        w->row = w->input.buf + w->input.at;
        w->row_at = dm_input_offset(&w->input);
        if (w->row_at >= range_of(w)->end) {
            int rc = close_range(w, false);
            if (rc)
                return fail(w, rc);
            continue;
        }
        if (w->split->max_rows && w->result->counts.rows == w->split->max_rows)
            return 0;
        const char *end = (unsigned char)*w->row <= ' ' ? blank_line(w->row) : NULL;
        if (end) {
            dm_input_take(&w->input, end);
            w->result->counts.blank++;
            w->result->counts.bytes += (size_t)(end - w->row) + 1;
            continue;
        }
        show_on_board(w);
        int rc = parse_row(w);
        w->head.seed = range_of(w)->base + w->row_at;
        if (rc)
            return fail(w, rc);
    }
}

/* An untouched row joins the stretch that is written as it was read. */
static int pass_row(struct dm_work *w)
{
    if (w->row_end > w->row && w->row_end[-1] == '\r') {
        int rc = add_row(w, w->row, (size_t)(w->row_end - w->row) - 1);
        return rc ? rc : add_row(w, "\n", 1);
    }
    if (w->pass_end != w->row) {
        int rc = flush_pass(w);
        if (rc)
            return rc;
        w->pass = w->row;
    }
    w->pass_end = w->row_end + 1;
    return DM_OK;
}

int dm_rows_keep(struct dm_rows *rows, struct dm_sample *sample)
{
    struct dm_work *w = (struct dm_work *)(void *)rows;
    w->result->counts.out++;
    if (sample == w->head.sample && !dm_sample_touched(sample))
        return fail(w, pass_row(w));
    dm_buf_clear(&w->scratch);
    int rc = dm_sample_write(sample, &w->scratch, &w->err);
    if (rc == DM_OK && !dm_buf_putc(&w->scratch, '\n'))
        rc = dm_fail_memory(&w->err);
    return fail(w, rc ? rc : add_row(w, w->scratch.p, w->scratch.n));
}

int dm_rows_drop(struct dm_rows *rows, const char *child, const char *reason, size_t reason_bytes,
                 int has_value, double value)
{
    struct dm_work *w = (struct dm_work *)(void *)rows;
    struct dm_record r = {.op = *rows->op,
                          .offset = range_of(w)->base + w->row_at,
                          .child = child,
                          .reason = reason,
                          .reason_bytes = reason_bytes,
                          .has_value = has_value != 0,
                          .value = value};
    w->result->counts.ops[*rows->op].dropped++;
    return fail(w, refuse(w, &r));
}

int dm_rows_reject(struct dm_rows *rows, const char *child, struct dm_sample *sample,
                   const char *reason, size_t reason_bytes)
{
    struct dm_work *w = (struct dm_work *)(void *)rows;
    struct dm_buf text = {0};
    struct dm_record r = {.op = *rows->op,
                          .offset = range_of(w)->base + w->row_at,
                          .child = child,
                          .rejected = true,
                          .reason = reason,
                          .reason_bytes = reason_bytes,
                          .input = w->row,
                          .input_bytes = (size_t)(w->row_end - w->row)};
    int rc = sample ? dm_sample_write(sample, &text, &w->err) : DM_OK;
    if (rc == DM_OK && sample) {
        r.input = text.p;
        r.input_bytes = text.n;
    }
    if (rc == DM_OK) {
        w->result->counts.ops[*rows->op].rejected++;
        rc = refuse(w, &r);
    }
    dm_buf_finish(&text);
    return fail(w, rc);
}

int dm_work_end(struct dm_work *w, int rc, struct dm_error *err)
{
    if (rc != DM_EMEMORY) /* else the row stays on the board, to be blamed */
        atomic_store(&w->board->row, DM_NO_ROW);
    if (rc == DM_OK)
        rc = flush_pass(w);
    for (int i = 0; i < DM_STREAMS && rc == DM_OK; i++)
        rc = dm_output_end(&w->result->out[i], &w->err);
    if (rc && w->err.status)
        *err = w->err;
    w->result->done = rc == DM_OK;
    return rc;
}
