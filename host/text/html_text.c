/* The text of an HTML document's body: every text node in the order in which a browser has them.
 * That takes no tree, only what html_stack.h keeps. Before the body there is only white space, and
 * elements whose text nobody sees.
 *
 * It follows the tree construction of the HTML standard, except: how elements nest inside one that
 * is moved in front of a table is only counted, and elements that others close are not told apart;
 * and but for what Modest, the parser of Data-Juicer, does otherwise: the text before a '<' that
 * ends the document is lost behind markup, the name of a tag that does not end is text, references
 * in text without tags are read where it has end tags of other elements, and such text is lost when
 * the document ends in it with half a tag; "</>" counts as white space where nothing else stands,
 * and white space that is written as a reference does not.
 */
#include "text/chars.h"
#include "text/entity.h"
#include "text/html.h"
#include "text/html_stack.h"
#include "text/scratch.h"

#include <string.h>

/* Foreign elements that are nested deeper are not told apart. */
enum { MOST_FOREIGN = 64 };

struct reader {
    struct dm_html html;
    struct dm_html_stack stack;
    uint32_t hidden;  /* templates that are open before the body */
    size_t after_pre; /* place behind the tag of a pre or listing, where a newline is passed over */
    bool in_body, in_noscript;
    bool settled; /* something is seen that a frameset can not replace */
};

/* End of the white space at `at`. */
static size_t skip_white(const struct dm_buf *text, size_t at)
{
    while (at < text->n && memchr(" \n\t\f", text->p[at], 4))
        at++;
    return at;
}

/* Appends text as it is read: line ends become LF, NUL goes or becomes U+FFFD. */
static void add_text(struct reader *r, const char *p, size_t n, bool references, bool raw)
{
    struct dm_entity_text entity;
    size_t from = 0, size;
    for (size_t i = 0; i < n && !r->stack.failed; i += size) {
        size = 1;
        if (p[i] == '&' && references && (size = dm_entity_read(p + i, n - i, &entity)) > 0) {
            r->stack.failed = !dm_buf_add(r->stack.text, p + from, i - from) ||
                              !dm_buf_add(r->stack.text, entity.bytes, entity.n);
        } else if (p[i] == '\r') {
            size = i + 1 < n && p[i + 1] == '\n' ? 2 : 1;
            r->stack.failed =
                !dm_buf_add(r->stack.text, p + from, i - from) || !dm_buf_putc(r->stack.text, '\n');
        } else if (p[i] == 0) {
            r->stack.failed = !dm_buf_add(r->stack.text, p + from, i - from) ||
                              !dm_buf_puts(r->stack.text, raw ? "\xEF\xBF\xBD" : "");
        } else {
            size = 1;
            continue;
        }
        from = i + size;
    }
    r->stack.failed |= !dm_buf_add(r->stack.text, p + from, n - from);
}

/* Whether text is nothing but white space and "</>". */
static bool is_white(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (n - i >= 3 && memcmp(p + i, "</>", 3) == 0)
            i += 2;
        else if (!memchr(" \n\t\f\r", p[i], 5))
            return false;
    }
    return true;
}

/* Puts text that was read into its place. */
static void place_text(struct reader *r, size_t start, bool white)
{
    size_t solid = skip_white(r->stack.text, start);
    if (dm_html_stack_top(&r->stack)->kind == DM_IN_COLUMNS && !white) {
        if (solid > start)
            dm_html_stack_add(&r->stack, start, solid, false);
        dm_html_stack_pop(&r->stack);
        start = solid;
    }
    if (r->stack.text->n > start)
        dm_html_stack_add(&r->stack, start, r->stack.text->n, !white);
}

static void take_text(struct reader *r, const struct dm_html_token *t)
{
    size_t start = r->stack.text->n, i = t->start;
    bool first = i == r->html.unfinished.start; /* or the name of the tag that does not end */
    if (t->references && !first && t->end == r->html.n && r->html.p[t->end - 1] == '<')
        return;
    if (i == r->after_pre && i < t->end && (r->html.p[i] == '\n' || r->html.p[i] == '\r'))
        i += r->html.p[i] == '\r' && i + 1 < t->end && r->html.p[i + 1] == '\n' ? 2 : 1;
    bool white = is_white(r->html.p + i, t->end - i);
    if (white && !r->in_body)
        return;
    add_text(r, r->html.p + i, t->end - i, t->references, false);
    if (!r->in_body) {
        start = skip_white(r->stack.text, start);
        r->in_body = start < r->stack.text->n;
    }
    if (r->in_body && !r->stack.failed) {
        r->settled |= !white;
        place_text(r, start, white);
    }
}

