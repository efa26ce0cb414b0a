#include "run/wire.h"

#include <stdlib.h>

size_t dm_frame_begin(struct dm_buf *b, enum dm_message type)
{
    size_t at = b->n;
    dm_put_u32(b, 0);
    dm_put_u8(b, (uint8_t)type);
    return at;
}

static void store(unsigned char *to, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)(v >> (8 * i));
}

void dm_frame_end(struct dm_buf *b, size_t at)
{
    if (b->n >= at + DM_FRAME_HEAD)
        store((unsigned char *)b->p + at, b->n - at - 4, 4);
}

static bool put(struct dm_buf *b, uint64_t v, size_t n)
{
    unsigned char bytes[8];
    store(bytes, v, n);
    return dm_buf_add(b, bytes, n);
}

bool dm_put_u8(struct dm_buf *b, uint8_t v)
{
    return put(b, v, 1);
}

bool dm_put_u32(struct dm_buf *b, uint32_t v)
{
    return put(b, v, 4);
}

bool dm_put_u64(struct dm_buf *b, uint64_t v)
{
    return put(b, v, 8);
}

bool dm_put_bytes(struct dm_buf *b, const char *p, size_t n)
{
    return n <= UINT32_MAX && dm_put_u32(b, (uint32_t)n) && dm_buf_add(b, p, n);
}

bool dm_put_text(struct dm_buf *b, const char *s)
{
    return dm_put_bytes(b, s, strlen(s));
}

static uint64_t get(struct dm_wire *w, size_t n)
{
    uint64_t v = 0;
    if ((size_t)(w->end - w->p) < n) {
        w->bad = true;
        w->p = w->end;
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)w->p[i] << (8 * i);
    w->p += n;
    return v;
}

uint8_t dm_get_u8(struct dm_wire *w)
{
    return (uint8_t)get(w, 1);
}

uint32_t dm_get_u32(struct dm_wire *w)
{
    return (uint32_t)get(w, 4);
}

uint64_t dm_get_u64(struct dm_wire *w)
{
    return get(w, 8);
}

const char *dm_get_bytes(struct dm_wire *w, size_t *n)
{
    *n = dm_get_u32(w);
    if ((size_t)(w->end - w->p) < *n) {
        w->bad = true;
        w->p = w->end;
        *n = 0;
    }
    const char *p = (const char *)w->p;
    w->p += *n;
    return *n ? p : "";
}

char *dm_get_text(struct dm_wire *w)
{
    size_t n;
    const char *p = dm_get_bytes(w, &n);
    char *s = w->bad ? NULL : strndup(p, n);
    if (!s)
        w->bad = true;
    return s;
}

int64_t dm_frame_size(const char *p, size_t n)
{
    if (n < 4)
        return 0;
    struct dm_wire w = {.p = (const unsigned char *)p, .end = (const unsigned char *)p + n};
    uint32_t size = dm_get_u32(&w);
    if (size < 1 || size > DM_FRAME_MAX)
        return -1;
    return n >= 4 + (size_t)size ? 4 + (int64_t)size : 0;
}
