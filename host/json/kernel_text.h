/* Part of kernel_body.h: undoes and makes escapes. */

INLINE unsigned hex_digit(char c)
{
    return (unsigned)(c & 15) + (c & 64 ? 9 : 0);
}

INLINE unsigned hex_four(const char *p)
{
    return hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 | hex_digit(p[2]) << 4 | hex_digit(p[3]);
}

INLINE char *put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 63));
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    }
    return out;
}

/* A run of \uXXXX from p on; returns its end. *out moves; *unpaired is set when there is such a
 * surrogate. */
INLINE const char *unescape_units(const char *p, const char *end, char **out, const char **unpaired)
{
    do {
        unsigned c = hex_four(p + 2);
        if ((c & 0xF800) == 0xD800) {
            unsigned low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex_four(p + 8) : 0;
            if (c < 0xDC00 && (low & 0xFC00) == 0xDC00) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                p += 6;
            } else if (!*unpaired) {
                *unpaired = p;
            }
        }
        *out = put_utf8(*out, c);
        p += 6;
    } while (end - p >= 6 && p[0] == '\\' && p[1] == 'u');
    return p;
}

/* The bits of the first n bytes. */
INLINE uint64_t first_bits(size_t n)
{
    return n < 64 ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
}

/* Undoes the escapes that start at `starts` in a block, one after another. Returns where the next
 * block begins. */
INLINE const char *unescape_each(const char *p, size_t n, const char *end, uint64_t starts,
                                 char **out, const char **unpaired)
{
    const char *block = p, *rest = p + n;
    char *to = *out;
    while (starts) {
        const char *slash = block + __builtin_ctzll(starts);
        copy_64(to, p);
        to += slash - p;
        if (slash[1] == 'u')
            p = unescape_units(slash, end, &to, unpaired);
        else
            *to++ = dm_json_unescaped[(unsigned char)slash[1]], p = slash + 2;
        starts = p - block < 64 ? starts & (~(uint64_t)0 << (p - block)) : 0;
    }
    if (p < rest) {
        copy_64(to, p);
        to += rest - p;
        p = rest;
    }
    *out = to;
    return p;
}

TARGET static size_t unescape(const char *p, size_t n, char *out, size_t *unpaired)
{
    const char *start = p, *end = p + n, *lone = NULL;
    char *to = out;
    while (p < end) {
        size_t size = end - p < 64 ? (size_t)(end - p) : 64;
        uint64_t backslash = masks_of(p).backslash & first_bits(size), half = 0;
        uint64_t escaped = escaped_bytes(backslash, &half);
        size -= half; /* an escape that begins with the last byte is the next block's */
        uint64_t starts = backslash & ~escaped & first_bits(size);
        if (unescape_at_once(p, size, starts, escaped, &to))
            p += size;
        else
            p = unescape_each(p, size, end, starts, &to, &lone);
    }
    *unpaired = lone ? (size_t)(lone - start) : n;
    return (size_t)(to - out);
}

/* Escapes the special bytes of a block, one after another. */
INLINE char *escape_each(const char *p, size_t n, uint64_t special, char *to)
{
    size_t from = 0;
    for (; special; special &= special - 1) {
        size_t at = (size_t)__builtin_ctzll(special);
        copy_64(to, p + from);
        to += at - from;
        const char *e = dm_json_escaped[(unsigned char)p[at]];
        memcpy(to, e, 8);
        to += e[7];
        from = at + 1;
    }
    copy_64(to, p + from);
    return to + (n - from);
}

TARGET static size_t escape(const char *p, size_t n, char *out)
{
    char *to = out;
    for (size_t size; n; p += size, n -= size) {
        size = n < 64 ? n : 64;
        struct masks m = masks_of(p);
        uint64_t special = (m.quote | m.backslash | m.control) & first_bits(size);
        if (!escape_at_once(p, size, special, m.control, &to))
            to = escape_each(p, size, special, to);
    }
    return (size_t)(to - out);
}