/* How the text behind a start tag is read. */
static int model_of(int tag)
{
    switch (tag) {
    case DM_TAG_textarea:
    case DM_TAG_title:
        return DM_HTML_RCDATA;
    case DM_TAG_style:
    case DM_TAG_xmp:
    case DM_TAG_iframe:
    case DM_TAG_noembed:
    case DM_TAG_noframes:
        return DM_HTML_RAW;
    case DM_TAG_script:
        return DM_HTML_SCRIPT;
    case DM_TAG_plaintext:
        return DM_HTML_PLAIN;
    default:
        return DM_HTML_DATA;
    }
}

/* Whether the text has an end tag whose name, all letters, ends in it. */
static bool has_end_tag(const struct reader *r, const struct dm_html_token *t)
{
    const char *p = r->html.p + t->start, *end = r->html.p + t->end;
    while (end - p > 3 && (p = memchr(p, '<', (size_t)(end - p - 3)))) {
        const char *name = p + 2, *at = name;
        while (at < end && dm_html_is_letter(*at))
            at++;
        if (p[1] == '/' && at > name && at < end && memchr(" \n\t\f\r/>", *at, 7))
            return true;
        p++;
    }
    return false;
}

/* Whether the document ends in "<", "</" or the name of an end tag. */
static bool ends_in_tag(const struct dm_html *h)
{
    size_t i = h->n;
    while (i && dm_html_is_letter(h->p[i - 1]))
        i--;
    if (i && h->p[i - 1] == '/')
        i--;
    else if (i < h->n)
        return false;
    return i && h->p[i - 1] == '<';
}

/* Reads the text behind a start tag by the element's own rule. With `lost` nobody sees it. */
static void take_model(struct reader *r, const struct dm_html_token *open, bool lost)
{
    struct dm_html_token t;
    size_t start = r->stack.text->n;
    bool in_table = open->tag == DM_TAG_script || open->tag == DM_TAG_style;
    int model = r->html.model = model_of(open->tag);
    r->html.model_tag = open->tag;
    dm_html_next(&r->html, &t);
    if (t.kind != DM_HTML_TEXT || lost)
        return;
    if ((model == DM_HTML_RAW || model == DM_HTML_RCDATA) && has_end_tag(r, &t)) {
        t.references = true;
        if (t.end == r->html.n && ends_in_tag(&r->html))
            return;
    }
    add_text(r, r->html.p + t.start, t.end - t.start, t.references, true);
    if (open->tag == DM_TAG_textarea && r->stack.text->n > start && r->stack.text->p[start] == '\n')
        start++;
    if (r->stack.text->n > start && !r->stack.failed)
        dm_html_stack_add(&r->stack, start, r->stack.text->n, !in_table);
}

/* A start tag before the body. Returns whether it begins the body and is to be read there. */
static bool open_before_body(struct reader *r, const struct dm_html_token *t)
{
    switch (t->tag) {
    case DM_TAG_html:
    case DM_TAG_head:
    case DM_TAG_base:
    case DM_TAG_basefont:
    case DM_TAG_bgsound:
    case DM_TAG_link:
    case DM_TAG_meta:
        return false;
    case DM_TAG_noscript:
        r->in_noscript = true;
        return false;
    case DM_TAG_title:
    case DM_TAG_style:
    case DM_TAG_script:
    case DM_TAG_noframes:
        take_model(r, t, true);
        return false;
    case DM_TAG_template:
        r->hidden++;
        return false;
    case DM_TAG_frameset:
        r->html.at = r->html.n;
        return false;
    default:
        r->in_body = true;
        r->settled = t->tag == DM_TAG_body;
        return t->tag != DM_TAG_body;
    }
}

/* A start tag inside svg or math. Returns whether it ends them and is to be read as HTML. */
static bool open_foreign(struct reader *r, const struct dm_html_token *t)
{
    if (dm_html_is_breakout(t->tag)) {
        while (dm_html_stack_top(&r->stack)->kind == DM_IN_FOREIGN)
            dm_html_stack_pop(&r->stack);
        return true;
    }
    bool island = t->tag == DM_TAG_title || t->tag == DM_TAG_desc || t->tag == DM_TAG_foreignobject;
    if (t->closed)
        return false;
    if (t->tag == dm_html_stack_top(&r->stack)->tag)
        dm_html_stack_top(&r->stack)->inner++;
    else if (island && dm_html_stack_top(&r->stack)->tag == DM_TAG_svg &&
             r->stack.depth < MOST_FOREIGN)
        dm_html_stack_push(&r->stack, DM_IN_ISLAND, t->tag);
    return false;
}

