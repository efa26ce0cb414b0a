/* A growable byte buffer. Zeroed is empty and valid; dm_buf_finish frees it.
 * Every function that may allocate returns false when memory is short and leaves the content as it
 * was. */
#ifndef DM_BASE_BUF_H
#define DM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lua/ffi.h" /* struct dm_buf is part of what Lua sees */

/* Makes room for `more` further bytes, plus one byte that callers may use as a terminator. */
bool dm_buf_grow(struct dm_buf *b, size_t more);

/* Appends printf-formatted text. */
bool dm_buf_printf(struct dm_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends the digits of a number. */
bool dm_buf_decimal(struct dm_buf *b, uint64_t x);

/* As dm_buf_grow, without a call when the room is there already. */
static inline bool dm_buf_reserve(struct dm_buf *b, size_t more)
{
    return more < b->cap - b->n || dm_buf_grow(b, more);
}

static inline void dm_buf_clear(struct dm_buf *b)
{
    b->n = 0;
}

/* Appends n bytes. */
static inline bool dm_buf_add(struct dm_buf *b, const void *p, size_t n)
{
    if (!dm_buf_reserve(b, n))
        return false;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

static inline bool dm_buf_putc(struct dm_buf *b, char c)
{
    return dm_buf_add(b, &c, 1);
}

static inline bool dm_buf_puts(struct dm_buf *b, const char *s)
{
    return dm_buf_add(b, s, strlen(s));
}

#endif
