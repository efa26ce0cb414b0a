/* The rules of C4 (Raffel et al. 2020, JMLR 21, section 2.2), line by line or sentence by sentence,
 * as datatrove's C4QualityFilter has them. A sentence ends as that of datatrove's
 * WhitespaceTokenizer does:
 *
 *   (?: \p{Lu}\. | . )+?  T+ ["'”]?       T: punctuation that ends sentences
 *
 * Every byte is looked at a few times. */
#include "text/charset.h"
#include "text/normal.h"
#include "text/scratch.h"

enum { LOREM = 1, JAVASCRIPT = 2, POLICY = 4 };

static const struct {
    const char *text;
    int kind;
} phrases[] = {
    {"lorem ipsum", LOREM},     {"javascript", JAVASCRIPT}, {"terms of use", POLICY},
    {"privacy policy", POLICY}, {"cookie policy", POLICY},  {"uses cookies", POLICY},
    {"use of cookies", POLICY}, {"use cookies", POLICY},
};

/* Whether a phrase stands at p, case ignored; the sign for kelvin is a k too. */
static bool starts_with(const char *p, const char *end, const char *phrase)
{
    for (; *phrase; phrase++) {
        if (*phrase == 'k' && end - p >= 3 && memcmp(p, "\u212A", 3) == 0)
            p += 3;
        else if (p < end && dm_char_fold((unsigned char)*p) == (unsigned char)*phrase)
            p++;
        else
            return false;
    }
    return true;
}

/* Bit set of the kinds of phrases in a line. */
static int find_phrases(const char *p, size_t n)
{
    int found = 0;
    for (const char *at = p, *end = p + n; at < end; at++) {
        if (!memchr("jltpcu", *at | 0x20, 6))
            continue;
        for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
            if (phrases[i].text[0] == (*at | 0x20) && starts_with(at, end, phrases[i].text))
                found |= phrases[i].kind;
    }
    return found;
}

/* Bytes of the citation at the '[' p, or 0: "[", digits, "]"; "[edit]"; "[citation needed]". */
static size_t citation(const char *p, size_t n)
{
    static const char *const others[] = {"[edit]", "[citation needed]"};
    size_t i = 1, size;
    while (dm_char_is_digit(dm_char_at(p, n, i, &size)))
        i += size;
    if (i < n && p[i] == ']')
        return i + 1;
    for (size_t k = 0; k < 2; k++)
        if (n >= strlen(others[k]) && memcmp(p, others[k], strlen(others[k])) == 0)
            return strlen(others[k]);
    return 0;
}

/* Appends a line without citations. */
static bool add_line(struct dm_buf *out, const char *p, size_t n, bool citations)
{
    size_t from = 0, size;
    for (size_t i = 0; citations && i < n; i += size) {
        const char *open = memchr(p + i, '[', n - i);
        if (!open)
            break;
        i = (size_t)(open - p);
        size = citation(open, n - i);
        if (size && !dm_buf_add(out, p + from, i - from))
            return false;
        from = size ? i + size : from;
        size += size == 0;
    }
    return dm_buf_add(out, p + from, n - from);
}

/* How many words a line has, and the code points of the longest. */
static size_t count_words(const char *p, size_t n, size_t *longest)
{
    size_t words = 0, chars = 0, size;
    *longest = 0;
    for (size_t i = 0; i < n; i += size) {
        bool space = dm_char_is_space(dm_char_read(p + i, &size));
        words += !space && chars == 0;
        chars = space ? 0 : chars + 1;
        *longest = chars > *longest ? chars : *longest;
    }
    return words;
}

/* Whether a line ends as sentences do: with one of . ? ! " ' and not with three dots. */
static bool is_ended(const char *p, size_t n)
{
    return n > 0 && memchr(".?!\"'", p[n - 1], 5) && !(n >= 3 && memcmp(p + n - 3, "...", 3) == 0);
}

/* Goes behind the marks at `at`, and one closing quote. */
static size_t behind_marks(const struct dm_charset *ends, const char *p, size_t n, size_t at)
{
    size_t size;
    while (at < n && dm_charset_has(ends, dm_char_read(p + at, &size)))
        at += size;
    uint32_t quote = dm_char_at(p, n, at, &size);
    return quote == '"' || quote == '\'' || quote == 0x201D ? at + size : at;
}

/* End of the sentence that starts at `at`, or 0. A capital and a dot are an initial, unless nothing
 * else ends the rest of the line: then the last of them does. */
static size_t sentence_end(const struct dm_charset *ends, const char *p, size_t n, size_t at)
{
    size_t size, initial = 0;
    for (bool first = true; at < n; at += size, first = false) {
        uint32_t c = dm_char_read(p + at, &size);
        if (!first && dm_charset_has(ends, c))
            return behind_marks(ends, p, n, at);
        if (dm_char_is_upper(c) && at + size < n && p[at + size] == '.') {
            at += size;
            initial = at;
            size = 1;
        }
    }
    return initial ? behind_marks(ends, p, n, initial) : 0;
}

