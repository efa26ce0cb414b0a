/* What the quality rules of Gopher (Rae et al. 2021, arXiv:2112.11446, section A.1.1) and FineWeb
 * (Penedo et al. 2024, arXiv:2406.17557) count, as datatrove does it. Words are what white space
 * separates. Each function reads the text once or twice, every byte in constant time. */
#include "text/charset.h"
#include "text/normal.h"
#include "text/scratch.h"

static const uint32_t BULLET = 0x2022, ELLIPSIS = 0x2026;

/* Whether a character is a letter to Python, in ASCII or beyond. */
static inline bool is_letter(uint32_t c)
{
    return c < 0x80 ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z' : dm_char_is_alpha(c);
}

/* One word, which begins at `at`: returns its end. */
static size_t count_word(const struct dm_charset *punctuation, const char *p, size_t n, size_t at,
                         struct dm_quality_counts *k)
{
    size_t chars = 0, size;
    bool real = false, letter = false;
    for (; at < n; at += size, chars++) {
        uint32_t c = dm_char_read(p + at, &size);
        if (dm_char_is_space(c))
            break;
        letter = letter || is_letter(c);
        real = real || !dm_charset_has(punctuation, c);
    }
    k->words++;
    k->lettered_words += letter;
    k->real_words += real;
    k->real_chars += real ? (double)chars : 0;
    return at;
}

static size_t skip_space(const char *p, size_t n, size_t at)
{
    size_t size;
    while (at < n && dm_char_is_space(dm_char_read(p + at, &size)))
        at += size;
    return at;
}

/* How often three bytes stand in the text, without overlaps. Their first one is rare. */
static double count_of(const char *three, const char *p, size_t n)
{
    double count = 0;
    for (const char *at = p; (at = memchr(at, *three, (size_t)(p + n - at))) != NULL;) {
        bool found = p + n - at >= 3 && memcmp(at, three, 3) == 0;
        count += found;
        at += found ? 3 : 1;
    }
    return count;
}

/* Number signs, and ellipses of three dots or of one character. */
static void count_signs(const char *p, size_t n, struct dm_quality_counts *k)
{
    for (const char *at = p; (at = memchr(at, '#', (size_t)(p + n - at))) != NULL; at++)
        k->hashes++;
    k->ellipses += count_of("...", p, n) + count_of("…", p, n);
}

/* Whether a line begins with a bullet or a hyphen, and ends with an ellipsis, white space aside. */
static void count_line(const char *p, struct dm_text_span line, struct dm_quality_counts *k)
{
    struct dm_text_span inner;
    dm_text_strip(p + line.start, line.end - line.start, &inner);
    size_t start = line.start + inner.start, end = line.start + inner.end, size;
    k->lines++;
    if (start == end)
        return;
    uint32_t first = dm_char_read(p + start, &size);
    k->bullets += first == BULLET || first == '-';
    bool dots = end - start >= 3 && memcmp(p + end - 3, "...", 3) == 0;
    k->trailing += dots || dm_char_before(p + end, &size) == ELLIPSIS;
}

int dm_text_quality(const struct dm_charset *punctuation, const char *p, size_t n,
                    struct dm_quality_counts *counts)
{
    struct dm_buf *lines = dm_scratch_get(DM_SCRATCH_SPANS);
    *counts = (struct dm_quality_counts){0};
    for (size_t at = skip_space(p, n, 0); at < n; at = skip_space(p, n, at))
        at = count_word(punctuation, p, n, at, counts);
    count_signs(p, n, counts);
    if (dm_text_lines(p, n, lines) < 0)
        return DM_EMEMORY;
    const struct dm_text_span *line = (const struct dm_text_span *)(const void *)lines->p;
    for (size_t i = 0; i < lines->n / sizeof *line; i++)
        count_line(p, line[i], counts);
    return DM_OK;
}

/* Whether all of a line is white space. */
static bool is_blank(const char *p, size_t n)
{
    return skip_space(p, n, 0) == n;
}

void dm_text_line_kinds(const struct dm_charset *stops, const char *p, size_t n, double short_most,
                        struct dm_line_kinds *kinds)
{
    *kinds = (struct dm_line_kinds){0};
    for (size_t at = 0, end, size; at <= n; at = end + 1) {
        const char *newline = at < n ? memchr(p + at, '\n', n - at) : NULL;
        end = newline ? (size_t)(newline - p) : n;
        kinds->newlines += newline != NULL;
        if (is_blank(p + at, end - at))
            continue;
        kinds->lines++;
        kinds->stopped += dm_charset_has(stops, dm_char_before(p + end, &size));
        kinds->short_lines += dm_text_length(p + at, end - at) <= short_most;
    }
}

double dm_text_blank_words(const char *p, size_t n)
{
    size_t words = 0, size;
    bool inside = false;
    for (size_t i = 0; i < n; i += size) {
        bool space = dm_char_is_space(dm_char_read(p + i, &size));
        words += !space && !inside;
        inside = !space;
    }
    return (double)words;
}

/* Whether white space or an end of the text stands on both sides. */
static bool stands_alone(const char *p, size_t n, size_t start, size_t end)
{
    size_t size;
    return (start == 0 || dm_char_is_space(dm_char_left(p, start))) &&
           (end == n || dm_char_is_space(dm_char_read(p + end, &size)));
}

int dm_text_has_word(const char *p, size_t n, const char *word, size_t bytes)
{
    const char *at = p;
    while (bytes > 0 && (at = memmem(at, (size_t)(p + n - at), word, bytes)) != NULL) {
        size_t start = (size_t)(at - p);
        if (stands_alone(p, n, start, start + bytes))
            return 1;
        at += bytes;
    }
    return 0;
}
