/* DataMate's AnonymizedUrlCleaner. Its pattern:
 *
 *   ( (https?|ftp|file):// | (?<![A-Za-z\-.]) www\. ) A+ B (?!B)
 *
 * B is letters, digits and -+&@#/%=~_|, and A is B and ()?^!:,.; besides. So the tail is the run of
 * A up to its last B, which must not be its first character. A run without such a B holds no prefix
 * either: what fails is not read again. */
#include "text/rewrite.h"
#include "text/scratch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static bool is_alnum(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
}

/* B */
static bool may_end(char c)
{
    return is_alnum(c) || (c && strchr("-+&@#/%=~_|", c));
}

/* A */
static bool may_stand(char c)
{
    return may_end(c) || (c && strchr("()?^!:,.;", c));
}

/* End of the URL whose prefix ends at `at`, or 0. */
static size_t tail_end(const char *p, size_t n, size_t at)
{
    size_t end = 0;
    for (size_t i = at; i < n && may_stand(p[i]); i++)
        if (i > at && may_end(p[i]))
            end = i + 1;
    return end;
}

/* Where the scheme starts that ends before byte `colon`, not before `from`; SIZE_MAX when there is
 * none. */
static size_t scheme_start(const char *p, size_t from, size_t colon)
{
    static const char *const schemes[] = {"https", "http", "ftp", "file"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t bytes = strlen(schemes[i]);
        if (colon - from >= bytes && memcmp(p + colon - bytes, schemes[i], bytes) == 0)
            return colon - bytes;
    }
    return SIZE_MAX;
}

#if defined(__x86_64__)

/* The first place from i on where a text's first two bytes stand, or where less than a block is
 * left. */
__attribute__((target("avx2"))) static size_t find_pair(const char *p, size_t n, size_t i,
                                                        const char *text)
{
    const __m256i first = _mm256_set1_epi8(text[0]), second = _mm256_set1_epi8(text[1]);
    for (; n - i > 32; i += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(p + i + 1));
        __m256i both =
            _mm256_and_si256(_mm256_cmpeq_epi8(b, first), _mm256_cmpeq_epi8(next, second));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(both);
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    return i;
}

#endif

/* The first place from `from` on where a text stands, or n. */
static size_t search(const char *p, size_t n, size_t from, const char *text)
{
    size_t length = strlen(text);
#if defined(__x86_64__)
    for (; dm_text_wide() && from < n && n - from > 32; from++) {
        from = find_pair(p, n, from, text);
        if (n - from >= length && memcmp(p + from, text, length) == 0)
            return from;
    }
#endif
    const char *hit = from < n ? memmem(p + from, n - from, text, length) : NULL;
    return hit ? (size_t)(hit - p) : n;
}

static size_t find_scheme(const char *p, size_t n, size_t from, struct dm_text_span *span)
{
    for (size_t at = from; (at = search(p, n, at, "://")) < n; at++) {
        span->start = scheme_start(p, from, at);
        span->end = span->start != SIZE_MAX ? tail_end(p, n, at + 3) : 0;
        if (span->end)
            return span->start;
    }
    return n;
}

static bool is_free(char c)
{
    return !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '-' && c != '.';
}

static size_t find_www(const char *p, size_t n, size_t from, struct dm_text_span *span)
{
    for (size_t at = from; (at = search(p, n, at, "www.")) < n; at++) {
        span->start = at;
        span->end = at == 0 || is_free(p[at - 1]) ? tail_end(p, n, at + 4) : 0;
        if (span->end)
            return at;
    }
    return n;
}

int dm_text_urls(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    struct dm_text_span scheme, www;
    size_t next_scheme = find_scheme(p, n, 0, &scheme), next_www = find_www(p, n, 0, &www);
    while (next_scheme < n || next_www < n) {
        struct dm_text_span url = next_scheme < next_www ? scheme : www;
        dm_rewrite_put(&w, url.start, url.end, "<url>", 5);
        if (next_scheme < url.end)
            next_scheme = find_scheme(p, n, url.end, &scheme);
        if (next_www < url.end)
            next_www = find_www(p, n, url.end, &www);
    }
    return dm_rewrite_end(&w);
}
