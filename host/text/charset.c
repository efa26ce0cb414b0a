#include "text/charset.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static unsigned char lead_of(uint32_t c)
{
    char bytes[4];
    dm_char_write(bytes, c);
    return (unsigned char)bytes[0];
}

static size_t count_pages(const uint32_t *ranges, size_t n, uint16_t *page)
{
    size_t count = 1;
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = ranges[2 * i] >> 8; k <= ranges[2 * i + 1] >> 8; k++)
            if (!page[k])
                page[k] = (uint16_t)count++;
    return count;
}

static void add_range(struct dm_charset *set, uint32_t from, uint32_t to)
{
    for (uint32_t c = from; c <= to; c++) {
        set->bits[set->page[c >> 8]][c >> 6 & 3] |= 1ull << (c & 63);
        unsigned char lead = lead_of(c);
        set->lead[lead] = true;
        set->lead_bits[lead >> 7][lead & 15] |= (uint8_t)(1u << (lead >> 4 & 7));
    }
}

struct dm_charset *dm_charset_create(const uint32_t *ranges, size_t n)
{
    struct dm_charset *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->npages = count_pages(ranges, n, set->page);
    set->bits = calloc(set->npages, sizeof *set->bits);
    if (!set->bits) {
        free(set);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        add_range(set, ranges[2 * i], ranges[2 * i + 1]);
    return set;
}

void dm_charset_destroy(struct dm_charset *set)
{
    if (!set)
        return;
    free(set->bits);
    free(set);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i twice(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

/* Which bytes of 32 may begin a member; those that are not ASCII go to *wide. */
__attribute__((target("avx2"))) static inline uint32_t leads_of(const struct dm_charset *set,
                                                                const char *p, uint32_t *wide)
{
    static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i low = _mm256_and_si256(b, nibble);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(b, 4), nibble);
    __m256i in = _mm256_blendv_epi8(_mm256_shuffle_epi8(twice(set->lead_bits[0]), low),
                                    _mm256_shuffle_epi8(twice(set->lead_bits[1]), low), b);
    __m256i bit = _mm256_shuffle_epi8(twice(bits), high);
    *wide = (uint32_t)_mm256_movemask_epi8(b);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_and_si256(in, bit), bit));
}

/* The first byte from i on that may begin a member, or where less than a block is left. */
__attribute__((target("avx2"))) static size_t find_lead_wide(const struct dm_charset *set,
                                                             const char *p, size_t n, size_t i)
{
    uint32_t wide;
    for (; n - i >= 32; i += 32) {
        uint32_t leads = leads_of(set, p + i, &wide);
        if (leads)
            return i + (size_t)__builtin_ctz(leads);
    }
    return i;
}

/* Counts members in whole blocks; *at goes on to the rest, where a character may have begun. */
__attribute__((target("avx2,popcnt"))) static size_t count_wide(const struct dm_charset *set,
                                                                const char *p, size_t n, size_t *at)
{
    size_t count = 0, size, i = 0;
    uint32_t wide;
    for (; n - i >= 32; i += 32) {
        uint32_t leads = leads_of(set, p + i, &wide);
        count += (size_t)__builtin_popcount(leads & ~wide);
        for (uint32_t m = leads & wide; m; m &= m - 1)
            count += dm_charset_has(set, dm_char_read(p + i + __builtin_ctz(m), &size));
    }
    *at = i;
    return count;
}

#endif

/* The first byte from i on that may begin a member, or n. Most are near, or far. */
static size_t find_lead(const struct dm_charset *set, const char *p, size_t n, size_t i)
{
    const unsigned char *u = (const unsigned char *)p;
    const bool *lead = set->lead;
    for (size_t near = n - i < 8 ? n : i + 8; i < near; i++)
        if (lead[u[i]])
            return i;
#if defined(__x86_64__)
    if (dm_text_wide())
        i = find_lead_wide(set, p, n, i);
#endif
    while (i < n && !lead[u[i]])
        i++;
    return i;
}

size_t dm_charset_find(const struct dm_charset *set, const char *p, size_t n, size_t i,
                       size_t *size, uint32_t *c)
{
    for (;; i += *size) {
        i = find_lead(set, p, n, i);
        if (i >= n)
            return n;
        *c = dm_char_read(p + i, size);
        if (dm_charset_has(set, *c))
            return i;
    }
}

double dm_charset_count(const struct dm_charset *set, const char *p, size_t n)
{
    size_t count = 0, size = 0, i = 0;
    uint32_t c;
#if defined(__x86_64__)
    if (dm_text_wide())
        count = count_wide(set, p, n, &i);
#endif
    while (i < n && dm_char_continues(p[i]))
        i++;
    for (; (i = dm_charset_find(set, p, n, i, &size, &c)) < n; i += size)
        count++;
    return (double)count;
}

int dm_charset_replace(const struct dm_charset *set, const char *p, size_t n, const char *repl,
                       size_t bytes, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    size_t size = 0;
    uint32_t c;
    for (size_t i = 0; (i = dm_charset_find(set, p, n, i, &size, &c)) < n; i += size)
        dm_rewrite_put(&w, i, i + size, repl, bytes);
    return dm_rewrite_end(&w);
}

/* Goes over the members that stand at byte i; returns where they end. */
static size_t skip_members(const struct dm_charset *set, const char *p, size_t n, size_t i)
{
    size_t size = 0;
    while (i < n && dm_charset_has(set, dm_char_read(p + i, &size)))
        i += size;
    return i;
}

int dm_charset_keep(const struct dm_charset *set, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    size_t size = 0;
    uint32_t c;
    for (size_t i = skip_members(set, p, n, 0); i < n;) {
        size_t next = dm_charset_find(set, p, n, i, &size, &c);
        dm_rewrite_put(&w, i, next, "", 0);
        i = skip_members(set, p, n, next);
    }
    return dm_rewrite_end(&w);
}

int dm_charset_shift(const struct dm_charset *set, const char *p, size_t n, int32_t distance,
                     struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    size_t size = 0;
    uint32_t c;
    char bytes[4];
    for (size_t i = 0; (i = dm_charset_find(set, p, n, i, &size, &c)) < n; i += size)
        dm_rewrite_put(&w, i, i + size, bytes,
                       dm_char_write(bytes, (uint32_t)((int32_t)c + distance)));
    return dm_rewrite_end(&w);
}
