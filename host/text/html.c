#include "text/html.h"

#include <string.h>
#include <strings.h>

#define NAME(name) #name,
static const char *const names[] = {"", DM_HTML_TAGS(NAME)};
#undef NAME

bool dm_html_is_void(int tag)
{
    switch (tag) {
    case DM_TAG_area:
    case DM_TAG_base:
    case DM_TAG_basefont:
    case DM_TAG_bgsound:
    case DM_TAG_br:
    case DM_TAG_col:
    case DM_TAG_embed:
    case DM_TAG_frame:
    case DM_TAG_hr:
    case DM_TAG_img:
    case DM_TAG_input:
    case DM_TAG_keygen:
    case DM_TAG_link:
    case DM_TAG_meta:
    case DM_TAG_param:
    case DM_TAG_source:
    case DM_TAG_track:
    case DM_TAG_wbr:
        return true;
    default:
        return false;
    }
}

bool dm_html_is_breakout(int tag)
{
    static const uint8_t others[DM_TAGS] = {
        [DM_TAG_other] = 1,    [DM_TAG_area] = 1,      [DM_TAG_applet] = 1,
        [DM_TAG_button] = 1,   [DM_TAG_image] = 1,     [DM_TAG_marquee] = 1,
        [DM_TAG_object] = 1,   [DM_TAG_base] = 1,      [DM_TAG_basefont] = 1,
        [DM_TAG_bgsound] = 1,  [DM_TAG_caption] = 1,   [DM_TAG_col] = 1,
        [DM_TAG_colgroup] = 1, [DM_TAG_desc] = 1,      [DM_TAG_foreignobject] = 1,
        [DM_TAG_form] = 1,     [DM_TAG_frame] = 1,     [DM_TAG_frameset] = 1,
        [DM_TAG_html] = 1,     [DM_TAG_iframe] = 1,    [DM_TAG_input] = 1,
        [DM_TAG_keygen] = 1,   [DM_TAG_link] = 1,      [DM_TAG_math] = 1,
        [DM_TAG_noembed] = 1,  [DM_TAG_noframes] = 1,  [DM_TAG_noscript] = 1,
        [DM_TAG_param] = 1,    [DM_TAG_plaintext] = 1, [DM_TAG_script] = 1,
        [DM_TAG_select] = 1,   [DM_TAG_source] = 1,    [DM_TAG_style] = 1,
        [DM_TAG_svg] = 1,      [DM_TAG_tbody] = 1,     [DM_TAG_td] = 1,
        [DM_TAG_template] = 1, [DM_TAG_textarea] = 1,  [DM_TAG_tfoot] = 1,
        [DM_TAG_th] = 1,       [DM_TAG_thead] = 1,     [DM_TAG_title] = 1,
        [DM_TAG_tr] = 1,       [DM_TAG_track] = 1,     [DM_TAG_wbr] = 1,
        [DM_TAG_xmp] = 1,      [DM_TAG_rt] = 1,        [DM_TAG_rp] = 1,
    };
    return !others[tag];
}

