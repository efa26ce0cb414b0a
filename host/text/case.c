/* str.lower and str.upper of Python: full mappings, with the final sigma. */
#include "text/case.h"
#include "text/chars.h"
#include "text/case_table.h"
#include "text/scratch.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { PAGES = 48, SLOW = INT32_MIN };

/* Distances for code points below U+10000, by page of 256; page 0 is for those without any. SLOW:
 * ask map_char. */
struct pages {
    bool made;
    uint8_t page[256];
    int32_t distance[PAGES][256];
    struct dm_case_pairs pairs;
};

/* One direction: its tables and the ASCII letters that change. */
struct mapping {
    const int32_t (*runs)[4];
    size_t nruns;
    const uint32_t (*expansions)[4];
    size_t nexpansions;
    char first, last;
    struct pages *pages;
};

static struct pages lower_pages, upper_pages;
static const struct mapping lower = {
    lower_runs, COUNT(lower_runs), lower_long, COUNT(lower_long), 'A', 'Z', &lower_pages};
static const struct mapping upper = {
    upper_runs, COUNT(upper_runs), upper_long, COUNT(upper_long), 'a', 'z', &upper_pages};

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

/* Writes what becomes of c to out, which has room for 12 bytes; returns the bytes. */
static size_t map_char(const struct mapping *m, uint32_t c, char *out)
{
    const uint32_t *row = find_expansion(m, c);
    size_t n = 0;
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

static void set_distance(struct pages *t, unsigned *used, uint32_t c, int32_t distance)
{
    if (c >= 0x10000)
        return;
    if (!t->page[c >> 8] && *used < PAGES)
        t->page[c >> 8] = (uint8_t)(*used)++;
    t->distance[t->page[c >> 8]][c & 255] = distance;
}

/* The distance of c, or SLOW. */
static int32_t distance_of(const struct pages *t, uint32_t c)
{
    return c < 0x10000 ? t->distance[t->page[c >> 8]][c & 255] : SLOW;
}

static void set_pairs(const struct mapping *m, struct pages *t)
{
    t->pairs.from = m->first;
    t->pairs.to = m->last;
    t->pairs.distance = m == &lower ? 'a' - 'A' : 'A' - 'a';
    for (uint32_t c = 0x80; c < 0x800; c++) {
        int32_t distance = distance_of(t, c), to = (int32_t)c + distance;
        char pair[2] = {0};
        if (distance != SLOW && to >= 0x80 && to < 0x800)
            dm_char_write(pair, (uint32_t)to);
        t->pairs.first[c >> 6][c & 63] = pair[0];
        t->pairs.second[c >> 6][c & 63] = pair[1];
    }
}

static const struct pages *pages_of(const struct mapping *m)
{
    struct pages *t = m->pages;
    unsigned used = 1;
    if (t->made)
        return t;
    for (size_t i = 0; i < m->nruns; i++)
        for (int32_t c = m->runs[i][0]; c <= m->runs[i][1]; c += m->runs[i][2])
            set_distance(t, &used, (uint32_t)c, m->runs[i][3]);
    for (size_t i = 0; i < m->nexpansions; i++)
        set_distance(t, &used, m->expansions[i][0], SLOW);
    if (m == &lower)
        set_distance(t, &used, SIGMA, SLOW);
    set_pairs(m, t);
    t->made = true;
    return t;
}

static bool changes(const struct mapping *m, char c)
{
    return c >= m->first && c <= m->last;
}

/* A text on its way: from p, with n bytes, of which those before `at` have been mapped to `to`. */
struct course {
    const char *p;
    size_t n, at;
    char *to;
    bool changed;
};

/* Whether a first byte is that of a character that is ASCII, or from a block without letters that
 * have case: U+3000 to U+9FFF and U+B000 to U+DFFF, Chinese, Japanese and most of Korean. */
static bool is_plain(unsigned char c)
{
    return c < 0xC0 || (c >= 0xE3 && c <= 0xED && c != 0xEA);
}

/* Maps 16 bytes at a time, up to the first character that is not plain. */
static void map_blocks(const struct mapping *m, struct course *x)
{
#if defined(__x86_64__)
    const __m128i low = _mm_set1_epi8((char)(m->first - 1)),
                  high = _mm_set1_epi8((char)(m->last + 1));
    int others = 0;
    while (!others && x->n - x->at >= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(x->p + x->at));
        __m128i first = _mm_subs_epu8(v, _mm_set1_epi8((char)0xBF)); /* 0: not a first byte */
        __m128i plain = _mm_cmplt_epi8(_mm_add_epi8(v, _mm_set1_epi8((char)(0x80 - 0xE3))),
                                       _mm_set1_epi8((char)(0x80 + 0xEE - 0xE3)));
        plain = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xEA)), plain);
        plain = _mm_or_si128(plain, _mm_cmpeq_epi8(first, _mm_setzero_si128()));
        others = _mm_movemask_epi8(plain) ^ 0xFFFF;
        int size = others ? __builtin_ctz((unsigned)others) : 16;
        __m128i in = _mm_and_si128(_mm_cmpgt_epi8(v, low), _mm_cmplt_epi8(v, high));
        x->changed |= (_mm_movemask_epi8(in) & ((1 << size) - 1)) != 0;
        v = _mm_xor_si128(v, _mm_and_si128(in, _mm_set1_epi8(0x20)));
        _mm_storeu_si128((__m128i *)(void *)x->to, v);
        x->at += (size_t)size;
        x->to += size;
    }