/* A start tag inside a select. Returns whether it ends it and is to be read behind. */
static bool open_in_select(struct reader *r, const struct dm_html_token *t)
{
    bool ends = t->tag == DM_TAG_input || t->tag == DM_TAG_keygen || t->tag == DM_TAG_textarea ||
                t->tag == DM_TAG_select;
    bool part = t->tag == DM_TAG_table ||
                (dm_html_is_part(t->tag) && t->tag != DM_TAG_col && t->tag != DM_TAG_colgroup);
    if (t->tag == DM_TAG_script)
        take_model(r, t, false);
    if (!ends && !(part && dm_html_stack_in_table(&r->stack, DM_IN_TABLE, 0)))
        return false;
    dm_html_stack_pop(&r->stack);
    return t->tag != DM_TAG_select;
}

static void open_table(struct reader *r)
{
    if (dm_html_stack_in_structure(&r->stack) ||
        dm_html_stack_top(&r->stack)->kind == DM_IN_COLUMNS) {
        dm_html_stack_pop_to(&r->stack, DM_IN_TABLE);
        dm_html_stack_pop(&r->stack);
    }
    dm_html_stack_push(&r->stack, DM_IN_TABLE, DM_TAG_table);
}

/* Whether no frameset may take the body's place behind this start tag. */
static bool settles(int tag)
{
    static const uint8_t tags[DM_TAGS] = {
        [DM_TAG_applet] = 1,   [DM_TAG_area] = 1,  [DM_TAG_br] = 1,      [DM_TAG_button] = 1,
        [DM_TAG_dd] = 1,       [DM_TAG_dt] = 1,    [DM_TAG_embed] = 1,   [DM_TAG_hr] = 1,
        [DM_TAG_iframe] = 1,   [DM_TAG_image] = 1, [DM_TAG_img] = 1,     [DM_TAG_input] = 1,
        [DM_TAG_keygen] = 1,   [DM_TAG_li] = 1,    [DM_TAG_listing] = 1, [DM_TAG_marquee] = 1,
        [DM_TAG_object] = 1,   [DM_TAG_pre] = 1,   [DM_TAG_select] = 1,  [DM_TAG_table] = 1,
        [DM_TAG_textarea] = 1, [DM_TAG_wbr] = 1,   [DM_TAG_xmp] = 1,
    };
    return tags[tag];
}

/* A frameset ends the text of a body that holds but white space. */
static void open_frameset(struct reader *r)
{
    if (r->settled)
        return;
    r->html.at = r->html.n;
}

/* Whether a tag opens and closes an element that may hold text. */
static bool nests(int tag)
{
    return !dm_html_is_void(tag) && model_of(tag) == DM_HTML_DATA && tag != DM_TAG_form &&
           tag != DM_TAG_html && tag != DM_TAG_head && tag != DM_TAG_body && tag != DM_TAG_frameset;
}

static void open_element(struct reader *r, const struct dm_html_token *t)
{
    int tag = t->tag;
    if (dm_html_stack_top(&r->stack)->kind == DM_IN_FOREIGN && !open_foreign(r, t))
        return;
    if (dm_html_stack_top(&r->stack)->kind == DM_IN_SELECT && !open_in_select(r, t))
        return;
    if (dm_html_is_part(tag)) {
        dm_html_stack_open_part(&r->stack, tag);
        return;
    }
    r->settled |= settles(tag);
    if (dm_html_stack_top(&r->stack)->kind == DM_IN_COLUMNS && tag != DM_TAG_template)
        dm_html_stack_pop(&r->stack);
    if (tag == DM_TAG_table) {
        open_table(r);
    } else if (model_of(tag) != DM_HTML_DATA) {
        take_model(r, t, false);
    } else if (tag == DM_TAG_frameset) {
        open_frameset(r);
    } else if (tag == DM_TAG_select) {
        dm_html_stack_push(&r->stack, DM_IN_SELECT, tag);
    } else if (tag == DM_TAG_svg || tag == DM_TAG_math) {
        if (!t->closed && r->stack.depth < MOST_FOREIGN)
            dm_html_stack_push(&r->stack, DM_IN_FOREIGN, tag);
    } else if (dm_html_stack_in_structure(&r->stack) && nests(tag)) {
        dm_html_stack_top(&r->stack)->inner++;
    }
    if (tag == DM_TAG_pre || tag == DM_TAG_listing)
        r->after_pre = r->html.at;
}

