/* DataMate's AnonymizedPhoneNumber. D is a digit of any script; no D stands on either side.
 *
 *   ([(（]? +? (00)? 86 [)）]? [- ]?)?            country
 *   ( 1 [3-9] D [- ]? DDDD [- ]? DDDD            mobile
 *   | [(（]? 0? [12] D [)）]? [ -]? [2-8] DDD [ -]? DDDD
 *   | [(（]? 0? [3-9] D D [)）]? [ -]? [2-8] D D D? [ -]? DDDD )
 *
 * The readers below give the byte behind what they read, or NONE; `at` may be NONE already. */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define NONE SIZE_MAX

struct phone {
    const char *p;
    size_t n;
};

/* One digit of ASCII from `low` to `high`. */
static size_t one_of(const struct phone *t, size_t at, char low, char high)
{
    return at < t->n && t->p[at] >= low && t->p[at] <= high ? at + 1 : NONE;
}

/* So many D. */
static size_t digits(const struct phone *t, size_t at, int count)
{
    size_t size;
    for (; count > 0 && at != NONE; count--)
        at = dm_char_is_digit(dm_char_at(t->p, t->n, at, &size)) ? at + size : NONE;
    return at;
}

static size_t maybe(const struct phone *t, size_t at, const char *text)
{
    size_t bytes = strlen(text);
    return at < t->n && t->n - at >= bytes && memcmp(t->p + at, text, bytes) == 0 ? at + bytes : at;
}

static size_t maybe_either(const struct phone *t, size_t at, const char *a, const char *b)
{
    size_t next = maybe(t, at, a);
    return next != at ? next : maybe(t, at, b);
}

static size_t gap(const struct phone *t, size_t at)
{
    return maybe_either(t, at, " ", "-");
}

static size_t opened(const struct phone *t, size_t at)
{
    return maybe_either(t, at, "(", "（");
}

static size_t closed(const struct phone *t, size_t at)
{
    return maybe_either(t, at, ")", "）");
}

/* The end, if no digit follows. */
static size_t ended(const struct phone *t, size_t at)
{
    size_t size;
    return at != NONE && !dm_char_is_digit(dm_char_at(t->p, t->n, at, &size)) ? at : NONE;
}

static size_t mobile(const struct phone *t, size_t at)
{
    at = digits(t, one_of(t, one_of(t, at, '1', '1'), '3', '9'), 1);
    at = digits(t, gap(t, at), 4);
    return ended(t, digits(t, gap(t, at), 4));
}

/* Area codes of two digits. */
static size_t city(const struct phone *t, size_t at)
{
    at = one_of(t, maybe(t, opened(t, at), "0"), '1', '2');
    at = gap(t, closed(t, digits(t, at, 1)));
    at = digits(t, one_of(t, at, '2', '8'), 3);
    return ended(t, digits(t, gap(t, at), 4));
}

/* Area codes of three digits. */
static size_t town(const struct phone *t, size_t at)
{
    at = one_of(t, maybe(t, opened(t, at), "0"), '3', '9');
    at = gap(t, closed(t, digits(t, at, 2)));
    at = digits(t, one_of(t, at, '2', '8'), 2);
    size_t longer = ended(t, digits(t, gap(t, digits(t, at, 1)), 4));
    return longer != NONE ? longer : ended(t, digits(t, gap(t, at), 4));
}

static size_t number(const struct phone *t, size_t at)
{
    size_t end = mobile(t, at);
    end = end != NONE ? end : city(t, at);
    return end != NONE ? end : town(t, at);
}

static size_t country(const struct phone *t, size_t at)
{
    size_t start = maybe(t, maybe(t, opened(t, at), "+"), "00");
    size_t end = maybe(t, start, "86");
    return end == start ? NONE : gap(t, closed(t, end));
}

/* End of the number that starts at `at`, or NONE. */
static size_t phone_end(const struct phone *t, size_t at)
{
    size_t inner = country(t, at);
    size_t end = inner != NONE ? number(t, inner) : NONE;
    return end != NONE ? end : number(t, at);
}

static bool is_figure(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether a number may start at a byte: what can start one, then a digit or what goes before one.
 */
static bool may_start(const struct phone *t, size_t at)
{
    char c = t->p[at], next = at + 1 < t->n ? t->p[at + 1] : 0;
    if (c == (char)0xEF)
        return t->n - at > 3 && memcmp(t->p + at, "（", 3) == 0;
    return (is_figure(c) || c == '(' || c == '+') && (is_figure(next) || next == '+' || next < 0);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

__attribute__((target("avx2"))) static inline __m256i equal(__m256i b, char c)
{
    return _mm256_cmpeq_epi8(b, _mm256_set1_epi8(c));
}

__attribute__((target("avx2"))) static inline __m256i figures(__m256i b)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8('0' - 1)),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), b));
}

/* The first byte from i on, i > 0, where a number may start and no figure stands before, or where
 * less than a block is left. */
__attribute__((target("avx2"))) static size_t find_start(const char *p, size_t n, size_t i)
{
    for (; n - i >= 34; i += 32) {
        __m256i b = load(p + i), next = load(p + i + 1);
        __m256i start = _mm256_or_si256(figures(b), _mm256_or_si256(equal(b, '('), equal(b, '+')));
        __m256i goes_on = _mm256_or_si256(_mm256_or_si256(figures(next), equal(next, '+')), next);
        start = _mm256_andnot_si256(figures(load(p + i - 1)), _mm256_and_si256(start, goes_on));
        __m256i wide = _mm256_and_si256(equal(b, (char)0xEF), equal(next, (char)0xBC));
        wide = _mm256_and_si256(wide, equal(load(p + i + 2), (char)0x88));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(start, wide));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    return i;
}

#endif

/* Goes on to the next byte from i on where a number may start, or n. */
static size_t skip(const struct phone *t, size_t i)
{
    for (; i < t->n; i++) {
#if defined(__x86_64__)
        if (i > 0 && t->n - i >= 34 && dm_text_wide())
            i = find_start(t->p, t->n, i);
#endif
        if (may_start(t, i))
            break;
    }
    return i;
}

int dm_text_phones(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    struct phone t = {p, n};
    for (size_t at = skip(&t, 0), end; at < n; at = skip(&t, end != NONE ? end : at + 1)) {
        end = dm_char_is_digit(dm_char_left(p, at)) ? NONE : phone_end(&t, at);
        if (end != NONE)
            dm_rewrite_put(&w, at, end, "<tel>", 5);
    }
    return dm_rewrite_end(&w);
}