/* A line without any end of a sentence is one. */
static size_t count_sentences(const struct dm_charset *ends, const char *p, size_t n)
{
    size_t count = 0;
    for (size_t at = 0; (at = sentence_end(ends, p, n, at)) != 0;)
        count++;
    return count > 0 ? count : 1;
}

/* Drops the line that was appended from `at` on, or answers why the whole text goes. */
static int judge_line(const struct dm_c4_rules *r, const char *p, size_t n, size_t words)
{
    if (r->terminal && !is_ended(p, n))
        return DM_C4_DROP_LINE;
    if ((double)words < r->min_words)
        return DM_C4_DROP_LINE;
    int found = find_phrases(p, n);
    if (r->lorem_ipsum && (found & LOREM))
        return DM_C4_LOREM_IPSUM;
    if (r->javascript && (found & JAVASCRIPT))
        return DM_C4_DROP_LINE;
    if (r->curly_bracket && memchr(p, '{', n))
        return DM_C4_CURLY_BRACKET;
    return r->policy && (found & POLICY) ? DM_C4_DROP_LINE : DM_OK;
}

/* Appends a line and judges it; *sentences grows by its sentences. */
static int take_line(const struct dm_charset *ends, const struct dm_c4_rules *r, const char *p,
                     size_t n, struct dm_buf *out, double *sentences)
{
    struct dm_text_span span;
    size_t longest, at = out->n;
    dm_text_strip(p, n, &span);
    p += span.start;
    n = span.end - span.start;
    size_t words = count_words(p, n, &longest);
    if (r->max_word >= 0 && (double)longest > r->max_word)
        return DM_OK;
    if (!add_line(out, p, n, r->citations))
        return DM_EMEMORY;
    int verdict = judge_line(r, out->p + at, out->n - at, words);
    if (verdict == DM_OK && r->min_sentences >= 0)
        *sentences += r->sentences ? 1 : (double)count_sentences(ends, out->p + at, out->n - at);
    if (verdict == DM_OK)
        return dm_buf_putc(out, r->sentences ? ' ' : '\n') ? DM_OK : DM_EMEMORY;
    out->n = at;
    return verdict == DM_C4_DROP_LINE ? DM_OK : verdict;
}

static int take_lines(const struct dm_charset *ends, const struct dm_c4_rules *r, const char *p,
                      size_t n, struct dm_buf *out, double *sentences)
{
    struct dm_buf *lines = dm_scratch_get(DM_SCRATCH_SPANS);
    if (dm_text_lines(p, n, lines) < 0)
        return DM_EMEMORY;
    const struct dm_text_span *line = (const struct dm_text_span *)(const void *)lines->p;
    for (size_t i = 0; i < lines->n / sizeof *line; i++) {
        int status =
            take_line(ends, r, p + line[i].start, line[i].end - line[i].start, out, sentences);
        if (status != DM_OK)
            return status;
    }
    return DM_OK;
}

/* Takes sentences as lines; `ends` has the newline too. What stands behind the last belongs to
 * it. */
static int take_sentences(const struct dm_charset *ends, const struct dm_c4_rules *r, const char *p,
                          size_t n, struct dm_buf *out, double *sentences)
{
    struct dm_text_span span;
    size_t from = 0, until = 0, end;
    for (size_t at = 0;; at = end) {
        while (at < n && p[at] == '\n')
            at++;
        if ((end = sentence_end(ends, p, n, at)) == 0)
            break;
        dm_text_strip(p + at, end - at, &span);
        if (span.start == span.end)
            continue;
        if (until > 0) {
            int status = take_line(ends, r, p + from, until - from, out, sentences);
            if (status != DM_OK)
                return status;
            from = until;
        }
        until = at + span.end;
    }
    return take_line(ends, r, p + from, n - from, out, sentences);
}

int dm_text_c4(const struct dm_charset *ends, const struct dm_c4_rules *rules, const char *p,
               size_t n, struct dm_buf *out)
{
    struct dm_text_span span;
    double sentences = 0;
    dm_buf_clear(out);
    if (!dm_buf_reserve(out, n + 1))
        return DM_EMEMORY;
    int status =
        (rules->sentences ? take_sentences : take_lines)(ends, rules, p, n, out, &sentences);
    if (status != DM_OK)
        return status;
    if (sentences < rules->min_sentences)
        return DM_C4_FEW_SENTENCES;
    dm_text_strip(out->p, out->n, &span);
    if (span.start > 0)
        memmove(out->p, out->p + span.start, span.end - span.start);
    out->n = span.end - span.start;
    return out->n != n || memcmp(out->p, p, n) != 0;
}
