/* Cuts HTML into tokens, as the tokenizer of the HTML standard does: text, start tags, end tags.
 * Comments, doctypes and what can not be read are passed over, or are tokens of their own. */
#ifndef DM_TEXT_HTML_H
#define DM_TEXT_HTML_H

#include "lua/ffi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Elements that change how text or other tags are read, and those that end foreign elements. */
/* clang-format off */
#define DM_HTML_TAGS(X) \
    X(applet) X(area) X(b) X(base) X(basefont) X(bgsound) X(big) X(blockquote) X(body) X(br) \
    X(button) X(caption) X(center) X(code) X(col) X(colgroup) X(dd) X(desc) X(div) X(dl) X(dt) \
    X(em) X(embed) X(foreignobject) X(form) X(frame) X(frameset) X(h1) X(h2) X(h3) X(h4) X(h5) \
    X(h6) X(head) X(hr) X(html) X(i) X(iframe) X(image) X(img) X(input) X(keygen) X(li) X(link) \
    X(listing) X(marquee) X(math) X(menu) X(meta) X(nobr) X(noembed) X(noframes) X(noscript) \
    X(object) X(ol) X(p) X(param) X(plaintext) X(pre) X(rp) X(rt) X(ruby) X(s) X(script) \
    X(select) X(small) X(source) X(span) X(strike) X(strong) X(style) X(sub) X(sup) X(svg) \
    X(table) X(tbody) X(td) X(template) X(textarea) X(tfoot) X(th) X(thead) X(title) X(tr) \
    X(track) X(tt) X(u) X(ul) X(var) X(wbr) X(xmp)
/* clang-format on */

#define DM_HTML_NAME(name) DM_TAG_##name,
enum { DM_TAG_other, DM_HTML_TAGS(DM_HTML_NAME) DM_TAGS };
#undef DM_HTML_NAME

enum { DM_HTML_END, DM_HTML_TEXT, DM_HTML_OPEN, DM_HTML_CLOSE, DM_HTML_OTHER };

/* How the text behind a start tag is read: with tags; with references alone; as it stands; as a
 * script; as it stands to the end. */
enum { DM_HTML_DATA, DM_HTML_RCDATA, DM_HTML_RAW, DM_HTML_SCRIPT, DM_HTML_PLAIN };

struct dm_html {
    const char *p;
    size_t n, at;
    int model; /* set by the caller after a start tag; ends with the end tag of that name */
    int model_tag;
    bool others;  /* set by the caller: as Python's html.parser has it. Comments and the like are
                     tokens, "</>" is nothing, markup that does not end is text, a script that does
                     not end has none */
    bool foreign; /* set by the caller: CDATA sections are text */
    bool stopped; /* with others: Python has stopped once where something does not end */
    bool no_comment_ends, no_section_ends, no_condition_ends; /* from here on */
    size_t close;                   /* with others: place of the next '>' */
    struct dm_text_span unfinished; /* name of a start tag that the text ends in */
};

struct dm_html_token {
    int kind;
    size_t start, end; /* text; or a tag's name; of others all */
    bool references;   /* text: has them */
    bool unended;      /* text: markup that does not end, which has none */
    int tag;
    bool closed; /* start tag: ends with a slash */
};

/* What the name of a tag begins with. */
bool dm_html_is_letter(char c);

/* Elements without an end tag; elements that can not stand inside foreign ones. */
bool dm_html_is_void(int tag);
bool dm_html_is_breakout(int tag);

/* An attribute; one without a value has value 0, 0. */
struct dm_html_attribute {
    struct dm_text_span name, value;
};

/* Reads the attribute at or behind i, which is inside a tag: the place behind it, or the place of
 * the '>', where there is none. */
size_t dm_html_read_attribute(const struct dm_html *h, size_t i, struct dm_html_attribute *a);

/* The next token. DM_HTML_END: there is none. */
void dm_html_next(struct dm_html *h, struct dm_html_token *t);

#endif
