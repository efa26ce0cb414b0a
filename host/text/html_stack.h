/* What is open while the text of an HTML document is read, and where its text goes.
 *
 * Text comes in the order of the source, but for what stands inside a table and outside its cells:
 * a browser puts that in front of the table. So each table has a list of the pieces of its text,
 * and when it ends the list is appended to the one around it. */
#ifndef DM_TEXT_HTML_STACK_H
#define DM_TEXT_HTML_STACK_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Contexts: the body, a table and its parts, a select, svg or math, and HTML inside these. */
enum {
    DM_IN_BASE,
    DM_IN_TABLE,
    DM_IN_GROUP,
    DM_IN_ROW,
    DM_IN_COLUMNS,
    DM_IN_CELL,
    DM_IN_CAPTION,
    DM_IN_SELECT,
    DM_IN_FOREIGN,
    DM_IN_ISLAND
};

struct dm_html_context {
    uint8_t kind, tag;
    uint32_t inner;       /* elements that are open in a part of a table which can not hold them */
    uint32_t first, last; /* base and table: pieces of text, 0: none */
};

struct dm_html_stack {
    struct dm_buf *text; /* that was read; callers append to it */
    struct dm_buf *pieces, *contexts;
    uint32_t depth; /* foreign elements and islands */
    bool failed;    /* memory is short */
};

/* Begins with the body. The stack uses work spaces, so that there is one at a time. */
void dm_html_stack_begin(struct dm_html_stack *s);

/* Closes everything and writes the text. False when memory is short. */
bool dm_html_stack_write(struct dm_html_stack *s, struct dm_buf *out);

/* The innermost context; borrowed until the next push. */
struct dm_html_context *dm_html_stack_top(const struct dm_html_stack *s);

/* Opens a context within the innermost one, and closes that. */
void dm_html_stack_push(struct dm_html_stack *s, int kind, int tag);
void dm_html_stack_pop(struct dm_html_stack *s);

/* Closes contexts until the innermost one is of that kind, or the body. */
void dm_html_stack_pop_to(struct dm_html_stack *s, int kind);

/* Whether a part of a table that holds no text is the innermost context. */
bool dm_html_stack_in_structure(const struct dm_html_stack *s);

/* Whether a context of that kind (0: any) is open in the innermost table, with that tag (0: any).
 */
bool dm_html_stack_in_table(const struct dm_html_stack *s, int kind, int tag);

/* Puts bytes of s->text into their place. fostered: a part of a table can not hold them. */
void dm_html_stack_add(struct dm_html_stack *s, size_t start, size_t end, bool fostered);

/* Tags that only belong into tables, and what they open and close. */
bool dm_html_is_part(int tag);
void dm_html_stack_open_part(struct dm_html_stack *s, int tag);
void dm_html_stack_close_part(struct dm_html_stack *s, int tag);

#endif
