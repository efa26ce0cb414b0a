/* DataMate's LegendCleaner: takes out lines that are captions of figures and tables.
 *
 *   (图|表|图片|表格) space* number space+ ...
 *   (Figure|Table|Fig.?) space* number [.:]? space+ ...       case is ignored
 *
 * where a number is digits or a letter or two, with groups of digits behind dots and hyphens.
 * Neither pattern needs to step back: what follows a number is never part of a longer one. */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

/* A line: bytes up to n. */
struct line {
    const char *p;
    size_t n;
};

static bool is_at(const struct line *l, size_t at, char c)
{
    return at < l->n && l->p[at] == c;
}

static size_t skip_spaces(const struct line *l, size_t at)
{
    while (is_at(l, at, ' '))
        at++;
    return at;
}

static size_t skip_digits(const struct line *l, size_t at)
{
    size_t size;
    while (dm_char_is_digit(dm_char_at(l->p, l->n, at, &size)))
        at += size;
    return at;
}

/* (D+)((\.|-)D+)* from `at`, where the first D+ has been read. */
static size_t skip_groups(const struct line *l, size_t at)
{
    while (is_at(l, at, '.') || is_at(l, at, '-')) {
        size_t next = skip_digits(l, at + 1);
        if (next == at + 1)
            break;
        at = next;
    }
    return at;
}

/* End of one or two letters, `at` when there is none. */
static size_t skip_letters(const struct line *l, size_t at)
{
    size_t size;
    for (int i = 0; i < 2 && dm_char_is_letter(dm_char_at(l->p, l->n, at, &size)); i++)
        at += size;
    return at;
}

/* Whether a space stands behind a number that ends at `at`, and an English one's dot or colon. */
static bool is_closed(const struct line *l, size_t at, bool english)
{
    if (english && (is_at(l, at, '.') || is_at(l, at, ':')))
        at++;
    return is_at(l, at, ' ');
}

/* Whether a number and a space stand at `at`. */
static bool is_numbered(const struct line *l, size_t at, bool english)
{
    size_t size, start = skip_spaces(l, at), end = skip_digits(l, start);
    if (end > start && is_closed(l, skip_groups(l, end), english))
        return true;
    if (english && dm_char_fold(dm_char_at(l->p, l->n, start, &size)) == 's') {
        end = skip_digits(l, start + size);
        if (end > start + size && is_closed(l, skip_groups(l, end), true))
            return true;
    }
    end = skip_letters(l, start);
    if (end == start)
        return false;
    if (english && dm_char_is_digit(dm_char_at(l->p, l->n, end, &size)))
        end += size;
    return is_closed(l, skip_groups(l, end), english);
}

static size_t after(const struct line *l, const char *word)
{
    size_t at = 0, size;
    for (; *word; word++, at += size)
        if (dm_char_fold(dm_char_at(l->p, l->n, at, &size)) != (unsigned char)*word)
            return 0;
    return at;
}

static bool is_english(const struct line *l)
{
    size_t fig = after(l, "fig");
    if (!fig) {
        size_t table = after(l, "table");
        return table && is_numbered(l, table, true);
    }
    size_t figure = after(l, "figure");
    return (figure && is_numbered(l, figure, true)) ||
           (is_at(l, fig, '.') && is_numbered(l, fig + 1, true)) || is_numbered(l, fig, true);
}

static bool is_chinese(const struct line *l)
{
    static const char *const words[] = {"图", "表", "图片", "表格"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t bytes = strlen(words[i]);
        if (l->n >= bytes && memcmp(l->p, words[i], bytes) == 0 && is_numbered(l, bytes, false))
            return true;
    }
    return false;
}

static bool is_caption(const struct line *l)
{
    if (l->n < 2)
        return false;
    uint32_t c = (unsigned char)l->p[0] | 0x20u;
    return c == 'f' || c == 't' ? is_english(l) : (unsigned char)l->p[0] >= 0xE5 && is_chinese(l);
}

int dm_text_captions(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    bool kept = false;
    for (size_t at = 0, end; at <= n; at = end + 1) {
        const char *newline = memchr(p + at, '\n', n - at);
        end = newline ? (size_t)(newline - p) : n;
        if (is_caption(&(struct line){p + at, end - at}))
            dm_rewrite_drop_line(&w, at, end, kept);
        else
            kept = true;
    }
    return dm_rewrite_end(&w);
}
