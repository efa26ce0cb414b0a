#include "text/scratch.h"

#include <stdlib.h>

bool dm_text_plain;

/* A work space that outgrew this is given back by dm_text_trim. */
enum { KEEP_BYTES = 1 << 20 };

static struct dm_buf spaces[DM_SCRATCH_COUNT];

bool dm_text_wide(void)
{
#if defined(__x86_64__)
    return !dm_text_plain && __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

struct dm_buf *dm_scratch_get(int which)
{
    return &spaces[which];
}

void *dm_scratch_room(int which, size_t bytes)
{
    struct dm_buf *b = &spaces[which];
    if (b->cap >= bytes && b->p)
        return b->p;
    dm_buf_finish(b);
    /* a buffer keeps a byte to spare, which would double what is a power of two */
    return dm_buf_grow(b, bytes ? bytes - 1 : 0) ? b->p : NULL;
}

struct dm_buf *dm_text_out(void)
{
    return &spaces[DM_SCRATCH_OUT];
}

void dm_text_trim(void)
{
    for (int i = 0; i < DM_SCRATCH_COUNT; i++)
        if (spaces[i].cap > KEEP_BYTES)
            dm_buf_finish(&spaces[i]);
}

bool dm_template_add(struct dm_buf *out, const struct dm_template *t, const char *p,
                     const struct dm_text_span *spans, int32_t groups)
{
    for (int32_t i = 0; i < t->nparts; i++) {
        const struct dm_template_part *part = &t->parts[i];
        if (part->group < 0) {
            if (!dm_buf_add(out, t->text + part->offset, part->bytes))
                return false;
        } else if (part->group < groups && spans[part->group].start != SIZE_MAX) {
            struct dm_text_span group = spans[part->group];
            if (!dm_buf_add(out, p + group.start, group.end - group.start))
                return false;
        }
    }
    return true;
}