/* An end tag inside svg or math, or in HTML inside them. Returns whether that was all. */
static bool close_foreign(struct reader *r, int tag)
{
    struct dm_html_context *c = dm_html_stack_top(&r->stack);
    if (c->kind == DM_IN_ISLAND && c->tag == tag) {
        dm_html_stack_pop(&r->stack);
        return true;
    }
    if (c->kind != DM_IN_FOREIGN)
        return false;
    if (c->tag != tag) {
        if (tag == DM_TAG_p || tag == DM_TAG_br)
            while (dm_html_stack_top(&r->stack)->kind == DM_IN_FOREIGN)
                dm_html_stack_pop(&r->stack);
        else if (!(dm_html_is_part(tag) || tag == DM_TAG_table) ||
                 !dm_html_stack_in_table(&r->stack, DM_IN_TABLE, 0))
            return true;
        return false;
    }
    if (c->inner)
        c->inner--;
    else
        dm_html_stack_pop(&r->stack);
    return true;
}

static void close_element(struct reader *r, int tag)
{
    if (close_foreign(r, tag))
        return;
    if (dm_html_stack_top(&r->stack)->kind == DM_IN_COLUMNS && tag != DM_TAG_colgroup &&
        tag != DM_TAG_col && tag != DM_TAG_template)
        dm_html_stack_pop(&r->stack);
    if (dm_html_is_part(tag)) {
        dm_html_stack_close_part(&r->stack, tag);
    } else if (tag == DM_TAG_table) {
        if (!dm_html_stack_in_table(&r->stack, DM_IN_TABLE, 0))
            return;
        dm_html_stack_pop_to(&r->stack, DM_IN_TABLE);
        dm_html_stack_pop(&r->stack);
    } else if (tag == DM_TAG_select) {
        if (dm_html_stack_top(&r->stack)->kind == DM_IN_SELECT)
            dm_html_stack_pop(&r->stack);
    } else if (dm_html_stack_in_structure(&r->stack) && dm_html_stack_top(&r->stack)->inner &&
               nests(tag)) {
        dm_html_stack_top(&r->stack)->inner--;
    }
}

static void take_token(struct reader *r, const struct dm_html_token *t)
{
    if (r->hidden) {
        if (t->kind == DM_HTML_OPEN && model_of(t->tag) != DM_HTML_DATA)
            take_model(r, t, true);
        else if (t->tag == DM_TAG_template && t->kind != DM_HTML_TEXT)
            r->hidden = t->kind == DM_HTML_OPEN ? r->hidden + 1 : r->hidden - 1;
    } else if (t->kind == DM_HTML_TEXT) {
        take_text(r, t);
    } else if (t->kind == DM_HTML_OPEN) {
        if (r->in_body || open_before_body(r, t))
            open_element(r, t);
    } else if (r->in_body) {
        close_element(r, t->tag);
    } else {
        r->in_body = t->tag == DM_TAG_br ||
                     (!r->in_noscript && (t->tag == DM_TAG_body || t->tag == DM_TAG_html));
        r->in_noscript = r->in_noscript && t->tag != DM_TAG_noscript;
    }
    r->html.foreign = dm_html_stack_top(&r->stack)->kind == DM_IN_FOREIGN;
}

int dm_text_html(const char *p, size_t n, struct dm_buf *out)
{
    struct reader r = {.html = {.p = p, .n = n}, .after_pre = SIZE_MAX};
    struct dm_html_token t;
    dm_html_stack_begin(&r.stack);
    while (!r.stack.failed) {
        dm_html_next(&r.html, &t);
        if (t.kind == DM_HTML_END)
            break;
        take_token(&r, &t);
    }
    t = (struct dm_html_token){.kind = DM_HTML_TEXT,
                               .start = r.html.unfinished.start,
                               .end = r.html.unfinished.end,
                               .references = true};
    if (r.in_body && t.end > t.start && !r.stack.failed)
        take_text(&r, &t);
    return !r.stack.failed && dm_html_stack_write(&r.stack, out) ? 1 : DM_EMEMORY;
}
