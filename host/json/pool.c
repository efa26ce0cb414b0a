/* Samples that Lua makes. A struct stays allocated for as long as nodes may point at it. */
#include "json/index.h"

#include <stdlib.h>

enum {
    KEPT_BYTES = 64 << 10, /* memory that a pooled sample keeps */
    KEPT_SAMPLES = 256,    /* how many of them keep it */
    USUAL_BYTES = 1024     /* that a sample takes beside its text */
};

static struct dm_sample *pool;
static uint32_t pool_size;
static double alive; /* bytes of those that are not in the pool */

double dm_sample_alive(void)
{
    return alive;
}

static struct dm_sample *take(void)
{
    struct dm_sample *s = pool;
    if (!s)
        return dm_sample_create();
    if (!s->cap && !dm_sample_grow(s))
        return NULL;
    pool = s->pool;
    pool_size--;
    return s;
}

struct dm_sample *dm_sample_make(const char *text, size_t n, uint32_t depth, struct dm_error *err)
{
    struct dm_json_limits limits = {.depth = depth};
    struct dm_sample *s = take();
    if (!s) {
        dm_fail_memory(err);
        return NULL;
    }
    static uint32_t made;
    s->pooled = 1;
    s->handed = 0;
    s->weight = USUAL_BYTES + (double)n;
    alive += s->weight;
    s->slot = DM_SLOTS / 2 + made++ % (DM_SLOTS / 2); /* the lower ones are for rows */
    if (dm_sample_parse_text(s, text, n, &limits, err) == DM_OK)
        return s;
    dm_sample_release(&(struct dm_node){s, s->generation});
    return NULL;
}

void dm_sample_trim(struct dm_sample *s)
{
    dm_index_drop(s);
    if (s->own.cap > KEPT_BYTES || pool_size > KEPT_SAMPLES)
        dm_buf_finish(&s->own);
    if (s->scratch.cap > KEPT_BYTES || pool_size > KEPT_SAMPLES)
        dm_buf_finish(&s->scratch);
    if (s->cap * sizeof *s->values > KEPT_BYTES) {
        free(s->values);
        s->values = NULL;
        s->cap = s->nvalues = 0;
    }
}

void dm_sample_tighten(struct dm_sample *s)
{
    enum { SPARE_VALUES = 4 };
    uint32_t cap = s->nvalues + SPARE_VALUES;
    if (cap >= s->cap)
        return;
    struct dm_value *values = realloc(s->values, cap * sizeof *values);
    if (!values)
        return;
    s->values = values;
    s->cap = cap;
}

void dm_sample_hold(struct dm_sample *s)
{
    s->pooled += s->pooled > 0;
}

double dm_sample_memory(const struct dm_sample *s)
{
    return (double)(sizeof *s + s->cap * sizeof *s->values + s->own.cap + s->scratch.cap +
                    dm_index_memory(s));
}

void dm_sample_release(const void *p)
{
    const struct dm_node *node = p;
    struct dm_sample *s = node->sample;
    if (!s->pooled || s->generation != node->generation || --s->pooled)
        return;
    alive -= s->weight;
    dm_sample_stamp(s);
    s->generation = s->stamp;
    dm_sample_trim(s);
    s->pool = pool;
    pool = s;
    pool_size++;
}
