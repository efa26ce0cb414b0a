/* Data-Juicer's pattern for links, as a scanner in linear time. The pattern (case is ignored):
 *
 *   \b( (?: [a-z][\w-]+: (?: /{1,3} | [a-z0-9%] )        scheme
 *         | www\d{0,3}[.]                                 www
 *         | [a-z0-9.\-]+[.][a-z]{2,4}/ )                  host
 *       (?: N+ | G )+  (?: G | E ) )
 *   N = [^\s()<>]   G = \( (N+ | \(N+\))* \)   E = [^\s`!()\[\]{};:'".,<>?«»“”‘’]
 *
 * Why no backtracking is needed. After the prefix the text falls into tokens, characters N and
 * groups G, in one way only; a match ends after the last token that is a G or an E and is not the
 * first token. With slashes in front, those after the first may be given back and then count as
 * tokens. A prefix lies within a run of [\w.-] plus the byte after it, and for each alternative all
 * starts in a run have the same tail, except www. So a run is looked at once, when a ':', "/" or
 * "www" turns up that can be a prefix's end. A tail that fails has no E after its first token;
 * every prefix that could begin inside it would have one, so failed tails do not overlap. A group
 * stops at the third open parenthesis, so that none is read more than three times. */
#include "text/chars.h"
#include "text/scratch.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The text, and where a match may start. */
struct scan {
    const char *p;
    size_t n, from;
    const uint64_t *word;
};

