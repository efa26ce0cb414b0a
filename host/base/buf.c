#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool dm_buf_grow(struct dm_buf *b, size_t more)
{
    if (more > SIZE_MAX / 2 - b->n - 1)
        return false;
    size_t need = b->n + more + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap *= 2;
    char *p = realloc(b->p, cap);
    if (!p)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

void dm_buf_finish(struct dm_buf *b)
{
    free(b->p);
    *b = (struct dm_buf){0};
}

bool dm_buf_printf(struct dm_buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    bool ok = n >= 0 && dm_buf_reserve(b, (size_t)n);
    if (ok) {
        vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
    return ok;
}

bool dm_buf_decimal(struct dm_buf *b, uint64_t x)
{
    enum { DIGITS = 20 };
    char text[DIGITS], *end = text + DIGITS, *p = end;
    do
        *--p = (char)('0' + x % 10);
    while (x /= 10);
    return dm_buf_add(b, p, (size_t)(end - p));
}
