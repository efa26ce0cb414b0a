/* str.lower and str.upper of Python: full mappings, with the final sigma. */
#include "text/chars.h"
#include "text/case_table.h"
#include "text/scratch.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Answers that are at hand: what the code points of two bytes become, 0 when that is not one code
 * point, and in which blocks of 64 anything changes. */
struct quick {
    uint16_t two[0x800];
    bool busy[0x110000 / 64];
    bool ready;
};

/* One direction: its tables and the ASCII letters that change. */
struct mapping {
    const int32_t (*runs)[4];
    size_t nruns;
    const uint32_t (*expansions)[4];
    size_t nexpansions;
    char first, last;
    struct quick *quick;
};

static struct quick quick_lower, quick_upper;

static const struct mapping lower = {
    lower_runs, COUNT(lower_runs), lower_long, COUNT(lower_long), 'A', 'Z', &quick_lower};
static const struct mapping upper = {
    upper_runs, COUNT(upper_runs), upper_long, COUNT(upper_long), 'a', 'z', &quick_upper};

/* What becomes of c when it stays one code point. */
static uint32_t map_one(const struct mapping *m, uint32_t c)
{
    size_t low = 0, n = m->nruns;
    while (n > 0) {
        size_t half = n / 2;
        const int32_t *run = m->runs[low + half];
        if ((uint32_t)run[1] < c) {
            low += half + 1;
            n -= half + 1;
        } else if ((uint32_t)run[0] > c) {
            n = half;
        } else {
            bool hit = (c - (uint32_t)run[0]) % (uint32_t)run[2] == 0;
            return hit ? (uint32_t)((int32_t)c + run[3]) : c;
        }
    }
    return c;
}

/* The row of the expansions for c, or NULL. */
static const uint32_t *find_expansion(const struct mapping *m, uint32_t c)
{
    size_t low = 0, n = m->nexpansions;
    while (n > 0) {
        size_t half = n / 2;
        const uint32_t *row = m->expansions[low + half];
        if (row[0] == c)
            return row;
        if (row[0] < c) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return NULL;
}

static void fill_quick(const struct mapping *m)
{
    struct quick *q = m->quick;
    for (uint32_t c = 0; c < 0x800; c++)
        q->two[c] = (uint16_t)(find_expansion(m, c) ? 0 : map_one(m, c));
    for (size_t i = 0; i < m->nruns; i++)
        for (int32_t block = m->runs[i][0] / 64; block <= m->runs[i][1] / 64; block++)
            q->busy[block] = true;
    for (size_t i = 0; i < m->nexpansions; i++)
        q->busy[m->expansions[i][0] / 64] = true;
    q->ready = true;
}

/* Writes what becomes of c to out, which has room for 12 bytes; returns the bytes. */
static inline size_t map_char(const struct mapping *m, uint32_t c, char *out)
{
    size_t n = 0;
    if (c < 0x800 && m->quick->two[c])
        return dm_char_write(out, m->quick->two[c]);
    const uint32_t *row = find_expansion(m, c);
    if (!row)
        return dm_char_write(out, map_one(m, c));
    for (int i = 1; i < 4 && row[i]; i++)
        n += dm_char_write(out + n, row[i]);
    return n;
}

static bool cased_before(const char *p, size_t i)
{
    size_t size;
    while (i > 0) {
        uint32_t c = dm_char_before(p + i, &size);
        if (!dm_char_is_case_ignorable(c))
            return dm_char_is_cased(c);
        i -= size;
    }
    return false;
}

static bool cased_after(const char *p, size_t n, size_t i)
{
    size_t size;
    for (; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        if (!dm_char_is_case_ignorable(c))
            return dm_char_is_cased(c);
    }
    return false;
}

/* Whether the sigma at i ends a word. Only runs of case-ignorable characters are looked through,
 * and a sigma is none, so that long ones are not looked through again and again. */
static bool is_final_sigma(const char *p, size_t n, size_t i)
{
    return cased_before(p, i) && !cased_after(p, n, i + 2);
}

enum { SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2 };

static bool changes(const struct mapping *m, char c)
{
    return c >= m->first && c <= m->last;
}

/* First place from `at` on whose code point changes, or n. */
static size_t find_change(const struct mapping *m, const char *p, size_t n, size_t at)
{
    char mapped[12];
    for (size_t size = 1; at < n; at += size, size = 1) {
        if ((unsigned char)p[at] < 0x80) {
            if (changes(m, p[at]))
                return at;
            continue;
        }
        uint32_t c = dm_char_read(p + at, &size);
        if (!m->quick->busy[c / 64])
            continue;
        if (map_char(m, c, mapped) != size || memcmp(mapped, p + at, size) != 0)
            return at;
    }
    return n;
}

/* Maps the ASCII bytes from `at` on; returns where they end. */
static size_t add_ascii(const struct mapping *m, const char *p, size_t n, size_t at,
                        struct dm_buf *out)
{
    char *to = out->p + out->n;
    size_t i = at;
    for (; i < n && (unsigned char)p[i] < 0x80; i++)
        to[i - at] = (char)(changes(m, p[i]) ? p[i] ^ 0x20 : p[i]);
    out->n += i - at;
    return i;
}

/* Appends what becomes of the code point at `at`; returns its size. There is room for 12 bytes. */
static size_t add_char(const struct mapping *m, const char *p, size_t n, size_t at,
                       struct dm_buf *out)
{
    size_t size;
    uint32_t c = dm_char_read(p + at, &size);
    char *to = out->p + out->n;
    if (!m->quick->busy[c / 64]) {
        memcpy(to, p + at, size);
        out->n += size;
    } else if (c == SIGMA && m == &lower && is_final_sigma(p, n, at)) {
        out->n += dm_char_write(to, FINAL_SIGMA);
    } else {
        out->n += map_char(m, c, to);
    }
    return size;
}

static int map_text(const struct mapping *m, const char *p, size_t n, struct dm_buf *out)
{
    if (!m->quick->ready)
        fill_quick(m);
    size_t at = find_change(m, p, n, 0);
    dm_buf_clear(out);
    if (at == n)
        return 0;
    if (!dm_buf_add(out, p, at))
        return DM_EMEMORY;
    while (at < n) {
        if (!dm_buf_reserve(out, n - at + 12))
            return DM_EMEMORY;
        at = add_ascii(m, p, n, at, out);
        if (at < n)
            at += add_char(m, p, n, at, out);
    }
    return 1;
}

int dm_text_lower(const char *p, size_t n, struct dm_buf *out)
{
    return map_text(&lower, p, n, out);
}

int dm_text_upper(const char *p, size_t n, struct dm_buf *out)
{
    return map_text(&upper, p, n, out);
}
