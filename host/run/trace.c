#include "run/trace.h"

#include "run/work_state.h"

#include <stdlib.h>
#include <xxhash.h>

enum { PADDING = 128 }; /* that vector reads need behind a row */

struct dm_tracer {
    struct dm_trace head; /* first: Lua's pointer is ours */
    const struct dm_settings *settings;
    struct dm_board *board;
    struct dm_buf row, written;
    struct dm_sample *current; /* whose nodes are good */
    uint64_t offset, place;    /* of the row at hand */
};

static struct dm_tracer *tracer_of(struct dm_trace *t)
{
    return (struct dm_tracer *)(void *)t;
}

struct dm_tracer *dm_tracer_create(const struct dm_settings *settings, struct dm_board *board)
{
    struct dm_tracer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->settings = settings;
    t->board = board;
    t->head.sample = dm_sample_create();
    if (t->head.sample)
        return t;
    free(t);
    return NULL;
}

void dm_tracer_destroy(struct dm_tracer *t)
{
    if (!t)
        return;
    dm_sample_destroy(t->head.sample);
    dm_buf_finish(&t->head.reply);
    dm_buf_finish(&t->row);
    dm_buf_finish(&t->written);
    free(t);
}

struct dm_trace *dm_tracer_request(struct dm_tracer *t, const char *p, size_t n)
{
    t->head.request = p;
    t->head.request_bytes = n;
    dm_buf_clear(&t->head.reply);
    return &t->head;
}

int dm_trace_row(struct dm_trace *head, const char *p, size_t n, const char *name, double offset,
                 struct dm_error *err)
{
    struct dm_tracer *t = tracer_of(head);
    struct dm_json_limits limits = {.depth = (uint32_t)t->settings->row_depth};
    const char *end;
    dm_trace_rest(head);
    dm_sample_trim(head->sample);
    dm_buf_clear(&t->row);
    if (!dm_buf_reserve(&t->row, n + PADDING))
        return dm_fail_memory(err);
    memset(t->row.p + n, 0, PADDING);
    dm_buf_add(&t->row, p, n);
    t->row.p[n] = '\n';
    t->offset = (uint64_t)offset;
    t->place = XXH3_64bits(name, strlen(name)) + t->offset;
    return dm_sample_parse(head->sample, t->row.p, &end, &limits, false, err);
}

void dm_trace_at(struct dm_trace *head, struct dm_sample *sample, int32_t op, uint32_t child)
{
    struct dm_tracer *t = tracer_of(head);
    uint64_t turn = atomic_load_explicit(&t->board->turn, memory_order_relaxed);
    if (t->current)
        dm_sample_seal(t->current);
    t->current = sample;
    t->board->op = op;
    atomic_store_explicit(&t->board->row, t->offset, memory_order_relaxed);
    atomic_store_explicit(&t->board->turn, turn + 1, memory_order_release);
    head->seed = dm_work_seed(t->place, (uint32_t)op, child);
}

void dm_trace_suspend(struct dm_trace *head)
{
    struct dm_tracer *t = tracer_of(head);
    atomic_store_explicit(&t->board->row, DM_NO_ROW, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->board->turn, 1, memory_order_release);
    t->current = NULL;
}

void dm_trace_rest(struct dm_trace *head)
{
    struct dm_tracer *t = tracer_of(head);
    atomic_store_explicit(&t->board->row, DM_NO_ROW, memory_order_relaxed);
    if (t->current)
        dm_sample_seal(t->current);
    t->current = NULL;
}

double dm_trace_hash(struct dm_trace *head, struct dm_sample *sample)
{
    struct dm_tracer *t = tracer_of(head);
    struct dm_error err;
    dm_buf_clear(&t->written);
    if (dm_sample_write(sample, &t->written, &err))
        return 0;
    return (double)(XXH3_64bits(t->written.p, t->written.n) >> 11);
}
