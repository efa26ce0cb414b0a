#include "run/work_state.h"

#include "base/home.h"
#include "io/crc64.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

struct dm_work *dm_work_create(const struct dm_settings *settings, struct dm_board *board)
{
    struct dm_work *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->settings = settings;
    w->board = board;
    if (board->workers < (uint32_t)dm_processors()) /* one is left for it */
        w->behind = dm_behind_create();
    dm_settings_streams(settings, w->streams);
    w->streams[DM_ROWS].behind = w->behind;
    w->limits = (struct dm_json_limits){.depth = (uint32_t)settings->row_depth};
    w->input.row_bytes = settings->row_bytes;
    w->head.samples = w->samples;
    w->head.asked = calloc(settings->nops + 1, sizeof *w->head.asked);
    if (!w->head.asked) {
        dm_work_destroy(w);
        return NULL;
    }
    for (uint32_t i = 0; i < DM_BATCH_ROWS; i++) {
        w->samples[i] = dm_sample_create();
        if (!w->samples[i]) {
            dm_work_destroy(w);
            return NULL;
        }
        w->samples[i]->slot = i;
    }
    return w;
}

void dm_work_destroy(struct dm_work *w)
{
    if (!w)
        return;
    dm_input_finish(&w->input);
    for (int codec = 0; codec <= DM_CODEC_ZSTD; codec++)
        dm_compressor_destroy(w->compressors[codec]);
    for (uint32_t i = 0; i < DM_BATCH_ROWS; i++)
        dm_sample_destroy(w->samples[i]);
    dm_work_finish_held(w);
    dm_behind_destroy(w->behind);
    dm_buf_finish(&w->block);
    dm_buf_finish(&w->scratch);
    free(w->head.asked);
    free(w);
}

void dm_work_on_idle(struct dm_work *w, dm_work_idle *idle, void *arg)
{
    w->idle = idle;
    w->idle_arg = arg;
}

