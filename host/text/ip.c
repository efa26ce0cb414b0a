/* Data-Juicer's pattern for IP addresses as a scanner. Four numbers from 0 to 255 without leading
 * zeros and with dots between, the last as long as it can be; or eight groups of one to four
 * hexadecimal digits with colons between, where the digits of every script count as well:
 *
 *   (?:(?:1[0-9][0-9]\.)|(?:2[0-4][0-9]\.)|(?:25[0-5]\.)|(?:[1-9][0-9]\.)|(?:[0-9]\.)){3}
 *   (?:(?:1[0-9][0-9])|(?:2[0-4][0-9])|(?:25[0-5])|(?:[1-9][0-9])|(?:[0-9]))|
 *   ([\da-fA-F]{1,4}:){7}[\da-fA-F]{1,4}
 *
 * An address can only begin in the few characters before its first separator, so each separator is
 * looked at once. No word boundary is asked for: 10.0.0.256 leaves the 6. */
#include "text/chars.h"
#include "text/scratch.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static bool is_decimal(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes of the number from 0 to 255 that has `most` digits at most: the longest. 0: none. */
static size_t octet(const char *p, size_t n, size_t i, size_t most)
{
    size_t digits = 0;
    while (digits < most && i + digits < n && is_decimal(p[i + digits]))
        digits++;
    if (digits == 3) {
        bool fits = p[i] == '1' ||
                    (p[i] == '2' && (p[i + 1] < '5' || (p[i + 1] == '5' && p[i + 2] <= '5')));
        if (fits)
            return 3;
        digits = 2;
    }
    return digits == 2 && p[i] == '0' ? 1 : digits;
}

/* End of the IPv4 address at i, or 0. */
static size_t v4_end(const char *p, size_t n, size_t i)
{
    for (int dots = 0; dots < 3; dots++) {
        size_t digits = octet(p, n, i, 3);
        i += digits;
        if (digits == 0 || i >= n || p[i] != '.')
            return 0;
        i++;
    }
    size_t digits = octet(p, n, i, 3);
    return digits ? i + digits : 0;
}

/* Whether c is a hexadecimal digit of the pattern. */
static bool is_hex(uint32_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') ||
           (c >= 128 && dm_char_is_digit(c));
}

/* End of one to four hexadecimal digits at i; i when there are none. */
static size_t group_end(const char *p, size_t n, size_t i)
{
    size_t size;
    for (int digits = 0; digits < 4 && i < n; digits++, i += size)
        if (!is_hex(dm_char_read(p + i, &size)))
            break;
    return i;
}

/* End of the IPv6 address at i, or 0; the last group with a colon goes to *group. */
static size_t v6_end(const char *p, size_t n, size_t i, struct dm_text_span *group)
{
    for (int colons = 0; colons < 7; colons++) {
        size_t end = group_end(p, n, i);
        if (end == i || end >= n || p[end] != ':')
            return 0;
        group->start = i;
        group->end = i = end + 1;
    }
    size_t end = group_end(p, n, i);
    return end > i ? end : 0;
}

/* The address whose first dot stands at `dot`. spans: the match, and the group that is not in it.
 */
static bool find_v4(const char *p, size_t n, size_t from, size_t dot, struct dm_text_span *spans)
{
    size_t i = dot;
    while (i > from && dot - i < 3 && is_decimal(p[i - 1]))
        i--;
    for (; i < dot; i++) {
        spans[0].start = i;
        spans[0].end = v4_end(p, n, i);
        spans[1].start = SIZE_MAX;
        if (spans[0].end)
            return true;
    }
    return false;
}

/* The address whose first colon stands at `colon`. */
static bool find_v6(const char *p, size_t n, size_t from, size_t colon, struct dm_text_span *spans)
{
    size_t i = colon, size;
    for (int digits = 0; i > from && digits < 4; digits++, i -= size)
        if (!is_hex(dm_char_before(p + i, &size)))
            break;
    for (; i < colon; i += dm_char_size(p[i])) {
        spans[0].start = i;
        spans[0].end = v6_end(p, n, i, &spans[1]);
        if (spans[0].end)
            return true;
    }
    return false;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Bytes from first to last, both ASCII. */
__attribute__((target("avx2"))) static inline __m256i between(__m256i b, char first, char last)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8((char)(first - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(last + 1)), b));
}

/* Bytes that a hexadecimal digit may have. */
__attribute__((target("avx2"))) static inline __m256i hex_bytes(__m256i b)
{
    __m256i letter = between(_mm256_or_si256(b, _mm256_set1_epi8(0x20)), 'a', 'f');
    __m256i other = _mm256_cmpgt_epi8(_mm256_setzero_si256(), b);
    return _mm256_or_si256(_mm256_or_si256(letter, other), between(b, '0', '9'));
}

/* The first separator from i on, i > 0, that has digits on both sides, or where less than a block
 * is left. */
__attribute__((target("avx2"))) static size_t find_separator(const char *p, size_t n, size_t i)
{
    const __m256i dot = _mm256_set1_epi8('.'), colon = _mm256_set1_epi8(':');
    for (; n - i >= 33; i += 32) {
        __m256i b = load(p + i), hit = _mm256_cmpeq_epi8(b, dot);
        __m256i colons = _mm256_cmpeq_epi8(b, colon);
        if (_mm256_testz_si256(_mm256_or_si256(hit, colons), _mm256_or_si256(hit, colons)))
            continue;
        __m256i left = load(p + i - 1), right = load(p + i + 1);
        hit = _mm256_and_si256(hit,
                               _mm256_and_si256(between(left, '0', '9'), between(right, '0', '9')));
        colons = _mm256_and_si256(colons, _mm256_and_si256(hex_bytes(left), hex_bytes(right)));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(hit, colons));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    return i;
}

#endif

/* Passes over bytes at which no address has its first separator. */
static inline size_t skip(const char *p, size_t n, size_t i)
{
#if defined(__x86_64__)
    if (i > 0 && n - i >= 33 && dm_text_wide())
        return find_separator(p, n, i);
#endif
    return i;
}

static bool find_ip(const char *p, size_t n, size_t from, struct dm_text_span *spans)
{
    for (size_t i = skip(p, n, from); i < n; i = skip(p, n, i + 1)) {
        if (p[i] == '.' ? find_v4(p, n, from, i, spans)
                        : p[i] == ':' && find_v6(p, n, from, i, spans))
            return true;
    }
    return false;
}

int dm_text_ips(const char *p, size_t n, const struct dm_template *repl, struct dm_buf *out)
{
    struct dm_text_span spans[2];
    size_t from = 0;
    dm_buf_clear(out);
    while (find_ip(p, n, from, spans)) {
        if (!dm_buf_add(out, p + from, spans[0].start - from) ||
            !dm_template_add(out, repl, p, spans, 2))
            return DM_EMEMORY;
        from = spans[0].end;
    }
    if (from == 0)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}