bool dm_html_is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static int find_tag(const char *p, size_t n)
{
    int low = 1, high = DM_TAGS;
    while (low < high) {
        int middle = (low + high) / 2, order = strncasecmp(names[middle], p, n);
        size_t length = strlen(names[middle]); /* less than n, where p has a NUL */
        if (order == 0 && length == n)
            return middle;
        if (order < 0 || (order == 0 && length < n))
            low = middle + 1;
        else
            high = middle;
    }
    return DM_TAG_other;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether c is a digit or a letter; with `hex` one of a number of base 16. */
static bool is_alnum(char c, bool hex)
{
    return is_digit(c) || (dm_html_is_letter(c) && (!hex || (c | 0x20) <= 'f'));
}

static size_t skip_space(const struct dm_html *h, size_t i)
{
    while (i < h->n && is_space(h->p[i]))
        i++;
    return i;
}

/* Place of a byte from i on, or the end. */
static size_t find_byte(const struct dm_html *h, size_t i, char c)
{
    const char *at = i < h->n ? memchr(h->p + i, c, h->n - i) : NULL;
    return at ? (size_t)(at - h->p) : h->n;
}

/* Reads an attribute's value, the '=' being before. Returns the place behind it. */
static size_t read_value(const struct dm_html *h, size_t i, struct dm_text_span *value)
{
    i = skip_space(h, i);
    if (i < h->n && (h->p[i] == '"' || h->p[i] == '\'')) {
        value->start = i + 1;
        value->end = i = find_byte(h, i + 1, h->p[i]);
        return i < h->n ? i + 1 : i;
    }
    value->start = i;
    while (i < h->n && h->p[i] != '>' && !is_space(h->p[i]))
        i++;
    value->end = i;
    return i;
}

size_t dm_html_read_attribute(const struct dm_html *h, size_t i, struct dm_html_attribute *a)
{
    while (i < h->n && (is_space(h->p[i]) || h->p[i] == '/'))
        i++;
    a->value.start = a->value.end = 0;
    a->name.start = a->name.end = i;
    if (i >= h->n || h->p[i] == '>')
        return i;
    for (i++; i < h->n && h->p[i] != '>' && h->p[i] != '/' && h->p[i] != '='; i++)
        if (is_space(h->p[i]))
            break;
    a->name.end = i;
    size_t next = skip_space(h, i);
    return next < h->n && h->p[next] == '=' ? read_value(h, next + 1, &a->value) : i;
}

/* Reads a tag whose name starts at i. At the end of the text there is none. */
static bool read_tag(struct dm_html *h, size_t i, struct dm_html_token *t)
{
    struct dm_html_attribute unused;
    t->start = i;
    while (i < h->n && h->p[i] != '>' && h->p[i] != '/' && !is_space(h->p[i]))
        i++;
    t->end = i;
    t->tag = find_tag(h->p + t->start, t->end - t->start);
    t->closed = false;
    while (i < h->n && h->p[i] != '>') {
        if (is_space(h->p[i]) || h->p[i] == '/')
            t->closed = h->p[i++] == '/' && i < h->n && h->p[i] == '>';
        else
            i = dm_html_read_attribute(h, i, &unused);
    }
    h->at = i < h->n ? i + 1 : i;
    return i < h->n;
}

/* Reads an end tag as Python does, its "</" being before i: the first '>' ends it, and white space
 * may stand before a name that nothing else follows. False: it is none. */
static bool read_end_tag(struct dm_html *h, size_t i, struct dm_html_token *t)
{
    size_t end = find_byte(h, i, '>'), name = skip_space(h, i);
    if (end == h->n || !dm_html_is_letter(h->p[name]))
        return false;
    t->start = name;
    for (t->end = name; t->end < end && h->p[t->end] != '/' && h->p[t->end]; t->end++)
        if (is_space(h->p[t->end]))
            break;
    if (name > i && skip_space(h, t->end) < end)
        return false;
    t->kind = DM_HTML_CLOSE;
    t->tag = find_tag(h->p + t->start, t->end - t->start);
    h->at = end + 1;
    return true;
}

/* Place behind a comment whose text starts at i, or 0 when it does not end. */
static size_t comment_end(const struct dm_html *h, size_t i)
{
    if (i < h->n && h->p[i] == '>' && !h->others)
        return i + 1;
    if (h->n - i >= 2 && h->p[i] == '-' && h->p[i + 1] == '>' && !h->others)
        return i + 2;
    for (; (i = find_byte(h, i, '-')) < h->n; i++) {
        size_t left = h->n - i;
        size_t end = i + 2;
        if (left < 3 || h->p[i + 1] != '-')
            continue;
        if (h->others)
            end = skip_space(h, end);
        if (end < h->n && h->p[end] == '>')
            return end + 1;
        if (left >= 4 && memcmp(h->p + i, "--!>", 4) == 0 && !h->others)
            return i + 4;
    }
    return 0;
}

static bool starts(const struct dm_html *h, size_t i, const char *word)
{
    size_t bytes = strlen(word);
    return h->n - i >= bytes && strncasecmp(h->p + i, word, bytes) == 0;
}

/* Whether the '<' at i begins something else than text. */
static bool is_markup(const struct dm_html *h, size_t i)
{
    if (i + 1 >= h->n)
        return false;
    char c = h->p[i + 1];
    bool nameless = i + 2 < h->n && h->p[i + 2] == '>' && !h->others;
    return dm_html_is_letter(c) || c == '!' || c == '?' || (c == '/' && i + 2 < h->n && !nameless);
}

/* Reads a CDATA section. */
static void read_section(struct dm_html *h, struct dm_html_token *t)
{
    const char *end = memmem(h->p + h->at + 9, h->n - h->at - 9, "]]>", 3);
    t->kind = DM_HTML_TEXT;
    t->references = false;
    t->start = h->at + 9;
    t->end = end ? (size_t)(end - h->p) : h->n;
    h->at = end ? t->end + 3 : h->n;
}

/* Place of the next '>' from i on, or the end. Asked for places that grow. */
static size_t next_close(struct dm_html *h, size_t i)
{
    if (h->close <= i)
        h->close = find_byte(h, i, '>');
    return h->close;
}

/* Markup that does not end, as text: up to a '>' inside it, else before the next '<', else its own
 * alone. */
static bool take_unended(struct dm_html *h, size_t i, struct dm_html_token *t)
{
    if (next_close(h, i) < h->n) {
        h->at = h->close + 1;
    } else {
        h->at = find_byte(h, i + 1, '<');
        h->at = h->at < h->n ? h->at : i + 1;
    }
    h->stopped = true;
    *t = (struct dm_html_token){.kind = DM_HTML_TEXT, .start = i, .end = h->at, .unended = true};
    return true;
}

/* Place behind the "<![if x]>" or the like that starts at i, or 0 when it does not end. */
static size_t condition_end(struct dm_html *h, size_t i)
{
    for (; !h->no_condition_ends && (i = find_byte(h, i, ']')) < h->n; i++) {
        size_t end = skip_space(h, i + 1);
        if (end < h->n && h->p[end] == '>')
            return end + 1;
    }
    h->no_condition_ends = true;
    return 0;
}

/* Place behind the comment, section or other markup that starts at i, or 0 when it does not end. */
static size_t other_end(struct dm_html *h, size_t i)
{
    size_t end = 0;
    if (starts(h, i, "<!--")) {
        if (!h->no_comment_ends)
            h->no_comment_ends = (end = comment_end(h, i + 4)) == 0;
        return end;
    }
    if (h->others && (starts(h, i, "<![if") || starts(h, i, "<![e"))) /* else, endif */
        return condition_end(h, i);
    if (h->others && starts(h, i, "<![CDATA[")) {
        const char *close = h->no_section_ends ? NULL : memmem(h->p + i, h->n - i, "]]>", 3);
        h->no_section_ends = close == NULL;
        return close ? (size_t)(close - h->p) + 3 : 0;
    }
    end = find_byte(h, i, '>');
    return end < h->n ? end + 1 : 0;
}

/* Reads what stands at a '<', or at an '&' from which on all is text. False when it is passed over.
 */
static bool read_markup(struct dm_html *h, struct dm_html_token *t)
{
    size_t i = h->at;
    if (h->p[i] == '&') {
        h->at = h->n;
        *t = (struct dm_html_token){.kind = DM_HTML_TEXT, .start = i, .end = h->n, .unended = true};
        return true;
    }
    bool close = h->p[i + 1] == '/';
    if (h->others && next_close(h, i) == h->n)
        return take_unended(h, i, t);
    if (h->others && close && read_end_tag(h, i + 2, t))
        return true;
    t->start = i;
    if (dm_html_is_letter(h->p[i + 1 + close])) {
        t->kind = close ? DM_HTML_CLOSE : DM_HTML_OPEN;
        if (read_tag(h, i + 1 + close, t))
            return true;
        if (!close && t->end == h->n)
            h->unfinished = (struct dm_text_span){t->start, t->end};
        return h->others && take_unended(h, i, t);
    }
    if (h->foreign && starts(h, i, "<![CDATA[")) {
        read_section(h, t);
        return true;
    }
    size_t end = other_end(h, i);
    if (!end && h->others)
        return take_unended(h, i, t);
    h->at = end ? end : h->n;
    t->kind = DM_HTML_OTHER;
    t->end = h->at;
    return h->others && !(close && t->end - t->start == 3);
}

/* Whether a tag of the model's element begins at i, which is a '<': an end tag, or with `slash` ""
 * a start tag. */
static bool is_model_tag(const struct dm_html *h, size_t i, const char *slash)
{
    size_t after = i + 1 + strlen(slash);
    if (!starts(h, i + 1, slash) || !starts(h, after, names[h->model_tag]))
        return false;
    after += strlen(names[h->model_tag]);
    return after < h->n && (is_space(h->p[after]) || h->p[after] == '/' || h->p[after] == '>');
}

/* Where a script ends. Between <!-- and --> it may hold a script in tags of its own. */
static size_t script_end(const struct dm_html *h)
{
    bool escaped = false, inner = false;
    for (size_t i = h->at; i < h->n; i++) {
        if (escaped && h->p[i] == '-' && starts(h, i, "-->")) {
            escaped = inner = false;
        } else if (h->p[i] == '<') {
            if (!escaped && starts(h, i, "<!--")) {
                escaped = true;
                i += 1; /* its dashes may be those of --> too */
            } else if (is_model_tag(h, i, "/")) {
                if (!inner)
                    return i;
                inner = false;
            } else if (escaped && is_model_tag(h, i, "")) {
                inner = true;
            }
        }
    }
    return h->n;
}

/* Whether Python ends the model's element at i: with an end tag of nothing but its name. */
static bool is_plain_end(const struct dm_html *h, size_t i)
{
    if (i + 1 >= h->n || h->p[i + 1] != '/')
        return false;
    i = skip_space(h, i + 2);
    if (!starts(h, i, names[h->model_tag]))
        return false;
    i = skip_space(h, i + strlen(names[h->model_tag]));
    return i < h->n && h->p[i] == '>';
}

static size_t model_end(const struct dm_html *h)
{
    if (h->model == DM_HTML_PLAIN)
        return h->n;
    if (h->model == DM_HTML_SCRIPT)
        return script_end(h);
    size_t i = h->at;
    while ((i = find_byte(h, i, '<')) < h->n &&
           !(h->others ? is_plain_end(h, i) : is_model_tag(h, i, "/")))
        i++;
    return i;
}

/* Whether Python reads the '&' at i: it stops at one that begins no reference, or one that the text
 * ends in. */
static bool is_read(const struct dm_html *h, size_t i)
{
    bool number = ++i < h->n && h->p[i] == '#';
    bool hex = number && i + 1 < h->n && (h->p[i + 1] | 0x20) == 'x';
    size_t start = number ? i += 1 + hex : i;
    if (!number && (i == h->n || !dm_html_is_letter(h->p[i])))
        return true;
    while (i < h->n && (number && !hex ? is_digit(h->p[i]) : is_alnum(h->p[i], hex)))
        i++;
    return i > start && i < h->n && !(number && is_alnum(h->p[i], true));
}

/* Whether all from the '&' at i on is plain text, since Python has stopped there for the second
 * time. The first time it goes on, behind the '#' of what is no number if there is a semicolon to
 * come. */
static bool stops(struct dm_html *h, size_t i)
{
    if (is_read(h, i))
        return false;
    bool number = i + 1 < h->n && h->p[i + 1] == '#';
    bool once = !h->stopped && number && find_byte(h, i, ';') < h->n;
    h->stopped = true;
    return !once;
}

static size_t data_end(struct dm_html *h)
{
    size_t i = h->at;
    if (h->others) {
        for (; i < h->n; i++)
            if (h->p[i] == '<' ? is_markup(h, i) : h->p[i] == '&' && stops(h, i))
                break;
        return i;
    }
    while ((i = find_byte(h, i, '<')) < h->n && !is_markup(h, i))
        i++;
    return i;
}

void dm_html_next(struct dm_html *h, struct dm_html_token *t)
{
    while (h->at < h->n) {
        t->kind = DM_HTML_TEXT;
        t->unended = false;
        t->references = h->model == DM_HTML_DATA || h->model == DM_HTML_RCDATA;
        t->start = h->at;
        h->at = t->end = h->model == DM_HTML_DATA ? data_end(h) : model_end(h);
        if (h->others && h->model != DM_HTML_DATA && h->at == h->n)
            break;
        h->model = DM_HTML_DATA;
        if (t->end > t->start || (h->at < h->n && read_markup(h, t)))
            return;
    }
    t->kind = DM_HTML_END;
}