#else
    (void)m;
    (void)x;
#endif
}

static void map_plain(const struct mapping *m, const struct pages *t, struct course *x)
{
#if defined(__x86_64__)
    if (!dm_text_plain && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512bw")) {
        size_t n = dm_case_avx512(&t->pairs, x->p + x->at, x->n - x->at, x->to, &x->changed);
        x->at += n;
        x->to += n;
        return;
    }
#endif
    map_blocks(m, x);
    for (; x->at < x->n && is_plain((unsigned char)x->p[x->at]); x->at++) {
        char c = x->p[x->at];
        bool hit = changes(m, c);
        x->changed |= hit;
        *x->to++ = (char)(hit ? c ^ 0x20 : c);
    }
}

static void map_slowly(const struct mapping *m, struct course *x, uint32_t c, size_t size)
{
    char *from = x->to;
    if (c == SIGMA && m == &lower && is_final_sigma(x->p, x->n, x->at))
        x->to += dm_char_write(x->to, FINAL_SIGMA);
    else
        x->to += map_char(m, c, x->to);
    x->changed |= (size_t)(x->to - from) != size || memcmp(from, x->p + x->at, size) != 0;
}

/* Maps code points that are not plain; stops when the room gets short. */
static void map_others(const struct mapping *m, const struct pages *t, struct course *x,
                       const char *end)
{
    size_t size;
    while (x->at < x->n && !is_plain((unsigned char)x->p[x->at]) && x->to <= end) {
        uint32_t c = dm_char_read(x->p + x->at, &size);
        int32_t distance = distance_of(t, c);
        if (distance == SLOW) {
            map_slowly(m, x, c, size);
        } else if (distance) {
            x->to += dm_char_write(x->to, (uint32_t)((int32_t)c + distance));
            x->changed = true;
        } else {
            memcpy(x->to, x->p + x->at, size);
            x->to += size;
        }
        x->at += size;
    }
}

enum { ROOM = 128 };

static int map_text(const struct mapping *m, const char *p, size_t n, struct dm_buf *out)
{
    const struct pages *t = pages_of(m);
    struct course x = {.p = p, .n = n};
    dm_buf_clear(out);
    while (x.at < n) {
        if (!dm_buf_reserve(out, n - x.at + ROOM))
            return DM_EMEMORY;
        x.to = out->p + out->n;
        map_plain(m, t, &x);
        map_others(m, t, &x, out->p + out->cap - (n - x.at) - ROOM / 2);
        out->n = (size_t)(x.to - out->p);
    }
    if (!x.changed)
        dm_buf_clear(out);
    return x.changed;
}

int dm_text_lower(const char *p, size_t n, struct dm_buf *out)
{
    return map_text(&lower, p, n, out);
}

int dm_text_upper(const char *p, size_t n, struct dm_buf *out)
{
    return map_text(&upper, p, n, out);
}