/* [a-z] when case is ignored: these three fold to i, s and k. */
static bool is_letter(uint32_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == 0x130 || c == 0x17F || c == 0x212A;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* [a-z0-9.-] when case is ignored */
static bool in_host(uint32_t c)
{
    return is_letter(c) || is_digit(c) || c == '.' || c == '-';
}

static bool in_run(const struct scan *s, uint32_t c)
{
    return c == '.' || c == '-' || dm_class_has(s->word, c);
}

/* Whether an N stands at i; its size and code point too. */
static bool at_plain(const struct scan *s, size_t i, size_t *size, uint32_t *c)
{
    if (i >= s->n)
        return false;
    *c = dm_char_read(s->p + i, size);
    return *c != '(' && *c != ')' && *c != '<' && *c != '>' && !dm_char_is_white(*c);
}

static size_t skip_plain(const struct scan *s, size_t i)
{
    size_t size;
    uint32_t c;
    while (at_plain(s, i, &size, &c))
        i += size;
    return i;
}

/* Whether an N is also an E. */
static bool closes(uint32_t c)
{
    if (c < 0x80)
        return !strchr("`![]{};:'\".,?", (int)c) || c == 0;
    return c != 0xAB && c != 0xBB && c != 0x2018 && c != 0x2019 && c != 0x201C && c != 0x201D;
}

/* End of the group G whose '(' stands at i, or 0. */
static size_t group_end(const struct scan *s, size_t i)
{
    for (i++;;) {
        i = skip_plain(s, i);
        if (i >= s->n)
            return 0;
        if (s->p[i] == ')')
            return i + 1;
        if (s->p[i] != '(')
            return 0;
        size_t inner = skip_plain(s, i + 1);
        if (inner == i + 1 || inner >= s->n || s->p[inner] != ')')
            return 0;
        i = inner + 1;
    }
}

/* What follows a prefix: end of the last closing token that is not the first (0: none), and whether
 * the first one closes. */
struct tail {
    size_t end;
    bool first;
    size_t first_end;
};

static struct tail read_tail(const struct scan *s, size_t i)
{
    struct tail t = {0};
    size_t size, next;
    uint32_t c;
    for (size_t tokens = 0; i < s->n; i = next, tokens++) {
        bool closing = true;
        if (at_plain(s, i, &size, &c)) {
            closing = closes(c);
            next = i + size;
        } else if (s->p[i] != '(' || (next = group_end(s, i)) == 0) {
            break;
        }
        if (!closing)
            continue;
        if (tokens) {
            t.end = next;
        } else {
            t.first = true;
            t.first_end = next;
        }
    }
    return t;
}

/* End of a link whose scheme's ':' stands at colon, or 0. */
static size_t scheme_end(const struct scan *s, size_t colon)
{
    size_t at = colon + 1, size;
    if (at >= s->n)
        return 0;
    if (s->p[at] != '/') {
        uint32_t c = dm_char_read(s->p + at, &size);
        return is_letter(c) || is_digit(c) || c == '%' ? read_tail(s, at + size).end : 0;
    }
    size_t slashes = 1;
    while (slashes < 3 && at + slashes < s->n && s->p[at + slashes] == '/')
        slashes++;
    struct tail t = read_tail(s, at + slashes);
    if (t.end)
        return t.end;
    if (slashes >= 2 && t.first)
        return t.first_end;
    return slashes == 3 ? at + slashes : 0;
}

static bool word_before(const struct scan *s, size_t i)
{
    size_t size;
    return i > 0 && dm_class_has(s->word, dm_char_before(s->p + i, &size));
}

/* First word boundary in [from, to) at which, if asked for, a letter stands that is not the last;
 * or `to`. */
static size_t first_start(const struct scan *s, size_t from, size_t to, bool letter)
{
    bool before = word_before(s, from);
    for (size_t i = from, size; i < to; i += size) {
        uint32_t c = dm_char_read(s->p + i, &size);
        bool word = dm_class_has(s->word, c);
        if (word != before && (!letter || (is_letter(c) && i + size < to)))
            return i;
        before = word;
    }
    return to;
}

/* If "www", at most three digits and a dot stand at i: the place after the dot, else 0. */
static size_t www_end(const struct scan *s, size_t i)
{
    for (size_t end = i + 3; i < end; i++)
        if (i >= s->n || (s->p[i] | 0x20) != 'w')
            return 0;
    size_t size;
    for (int digits = 0; digits < 3 && i < s->n; digits++, i += size)
        if (!dm_char_is_digit(dm_char_read(s->p + i, &size)))
            break;
    return i < s->n && s->p[i] == '.' ? i + 1 : 0;
}

/* The dot of a host whose '/' stands at slash: two to four letters lie between. SIZE_MAX: none. */
static size_t host_dot(const struct scan *s, size_t slash)
{
    size_t i = slash, size;
    for (int letters = 0; i > s->from; letters++) {
        uint32_t c = dm_char_before(s->p + i, &size);
        if (c == '.')
            return letters >= 2 ? i - 1 : SIZE_MAX;
        if (letters == 4 || !is_letter(c))
            return SIZE_MAX;
        i -= size;
    }
    return SIZE_MAX;
}

/* Takes the link if it starts before the one found so far. */
static void take(struct dm_text_span *best, size_t start, size_t end)
{
    if (end && start < best->start) {
        best->start = start;
        best->end = end;
    }
}

/* Links by scheme in the run [from, to), whose ':' stands at `to`. */
static void take_scheme(const struct scan *s, size_t from, size_t to, struct dm_text_span *best)
{
    for (size_t i = to; i > from; i--) {
        if (s->p[i - 1] == '.') {
            from = i;
            break;
        }
    }
    size_t start = first_start(s, from, to, true);
    if (start < to)
        take(best, start, scheme_end(s, to));
}

/* Links by "www" that start in the run. */
static void take_www(const struct scan *s, size_t from, size_t to, struct dm_text_span *best)
{
    for (size_t i = from; i < to && i < best->start; i++) {
        size_t end = www_end(s, i);
        if (end && !word_before(s, i))
            take(best, i, read_tail(s, end).end);
    }
}

/* Links by host in the run [from, to), whose '/' stands at `to`. */
static void take_host(const struct scan *s, size_t from, size_t to, struct dm_text_span *best)
{
    size_t dot = host_dot(s, to), start = dot, size;
    if (dot == SIZE_MAX)
        return;
    while (start > from && in_host(dm_char_before(s->p + start, &size)))
        start -= size;
    start = first_start(s, start, dot, false);
    if (start < dot)
        take(best, start, read_tail(s, to + 1).end);
}

/* Whether a prefix may end at the byte i (":", "/") or start there ("www"). */
static bool is_hint(const struct scan *s, size_t i)
{
    switch (s->p[i]) {
    case ':':
        return i > s->from && i + 1 < s->n && (unsigned char)s->p[i + 1] > ' ' &&
               (s->p[i - 1] == '-' || word_before(s, i));
    case '/':
        return host_dot(s, i) != SIZE_MAX;
    case 'w':
    case 'W':
        return www_end(s, i) && !word_before(s, i);
    default:
        return false;
    }
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Bytes of a block that pass a cruder test than is_hint: a ':' with no space or control behind it,
 * a
 * '/' behind a letter or a byte that is not ASCII, a 'w' before another. */
__attribute__((target("avx2"))) static inline uint32_t hint_block(const char *p)
{
    const __m256i blank = _mm256_set1_epi8(0x20);
    __m256i b = load(p), next = load(p + 1), before = load(p - 1);
    __m256i solid = _mm256_cmpeq_epi8(_mm256_max_epu8(next, _mm256_set1_epi8(0x21)), next);
    __m256i colon = _mm256_and_si256(_mm256_cmpeq_epi8(b, _mm256_set1_epi8(':')), solid);
    __m256i letter = _mm256_or_si256(before, blank);
    letter = _mm256_cmpeq_epi8(_mm256_max_epu8(letter, _mm256_set1_epi8('a')), letter);
    __m256i slash = _mm256_and_si256(_mm256_cmpeq_epi8(b, _mm256_set1_epi8('/')), letter);
    __m256i low = _mm256_or_si256(b, blank);
    __m256i w = _mm256_and_si256(_mm256_cmpeq_epi8(low, _mm256_set1_epi8('w')),
                                 _mm256_cmpeq_epi8(_mm256_or_si256(next, blank), low));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(colon, _mm256_or_si256(slash, w)));
}

/* The first hint from `at` on, or a place near the end before which there is none. */
__attribute__((target("avx2"))) static size_t find_wide(const struct scan *s, size_t at)
{
    for (at += at == 0; at < s->n && s->n - at >= 33; at += 32)
        for (uint32_t m = hint_block(s->p + at); m; m &= m - 1)
            if (is_hint(s, at + (size_t)__builtin_ctz(m)))
                return at + (size_t)__builtin_ctz(m);
    return at;
}

#endif

static size_t find_hint(const struct scan *s, size_t at)
{
    if (at < s->n && is_hint(s, at))
        return at;
#if defined(__x86_64__)
    if (dm_text_wide())
        at = find_wide(s, at);
#endif
    while (at < s->n && !is_hint(s, at))
        at++;
    return at;
}

/* The run of [\w.-] around a hint, not reaching back before s->from. */
static struct dm_text_span run_around(const struct scan *s, size_t hint)
{
    struct dm_text_span run = {hint, hint};
    size_t size;
    while (run.start > s->from && in_run(s, dm_char_before(s->p + run.start, &size)))
        run.start -= size;
    while (run.end < s->n && in_run(s, dm_char_read(s->p + run.end, &size)))
        run.end += size;
    return run;
}

/* The first link from s->from on. At one start the scheme is tried first, then www, then the host:
 * take() keeps the first of equals. */
static bool find_link(const struct scan *s, struct dm_text_span *best)
{
    for (size_t at = s->from; (at = find_hint(s, at)) < s->n;) {
        struct dm_text_span run = run_around(s, at);
        best->start = SIZE_MAX;
        if (run.end < s->n && s->p[run.end] == ':')
            take_scheme(s, run.start, run.end, best);
        take_www(s, run.start, run.end, best);
        if (run.end < s->n && s->p[run.end] == '/')
            take_host(s, run.start, run.end, best);
        if (best->start != SIZE_MAX)
            return true;
        at = run.end > at ? run.end : at + 1;
        if (at == run.end && at < s->n && (s->p[at] == ':' || s->p[at] == '/'))
            at++;
    }
    return false;
}

int dm_text_links(const char *p, size_t n, const struct dm_template *repl, struct dm_buf *out)
{
    struct scan s = {p, n, 0, dm_classes()->word};
    struct dm_text_span link;
    dm_buf_clear(out);
    while (find_link(&s, &link)) {
        const struct dm_text_span spans[2] = {link, link};
        if (!dm_buf_add(out, p + s.from, link.start - s.from) ||
            !dm_template_add(out, repl, p, spans, 2))
            return DM_EMEMORY;
        s.from = link.end;
    }
    if (s.from == 0)
        return 0;
    return dm_buf_add(out, p + s.from, n - s.from) ? 1 : DM_EMEMORY;
}
