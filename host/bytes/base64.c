/* Base64, after RFC 4648. */
#include "base/buf.h"
#include "base/error.h"

static const char DIGITS[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a byte is when it is read: a digit's value, or one of these, which have a high bit. */
enum { PAD = 0x80, SPACE = 0x81, WRONG = 0x82 };

static const unsigned char *values(void)
{
    static unsigned char table[256];
    if (table[0])
        return table;
    memset(table, WRONG, sizeof table);
    for (int i = 0; i < 64; i++)
        table[(unsigned char)DIGITS[i]] = (unsigned char)i;
    table['-'] = 62;
    table['_'] = 63;
    table['='] = PAD;
    table[' '] = table['\t'] = table['\r'] = table['\n'] = SPACE;
    return table;
}

/* Each twelve bits as their two digits. */
static const char (*pairs(void))[2]
{
    static char table[1 << 12][2];
    if (!table[0][0])
        for (int i = 0; i < 1 << 12; i++) {
            table[i][0] = DIGITS[i >> 6];
            table[i][1] = DIGITS[i & 63];
        }
    return (const char(*)[2])table;
}

static void put_digits(const char (*pair)[2], char *to, uint32_t v)
{
    memcpy(to, pair[v >> 12], 2);
    memcpy(to + 2, pair[v & 0xfff], 2);
}

int dm_base64_encode(const char *p, size_t n, struct dm_buf *out)
{
    const unsigned char *u = (const unsigned char *)p;
    if (n > SIZE_MAX / 2 || !dm_buf_reserve(out, (n + 2) / 3 * 4))
        return DM_EMEMORY;
    char *to = out->p + out->n;
    const char(*pair)[2] = pairs();
    size_t i = 0;
    for (; i + 3 <= n; i += 3, to += 4)
        put_digits(pair, to, (uint32_t)u[i] << 16 | (uint32_t)u[i + 1] << 8 | u[i + 2]);
    if (i < n) {
        put_digits(pair, to, (uint32_t)u[i] << 16 | (i + 1 < n ? (uint32_t)u[i + 1] << 8 : 0));
        to[3] = '=';
        if (i + 1 == n)
            to[2] = '=';
        to += 4;
    }
    out->n = (size_t)(to - out->p);
    return DM_OK;
}

int dm_base64_add(struct dm_base64 *b, const char *p, size_t n, struct dm_buf *out)
{
    while (b->nrest && b->nrest < sizeof b->rest && n) {
        b->rest[b->nrest++] = (unsigned char)*p++;
        n--;
    }
    if (b->nrest == sizeof b->rest) {
        int rc = dm_base64_end(b, out);
        if (rc)
            return rc;
    }
    size_t whole = n - n % sizeof b->rest;
    if (b->nrest || !n)
        return DM_OK;
    b->nrest = (uint32_t)(n - whole);
    memcpy(b->rest, p + whole, b->nrest);
    return dm_base64_encode(p, whole, out);
}

int dm_base64_end(struct dm_base64 *b, struct dm_buf *out)
{
    uint32_t n = b->nrest;
    b->nrest = 0;
    return dm_base64_encode((const char *)b->rest, n, out);
}

/* A text that is being read: bits that make no byte yet, digits and padding since the last whole
 * group. */
struct decoder {
    uint32_t bits;
    unsigned digits, pads;
};

static int wrong_byte(const unsigned char *u, size_t i, struct dm_error *err)
{
    if (u[i] > ' ' && u[i] < 0x7f)
        return dm_fail(err, DM_EINPUT, "base64: \"%c\" at byte %zu is no digit", u[i], i + 1);
    return dm_fail(err, DM_EINPUT, "base64: byte %zu is no digit (0x%02x)", i + 1, u[i]);
}

/* One byte of the text, whatever it is. */
static int step(struct decoder *d, const unsigned char *u, size_t i, struct dm_buf *out,
                struct dm_error *err)
{
    unsigned char v = values()[u[i]];
    if (v == SPACE)
        return DM_OK;
    if (v == WRONG)
        return wrong_byte(u, i, err);
    if (v == PAD ? d->digits < 2 || d->digits + d->pads == 4 : d->pads > 0)
        return dm_fail(err, DM_EINPUT, "base64: padding in the wrong place at byte %zu", i + 1);
    if (v == PAD) {
        d->pads++;
        return DM_OK;
    }
    d->bits = d->bits << 6 | v;
    if (++d->digits < 4)
        return DM_OK;
    char *to = out->p + out->n;
    to[0] = (char)(d->bits >> 16);
    to[1] = (char)(d->bits >> 8);
    to[2] = (char)d->bits;
    out->n += 3;
    d->digits = 0;
    return DM_OK;
}

/* The bytes of a last group of two or three digits. */
static int end(const struct decoder *d, size_t n, struct dm_buf *out, struct dm_error *err)
{
    if (d->digits == 1)
        return dm_fail(err, DM_EINPUT, "base64: the text is cut short after byte %zu", n);
    if (d->pads && d->digits + d->pads < 4)
        return dm_fail(err, DM_EINPUT, "base64: padding is missing after byte %zu", n);
    if (d->digits >= 2)
        out->p[out->n++] = (char)(d->bits >> (d->digits == 2 ? 4 : 10));
    if (d->digits == 3)
        out->p[out->n++] = (char)(d->bits >> 2);
    return DM_OK;
}

/* Groups of four digits, as long as nothing else comes. Returns the bytes read. */
static size_t read_groups(const unsigned char *u, size_t n, struct dm_buf *out)
{
    const unsigned char *value = values();
    char *to = out->p + out->n;
    size_t i = 0;
    for (; i + 4 <= n; i += 4, to += 3) {
        uint32_t a = value[u[i]], b = value[u[i + 1]], c = value[u[i + 2]], d = value[u[i + 3]];
        if ((a | b | c | d) & 0x80)
            break;
        uint32_t v = a << 18 | b << 12 | c << 6 | d;
        to[0] = (char)(v >> 16);
        to[1] = (char)(v >> 8);
        to[2] = (char)v;
    }
    out->n = (size_t)(to - out->p);
    return i;
}

int dm_base64_decode(const char *p, size_t n, struct dm_buf *out, struct dm_error *err)
{
    const unsigned char *u = (const unsigned char *)p;
    struct decoder d = {0};
    int rc = dm_buf_reserve(out, n / 4 * 3 + 3) ? DM_OK : dm_fail_memory(err);
    for (size_t i = 0; i < n && rc == DM_OK; i++) {
        if (!d.digits && !d.pads)
            i += read_groups(u + i, n - i, out);
        if (i < n)
            rc = step(&d, u, i, out, err);
    }
    return rc ? rc : end(&d, n, out, err);
}
