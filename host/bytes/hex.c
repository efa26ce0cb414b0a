/* Hexadecimal digits, two a byte. */
#include "base/buf.h"
#include "base/error.h"

int dm_hex_encode(const char *p, size_t n, struct dm_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    if (n > SIZE_MAX / 4 || !dm_buf_reserve(out, n * 2))
        return DM_EMEMORY;
    char *to = out->p + out->n;
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[(unsigned char)p[i] >> 4];
        to[2 * i + 1] = digits[p[i] & 15];
    }
    out->n += n * 2;
    return DM_OK;
}

/* The digits' values, and 0xFF for what is none. */
static const unsigned char *values(void)
{
    static unsigned char table[256];
    if (table[0])
        return table;
    memset(table, 0xFF, sizeof table);
    for (int i = 0; i < 10; i++)
        table['0' + i] = (unsigned char)i;
    for (int i = 0; i < 6; i++)
        table['a' + i] = table['A' + i] = (unsigned char)(10 + i);
    return table;
}

int dm_hex_decode(const char *p, size_t n, struct dm_buf *out, struct dm_error *err)
{
    const unsigned char *value = values(), *u = (const unsigned char *)p;
    if (!dm_buf_reserve(out, n / 2))
        return dm_fail_memory(err);
    char *to = out->p + out->n;
    for (size_t i = 0; i < n; i++) {
        if (value[u[i]] > 15)
            return dm_fail(err, DM_EINPUT, "hex: byte %zu is no digit (0x%02x)", i + 1, u[i]);
        if (i % 2)
            to[i / 2] = (char)(value[u[i - 1]] << 4 | value[u[i]]);
    }
    if (n % 2)
        return dm_fail(err, DM_EINPUT, "hex: the text is cut short after byte %zu", n);
    out->n += n / 2;
    return DM_OK;
}
