/* What Data-Juicer cuts off LaTeX sources: what stands before the first heading, the bibliography,
 * and comments. Its patterns, with dots that take newlines where nothing else is said:
 *
 *   header         ^(.*?)(H) is replaced by group 2, where H is one of five commands, or \paragraph
 *                  followed at once by \subparagraph, each with  \*?(?:\[(.*?)\])?\{(.*?)\}
 *   bibliography   (\\appendix|\\begin\{references\}|...|\\bibliography\{.*\}).*$
 *   inline         [^\\]%.+$   in each line; the dot takes no newline
 *   lines          ^%.*\n?     in each line; likewise
 *
 * The lazy parts of H only ask whether something stands anywhere further on, so the last place of
 * each is looked up once. */
#include "text/chars.h"
#include "text/scratch.h"

#include <string.h>

static const char *const headings[] = {"chapter",       "part",      "section", "subsection",
                                       "subsubsection", "paragraph", NULL};
enum { PARAGRAPH = 5 };

/* The last places, 0 when there is none (no match can begin there). */
struct last {
    size_t brace;   /* of '}' */
    size_t bracket; /* of "]{" with a brace behind it */
    size_t second;  /* of "}\subparagraph" and what belongs to it */
    size_t bracket_before_second;
    bool looked; /* for the last two */
};

/* The last "]{" that starts before `end`. */
static size_t last_bracket(const char *p, size_t end)
{
    for (size_t i = end; i-- > 1;)
        if (p[i] == '{' && p[i - 1] == ']')
            return i - 1;
    return 0;
}

/* Bytes of the name when it stands at i with an optional star, else 0. */
static size_t name_end(const char *p, size_t n, size_t i, const char *name)
{
    size_t bytes = strlen(name);
    if (n - i <= bytes || memcmp(p + i, name, bytes) != 0)
        return 0;
    i += bytes;
    return i < n && p[i] == '*' ? i + 1 : i;
}

/* Whether [..]{..} or {..} can follow at i: `brace` is the last place where the braces may close,
 * `bracket` the last "]{" before it. */
static bool arguments_follow(const char *p, size_t n, size_t i, size_t brace, size_t bracket)
{
    if (i >= n)
        return false;
    if (p[i] == '{')
        return brace > i;
    return bracket > i && p[i] == '[';
}

static void find_second(const char *p, size_t n, struct last *last)
{
    last->looked = true;
    for (size_t i = n; i-- > 1;) {
        if (p[i] != '\\' || p[i - 1] != '}')
            continue;
        size_t end = name_end(p, n, i + 1, "subparagraph");
        if (!end || !arguments_follow(p, n, end, last->brace, last->bracket))
            continue;
        last->second = i - 1;
        last->bracket_before_second = last_bracket(p, i - 1);
        return;
    }
}

/* Whether a heading's command begins at the backslash i. */
static bool heading_at(const char *p, size_t n, size_t i, struct last *last)
{
    for (int h = 0; headings[h]; h++) {
        size_t end = name_end(p, n, i + 1, headings[h]);
        if (!end)
            continue;
        if (h != PARAGRAPH)
            return arguments_follow(p, n, end, last->brace, last->bracket);
        if (!last->looked)
            find_second(p, n, last);
        return arguments_follow(p, n, end, last->second, last->bracket_before_second);
    }
    return false;
}

int dm_text_find_tex_header(const char *p, size_t n, struct dm_text_span *span)
{
    struct last last = {0};
    const char *brace = memrchr(p, '}', n);
    if (!brace)
        return 0;
    last.brace = (size_t)(brace - p);
    last.bracket = last_bracket(p, last.brace);
    for (const char *at = p; (at = memchr(at, '\\', n - (size_t)(at - p))) != NULL; at++) {
        if (!heading_at(p, n, (size_t)(at - p), &last))
            continue;
        span->start = 0;
        span->end = (size_t)(at - p);
        return span->end > 0;
    }
    return 0;
}

static bool starts(const char *p, size_t n, const char *word)
{
    size_t bytes = strlen(word);
    return n >= bytes && memcmp(p, word, bytes) == 0;
}

int dm_text_find_bibliography(const char *p, size_t n, struct dm_text_span *span)
{
    const char *brace = memrchr(p, '}', n);
    for (const char *at = p; (at = memchr(at, '\\', n - (size_t)(at - p))) != NULL; at++) {
        size_t left = n - (size_t)(at - p);
        if (!starts(at, left, "\\appendix") && !starts(at, left, "\\begin{references}") &&
            !starts(at, left, "\\begin{REFERENCES}") &&
            !starts(at, left, "\\begin{thebibliography}") &&
            !(starts(at, left, "\\bibliography{") && brace > at))
            continue;
        span->start = (size_t)(at - p);
        span->end = n;
        return 1;
    }
    return 0;
}

/* Where an inline comment's match begins in the line that ends at `end`: at the character before
 * the first % that has another one behind it, no backslash before it, and does not stand at `from`.
 * SIZE_MAX: there is none. */
static size_t inline_start(const char *p, size_t from, size_t i, size_t end)
{
    while (i < end) {
        const char *sign = memchr(p + i, '%', end - i);
        if (!sign)
            break;
        i = (size_t)(sign - p) + 1;
        size_t before = i - 1;
        if (before <= from || i == end || p[before - 1] == '\\')
            continue;
        while (dm_char_continues(p[--before]))
            continue;
        return before;
    }
    return SIZE_MAX;
}

int dm_text_tex_inline(const char *p, size_t n, struct dm_buf *out)
{
    size_t from = 0;
    dm_buf_clear(out);
    for (size_t i = 0; i < n;) {
        const char *newline = memchr(p + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - p) : n;
        size_t start = inline_start(p, from, i, end);
        if (start != SIZE_MAX) {
            if (!dm_buf_add(out, p + from, start - from))
                return DM_EMEMORY;
            from = end;
        }
        i = end + 1;
    }
    if (from == 0)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}

int dm_text_tex_lines(const char *p, size_t n, struct dm_buf *out)
{
    size_t from = 0;
    bool cut = false;
    dm_buf_clear(out);
    for (size_t i = 0, next; i < n; i = next) {
        const char *newline = memchr(p + i, '\n', n - i);
        next = newline ? (size_t)(newline - p) + 1 : n;
        if (p[i] != '%')
            continue;
        if (!dm_buf_add(out, p + from, i - from))
            return DM_EMEMORY;
        from = next;
        cut = true;
    }
    if (!cut)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}
