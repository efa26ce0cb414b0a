/* DataMate's HtmlTagCleaner: takes out tags of HTML by their names, and then the attributes of what
 * looks like a tag still, rowspan and colspan aside. Text between tags stays, that of scripts too.
 *
 *   1  <NAME(\s[^>]*)?> and </NAME>, case is ignored
 *   2  in each <\w+(\s+[^<>]*?)?>: \s*(\w+)="[^"]+" */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#include <limits.h>

/* In order. Those of tables go only when they are asked for. */
static const char *const names[] = {
    "a",        "abbr",     "acronym",    "address",    "applet",   "area",    "article",
    "aside",    "audio",    "b",          "base",       "basefont", "bdi",     "bdo",
    "bgsound",  "big",      "blink",      "blockquote", "body",     "br",      "button",
    "canvas",   "caption",  "center",     "cite",       "code",     "col",     "colgroup",
    "command",  "content",  "data",       "datalist",   "dd",       "del",     "details",
    "dfn",      "dialog",   "dir",        "div",        "dl",       "dt",      "em",
    "embed",    "fieldset", "figcaption", "figure",     "font",     "footer",  "form",
    "frame",    "frameset", "h1",         "h2",         "h3",       "h4",      "h5",
    "h6",       "head",     "header",     "hgroup",     "hr",       "html",    "i",
    "iframe",   "image",    "img",        "input",      "ins",      "isindex", "kbd",
    "keygen",   "label",    "legend",     "li",         "link",     "listing", "main",
    "map",      "mark",     "marquee",    "menu",       "menuitem", "meta",    "meter",
    "nav",      "nobr",     "noembed",    "noframes",   "noscript", "object",  "ol",
    "optgroup", "option",   "output",     "p",          "param",    "picture", "plaintext",
    "pre",      "progress", "q",          "rp",         "rt",       "rtc",     "ruby",
    "s",        "samp",     "script",     "section",    "select",   "shadow",  "small",
    "source",   "spacer",   "span",       "strike",     "strong",   "style",   "sub",
    "summary",  "sup",      "template",   "textarea",   "tfoot",    "thead",   "time",
    "title",    "track",    "tt",         "u",          "ul",       "var",     "video",
    "wbr",      "xmp",
};
static const char *const table_names[] = {"table", "tbody", "td", "th", "tr"};

enum {
    NAMES = sizeof names / sizeof *names,
    TABLE_NAMES = sizeof table_names / sizeof *table_names,
    LONGEST_NAME = 10
};

static bool is_among(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (list[i][1] == name[1] && strcmp(list[i], name) == 0)
            return true;
    return false;
}

/* Whether it is one of those that always go; only names with its first letter are compared. */
static bool is_name(const char *name)
{
    static size_t from[UCHAR_MAX + 2]; /* where the names of a first letter begin */
    if (!from[UCHAR_MAX + 1])
        for (size_t c = 0, i = 0; c <= UCHAR_MAX + 1; c++) {
            while (i < NAMES && (unsigned char)*names[i] < c)
                i++;
            from[c] = i;
        }
    size_t first = from[(unsigned char)*name], end = from[(unsigned char)*name + 1];
    return is_among(names + first, end - first, name);
}

/* Reads a name at `at` and returns its end, or 0 when it is none of ours. */
static size_t name_end(const char *p, size_t n, size_t at, bool tables)
{
    char name[LONGEST_NAME + 2];
    size_t length = 0, size;
    for (;; at += size) {
        uint32_t c = dm_char_fold(dm_char_at(p, n, at, &size));
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            break;
        if (length > LONGEST_NAME)
            return 0;
        name[length++] = (char)c;
    }
    name[length] = 0;
    bool ours = *name && (is_name(name) || (tables && is_among(table_names, TABLE_NAMES, name)));
    return ours ? at : 0;
}

/* End of the tag whose '<' stands at `at`, or 0; *last is the last '>' of the text. */
static size_t tag_end(const char *p, size_t n, size_t at, bool tables, const char *last)
{
    bool closing = at + 1 < n && p[at + 1] == '/';
    size_t size, end = name_end(p, n, at + 1 + closing, tables);
    uint32_t c = dm_char_at(p, n, end, &size);
    if (!end || c == DM_CHAR_END)
        return 0;
    if (c == '>')
        return end + 1;
    if (closing || !dm_char_is_space(c) || p + end > last)
        return 0;
    const char *close = memchr(p + end, '>', n - end);
    return close ? (size_t)(close - p) + 1 : 0;
}

int dm_text_tags(const char *p, size_t n, int tables, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    const char *last = n ? memrchr(p, '>', n) : NULL;
    size_t at = 0;
    for (const char *open; last && (open = memchr(p + at, '<', n - at)) != NULL;) {
        size_t start = (size_t)(open - p), end = tag_end(p, n, start, tables != 0, last);
        if (end)
            dm_rewrite_put(&w, start, end, "", 0);
        at = end ? end : start + 1;
    }
    return dm_rewrite_end(&w);
}

/* Where the run of characters of a kind begins that ends at `at`, not before `from`. */
static size_t back_over(const char *p, size_t from, size_t at, bool (*kind)(uint32_t))
{
    size_t size;
    while (at > from && kind(dm_char_before(p + at, &size)))
        at -= size;
    return at;
}

static bool is_kept(const char *p, size_t n)
{
    return n == 7 && (memcmp(p, "colspan", 7) == 0 || memcmp(p, "rowspan", 7) == 0);
}

/* Takes the attributes out of the tag that lies between two places. */
static void strip_attributes(struct dm_rewrite *w, size_t from, size_t end)
{
    const char *p = w->p, *sign;
    for (size_t at = from; (sign = memmem(p + at, end - at, "=\"", 2)) != NULL;) {
        size_t equals = (size_t)(sign - p);
        const char *quote = memchr(sign + 2, '"', end - equals - 2);
        if (!quote)
            return;
        size_t name = back_over(p, from, equals, dm_char_is_word), behind = (size_t)(quote - p) + 1;
        if (name == equals || quote == sign + 2) {
            at = equals + 2;
            continue;
        }
        if (!is_kept(p + name, equals - name))
            dm_rewrite_put(w, back_over(p, from, name, dm_char_is_space), behind, "", 0);
        at = from = behind;
    }
}

/* End of the would-be tag whose '<' stands at `at`, or 0; *stop is where to look on. */
static size_t any_tag_end(const char *p, size_t n, size_t at, size_t *stop)
{
    size_t size, start = ++at;
    while (dm_char_is_word(dm_char_at(p, n, at, &size)))
        at += size;
    *stop = at;
    if (at == start || at >= n)
        return 0;
    if (dm_char_is_space(dm_char_at(p, n, at, &size)))
        while (at < n && p[at] != '<' && p[at] != '>')
            at++;
    *stop = at;
    return at < n && p[at] == '>' ? at + 1 : 0;
}

int dm_text_attributes(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    size_t at = 0;
    for (const char *open; at < n && (open = memchr(p + at, '<', n - at)) != NULL;) {
        size_t start = (size_t)(open - p), end = any_tag_end(p, n, start, &at);
        if (end)
            strip_attributes(&w, start, end);
    }
    return dm_rewrite_end(&w);
}