void dm_work_on_row(struct dm_work *w, dm_work_tell *tell, dm_work_tell *worked, bool all,
                    void *arg)
{
    w->tell = tell;
    w->tells_all = all;
    w->worked = worked;
    w->tell_arg = arg;
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
    r->part = split->part;
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

/* Readies the compressor that the split's rows need; NULL for none. */
static int ready_compressor(struct dm_work *w, enum dm_codec codec, struct dm_compressor **c)
{
    *c = NULL;
    if (codec == DM_CODEC_PLAIN)
        return DM_OK;
    if (!w->compressors[codec])
        w->compressors[codec] = dm_compressor_create(codec);
    if (!w->compressors[codec])
        return dm_fail_memory(&w->err);
    *c = w->compressors[codec];
    dm_compressor_reset(*c);
    return DM_OK;
}

/* Readies one of the outputs of the split. */
static int ready_output(struct dm_work *w, int i, struct dm_compressor *c)
{
    const struct dm_split *split = w->split;
    struct dm_output *out = &w->result->out[i];
    if (!split->part) {
        dm_output_init(out, &w->streams[i], c);
        return split->granted ? dm_output_grant(out, split->at[i], &w->err) : DM_OK;
    }
    dm_part_name(split->id, split->attempt, i, w->part_names[i], sizeof w->part_names[i]);
    w->parts[i] = (struct dm_stream){.folder = w->settings->parts,
                                     .name = w->part_names[i],
                                     .synced = true,
                                     .behind = w->streams[i].behind};
    dm_output_init(out, &w->parts[i], c);
    return dm_output_grant(out, (struct dm_place){0}, &w->err);
}

int dm_work_begin(struct dm_work *w, const struct dm_split *split, struct dm_result *result,
                  struct dm_error *err)
{
    w->split = split;
    w->result = result;
    w->range = 0;
    w->open = false;
    w->untouched = w->untouched_end = NULL;
    w->nrows = 0;
    w->current = NULL;
    dm_work_drop_held(w);
    w->head.ops = result->counts.ops;
    w->err.status = DM_OK;
    atomic_store(&w->board->row, DM_NO_ROW);
    atomic_store(&w->board->split, split->id);
    w->told_row = DM_NO_ROW;
    struct dm_compressor *compressor;
    int rc = ready_compressor(w, split->codec, &compressor);
    for (int i = 0; i < DM_STREAMS && rc == DM_OK; i++)
        rc = ready_output(w, i, i == DM_ROWS ? compressor : NULL);
    if (rc)
        *err = w->err;
    return rc;
}

static void count_output(struct dm_counts *counts, const char *p, size_t n)
{
    counts->out_bytes += n;
    counts->out_crc = dm_crc64(counts->out_crc, p, n);
}

int dm_work_put(struct dm_work *w, const char *p, size_t n)
{
    count_output(&w->result->counts, p, n);
    return dm_output_add(&w->result->out[DM_ROWS], p, n, &w->err);
}

int dm_work_flush_untouched(struct dm_work *w)
{
    if (w->untouched == w->untouched_end)
        return DM_OK;
    const char *p = w->untouched;
    size_t n = (size_t)(w->untouched_end - p);
    w->untouched = w->untouched_end = NULL;
    return dm_work_put(w, p, n);
}

/* The block has been worked on: what goes out as it came in is written, and may keep the block. */
static int leave_block(struct dm_work *w)
{
    if (w->untouched == w->untouched_end || !dm_input_trade(&w->input, &w->block))
        return dm_work_flush_untouched(w);
    size_t from = (size_t)(w->untouched - w->block.p);
    size_t n = (size_t)(w->untouched_end - w->untouched);
    w->untouched = w->untouched_end = NULL;
    count_output(&w->result->counts, w->block.p + from, n);
    return dm_output_give(&w->result->out[DM_ROWS], &w->block, from, n, &w->err);
}

/* Adds to a stream; what no operator saw waits behind the row before it. */
static int add(struct dm_work *w, int stream, const struct dm_buf *text)
{
    if (!w->filling || !w->newest)
        return dm_output_add(&w->result->out[stream], text->p, text->n, &w->err);
    struct dm_held *before = &w->held[w->newest - DM_BATCH_ROWS];
    return dm_buf_add(&before->after[stream], text->p, text->n) ? DM_OK : dm_fail_memory(&w->err);
}

/* The record of a drop or reject in the ledger; for rejects also the row itself. */
static int record(struct dm_work *w, struct dm_record *r)
{
    char op[256];
    dm_settings_op_name(w->settings, r->op, op, sizeof op);
    r->op_name = op;
    dm_buf_clear(&w->scratch);
    if (!dm_record_ledger(&w->scratch, r))
        return dm_fail_memory(&w->err);
    int rc = add(w, DM_LEDGER, &w->scratch);
    if (rc || !r->rejected)
        return rc;
    dm_buf_clear(&w->scratch);
    if (!dm_record_reject(&w->scratch, r))
        return dm_fail_memory(&w->err);
    return add(w, DM_REJECTS, &w->scratch);
}

static int count_reason(struct dm_work *w, const struct dm_record *r)
{
    if (dm_counts_reason(&w->result->counts, r->op, r->rejected, r->reason, r->reason_bytes, 1))
        return DM_OK;
    return dm_fail_memory(&w->err);
}

/* The row ends the run: whose it is, why, and what it looks like (see DM_EROW). */
static int fail_on_row(struct dm_work *w, const struct dm_record *r)
{
    enum { REASON = 400, SHOWN = 300 };
    char op[256];
    dm_settings_op_name(w->settings, r->op, op, sizeof op);
    int reason = r->reason_bytes < REASON ? (int)r->reason_bytes : REASON;
    int shown = r->input_bytes < SHOWN ? (int)r->input_bytes : SHOWN;
    return dm_fail(&w->err, DM_EROW, "%s@%llu%s\n%s\n%.*s\n%.*s", r->file,
                   (unsigned long long)r->offset, r->child, r->op < 0 ? "" : op, reason, r->reason,
                   shown, r->input);
}

int dm_work_refuse(struct dm_work *w, struct dm_record *r)
{
    if (r->rejected && w->settings->fail_on_error)
        return fail_on_row(w, r);
    int rc = count_reason(w, r);
    return rc ? rc : record(w, r);
}

/* A row that no operator gets to see. */
int dm_work_reject_input(struct dm_work *w, uint64_t offset, const char *p, size_t n,
                         const char *reason, bool cut)
{
    struct dm_record r = {.op = -1,
                          .file = dm_work_range(w)->name,
                          .offset = dm_work_range(w)->base + offset,
                          .child = "",
                          .rejected = true,
                          .reason = reason,
                          .reason_bytes = strlen(reason),
                          .input = p,
                          .input_bytes = n,
                          .cut = cut};
    w->result->counts.bad++;
    return dm_work_refuse(w, &r);
}

static int check_unchanged(struct dm_work *w)
{
    const struct dm_range *r = dm_work_range(w);
    if (r->size == w->input.size && r->mtime == w->input.mtime && dm_input_unchanged(&w->input))
        return DM_OK;
    if (faccessat(dm_home(), r->path, F_OK, 0))
        return dm_fail(&w->err, DM_EIO, "%s is not there any more", r->path);
    return dm_fail(&w->err, DM_EIO, "%s has changed since the run began\nstart again with --force",
                   r->path);
}

/* A file that can not be read; p is what is known of it. */
static int reject_document(struct dm_work *w, const char *p, size_t n, const char *reason)
{
    w->open = false;
    w->result->counts.rows++;
    w->result->counts.bytes += n;
    int rc = dm_work_reject_input(w, 0, p, n, reason, false);
    w->range++;
    return rc;
}

/* Makes the row of the present range, which stands on the board meanwhile. */
static int read_document(struct dm_work *w)
{
    bool content = w->settings->documents == DM_FILE_AS_TEXT;
    w->board->op = -1;
    atomic_store(&w->board->row, 0);
    atomic_fetch_add(&w->board->turn, 1);
    const char *path = dm_work_range(w)->path;
    int rc = w->split->staged ? dm_input_open_made(&w->input, path, &w->err)
                              : dm_input_open_document(&w->input, path, content, &w->err);
    if (rc != DM_EMEMORY)
        dm_work_rest(w);
    return rc;
}

/* Opens a range that is a file to be described, or passes over it. */
static int open_document(struct dm_work *w)
{
    const struct dm_range *r = dm_work_range(w);
    w->place = XXH3_64bits(r->name, strlen(r->name));
    if (dm_work_leaves_out(w, 0)) {
        w->range++;
        return DM_OK;
    }
    const struct dm_skip *skip = dm_work_skip(w, 0);
    if (skip && skip->op < 0)
        return reject_document(w, "", 0, skip->reason);
    atomic_store(&w->board->range, w->range);
    int rc = read_document(w);
    w->open = rc == DM_OK;
    if (rc == DM_EMEMORY)
        return rc;
    int changed = check_unchanged(w);
    if (rc == DM_OK || changed)
        return changed;
    char reason[sizeof w->err.text];
    memcpy(reason, w->err.text, sizeof reason);
    w->err.status = DM_OK;
    return reject_document(w, w->input.buf, w->input.filled, reason);
}

static int open_range(struct dm_work *w)
{
    const struct dm_range *r = dm_work_range(w);
    int rc = dm_input_open(&w->input, r->path, r->start, &w->err);
    w->open = rc == DM_OK;
    w->input.until = r->end;
    w->place = XXH3_64bits(r->name, strlen(r->name));
    atomic_store(&w->board->range, w->range);
    if (rc == DM_OK && r->base) /* the middle of standard input */
        w->input.fresh = false;
    if (rc == DM_OK && *r->damage)
        dm_fail(&w->input.damage, DM_EINPUT, "%s", r->damage);
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
    return dm_work_reject_input(w, dm_input_offset(in), in->buf + in->at, in->filled - in->at,
                                reason, true);
}

/* Leaves the present range; `ended` when its file has no more rows. */
int dm_work_close_range(struct dm_work *w, bool ended)
{
    int rc = dm_work_flush_untouched(w);
    if (rc == DM_OK)
        rc = check_unchanged(w);
    if (rc == DM_OK && ended && w->input.damage.status)
        rc = end_of_damaged(w);
    w->result->input_ended = ended;
    w->open = false;
    w->range++;
    return rc;
}

int dm_work_reject_long(struct dm_work *w, uint64_t offset, const char *p)
{
    char reason[128];
    size_t limit = w->settings->row_bytes;
    snprintf(reason, sizeof reason, "row is longer than limits.row_size, %zu bytes", limit);
    w->result->counts.rows++;
    size_t n = limit < DM_SHOWN_BYTES ? limit : DM_SHOWN_BYTES;
    return dm_work_reject_input(w, offset, p, n, reason, true);
}

/* Has complete rows in the buffer. Returns 1, 0 at the end of the split, or an error. */
int dm_work_next_block(struct dm_work *w)
{
    for (;;) {
        if (dm_work_limited(w))
            return 0;
        if (!w->open) {
            if (w->range == w->split->nranges)
                return 0;
            int rc = w->settings->documents ? open_document(w) : open_range(w);
            if (rc)
                return rc;
            if (!w->open)
                continue;
        }
        if (dm_input_ready(&w->input))
            return 1;
        int rc = leave_block(w);
        if (rc == DM_OK && w->idle)
            rc = w->idle(w->idle_arg, &w->err);
        if (rc)
            return rc;
        rc = dm_input_fill(&w->input, &w->err);
        if (rc == DM_INPUT_END)
            rc = dm_work_close_range(w, true);
        else if (rc == DM_INPUT_NONE)
            rc = dm_work_close_range(w, false);
        else if (rc == DM_INPUT_LONG)
            rc =
                dm_input_offset(&w->input) < dm_work_range(w)->end
                    ? dm_work_reject_long(w, dm_input_offset(&w->input), w->input.buf + w->input.at)
                    : dm_work_close_range(w, false);
        if (rc < 0)
            return rc;
    }
}

int dm_work_end(struct dm_work *w, int rc, struct dm_error *err)
{
    if (rc != DM_EMEMORY) /* else the row stays on the board, to be blamed */
        atomic_store(&w->board->row, DM_NO_ROW);
    if (rc == DM_OK)
        rc = dm_work_flush_untouched(w);
    for (int i = 0; i < DM_STREAMS && rc == DM_OK; i++)
        rc = dm_output_end(&w->result->out[i], &w->err);
    if (rc && w->err.status)
        *err = w->err;
    w->result->done = rc == DM_OK;
    return rc;
}
