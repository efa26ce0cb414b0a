/* Rows that wait. The rows of a batch share a block of input and samples that are used again; one
 * that is to outlive its batch gets a copy of its bytes and takes its sample along. */
#include "json/tree.h"
#include "run/work_state.h"

#include <stdlib.h>
#include <uv.h>

enum { SPARE_SAMPLES = 256, FIRST_HELD = 64 };

static struct dm_work *work_of(struct dm_rows *rows)
{
    return (struct dm_work *)(void *)rows;
}

static struct dm_held *held_of(const struct dm_work *w, uint32_t i)
{
    return &w->held[i - DM_BATCH_ROWS];
}

/* Room for at least one more row. */
static bool grow(struct dm_work *w)
{
    uint32_t cap = w->held_cap ? w->held_cap * 2 : FIRST_HELD;
    struct dm_held *held = realloc(w->held, cap * sizeof *held);
    if (held)
        w->held = held;
    uint32_t *places = realloc(w->free_held, cap * sizeof *places);
    if (places)
        w->free_held = places;
    if (!held || !places)
        return false;
    memset(held + w->held_cap, 0, (cap - w->held_cap) * sizeof *held);
    for (uint32_t i = cap; i > w->held_cap; i--)
        places[w->nfree_held++] = i - 1 + DM_BATCH_ROWS;
    w->held_cap = cap;
    return true;
}

/* A copy of the row, with its newline and the slack that readers of JSON need. */
static bool copy_row(struct dm_held *h, const struct dm_row *row)
{
    size_t n = (size_t)(row->end - row->p) + 1;
    h->bytes = malloc(n + DM_JSON_SLACK);
    if (!h->bytes)
        return false;
    memcpy(h->bytes, row->p, n);
    memset(h->bytes + n, 0, DM_JSON_SLACK);
    h->row = (struct dm_row){.p = h->bytes, .end = h->bytes + n - 1, .at = row->at};
    return true;
}

/* Another sample for the place of one that goes. */
static struct dm_sample *take_spare(struct dm_work *w)
{
    return w->nspare ? w->spare[--w->nspare] : dm_sample_create();
}

static void keep_spare(struct dm_work *w, struct dm_sample *s)
{
    if (!w->spare)
        w->spare = malloc(SPARE_SAMPLES * sizeof *w->spare);
    if (!w->spare || w->nspare == SPARE_SAMPLES) {
        dm_sample_destroy(s);
        return;
    }
    dm_sample_trim(s);
    w->spare[w->nspare++] = s;
}

/* Moves the row's own sample from the batch to the held row, nodes and all. */
static bool move_sample(struct dm_work *w, uint32_t i, struct dm_held *h)
{
    struct dm_sample *fresh = take_spare(w), *s = w->samples[i];
    if (!fresh)
        return false;
    fresh->slot = i;
    w->samples[i] = fresh;
    s->base[0] = h->bytes;
    s->slot = DM_SLOTS / 2 + i % (DM_SLOTS / 2);
    h->sample = s;
    dm_sample_tighten(s);
    return true;
}

static void give_back(struct dm_work *w, uint32_t i)
{
    struct dm_held *h = held_of(w, i);
    free(h->bytes);
    for (int k = 0; k < DM_STREAMS; k++)
        dm_buf_finish(&h->after[k]);
    if (h->sample)
        keep_spare(w, h->sample);
    *h = (struct dm_held){0};
    w->free_held[w->nfree_held++] = i;
    w->nheld--;
    if (w->newest == i)
        w->newest = 0;
    for (uint32_t k = 0; k < DM_BATCH_ROWS; k++)
        if (w->held_as[k] == i)
            w->held_as[k] = 0;
}

static int hold_batch_row(struct dm_work *w, uint32_t i, struct dm_sample *sample)
{
    if (!w->nfree_held && !grow(w))
        return dm_fail_memory(&w->err);
    uint32_t place = w->free_held[--w->nfree_held];
    struct dm_held *h = held_of(w, place);
    w->nheld++;
    h->refs = 1;
    h->range = w->range;
    h->place = w->place;
    if (!copy_row(h, &w->rows[i]) || (sample == w->samples[i] && !move_sample(w, i, h))) {
        give_back(w, place);
        return dm_fail_memory(&w->err);
    }
    w->held_as[i] = w->newest = place;
    return (int)place;
}

int dm_rows_hold(struct dm_rows *rows, uint32_t i, struct dm_sample *sample)
{
    struct dm_work *w = work_of(rows);
    uint32_t place = i < DM_BATCH_ROWS ? w->held_as[i] : i;
    if (!place)
        return hold_batch_row(w, i, sample);
    held_of(w, place)->refs++;
    return (int)place;
}

int dm_rows_release(struct dm_rows *rows, uint32_t i)
{
    struct dm_work *w = work_of(rows);
    struct dm_held *h = held_of(w, i);
    int rc = DM_OK;
    if (--h->refs)
        return DM_OK;
    for (int k = 0; k < DM_STREAMS && rc == DM_OK; k++)
        if (h->after[k].n)
            rc = dm_output_add(&w->result->out[k], h->after[k].p, h->after[k].n, &w->err);
    give_back(w, i);
    return rc;
}

double dm_rows_bytes(struct dm_rows *rows, uint32_t i, const struct dm_sample *sample)
{
    const struct dm_row *row = dm_work_row(work_of(rows), i);
    return (double)(row->end - row->p) + (sample ? dm_sample_memory(sample) : 0);
}

int dm_rows_followed(struct dm_rows *rows, uint32_t i)
{
    return held_of(work_of(rows), i)->after[DM_LEDGER].n > 0;
}

void dm_rows_enter(struct dm_rows *rows, struct dm_sample *sample, uint32_t i, uint32_t op,
                   uint32_t child, uint32_t turn)
{
    dm_rows_at(rows, sample, i, op, child);
    rows->seed += turn;
    work_of(rows)->entered = dm_ticks();
}

void dm_rows_leave(struct dm_rows *rows, uint32_t op, int ended)
{
    struct dm_work *w = work_of(rows);
    rows->ops[op].ticks += dm_ticks() - w->entered;
    if (ended) {
        dm_rows_rest(rows);
        return;
    }
    dm_work_rest(w);
    w->current = NULL;
}

int dm_rows_idle(struct dm_rows *rows)
{
    struct dm_work *w = work_of(rows);
    int rc = dm_work_flush_untouched(w);
    w->idle_ms = uv_hrtime() / 1000000;
    return rc || !w->idle ? rc : w->idle(w->idle_arg, &w->err);
}

int dm_rows_fail(struct dm_rows *rows, const char *text)
{
    return dm_fail(&work_of(rows)->err, DM_EIO, "%s", text);
}

void dm_work_drop_held(struct dm_work *w)
{
    for (uint32_t i = 0; i < w->held_cap && w->nheld; i++)
        if (w->held[i].refs)
            give_back(w, i + DM_BATCH_ROWS);
    memset(w->held_as, 0, sizeof w->held_as);
}

void dm_work_finish_held(struct dm_work *w)
{
    dm_work_drop_held(w);
    while (w->nspare)
        dm_sample_destroy(w->spare[--w->nspare]);
    free(w->spare);
    free(w->held);
    free(w->free_held);
}
