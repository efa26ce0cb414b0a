/* Character references of HTML. */
#ifndef DM_TEXT_ENTITY_H
#define DM_TEXT_ENTITY_H

#include "base/buf.h"

#include <stddef.h>

/* unescape_html of ftfy: references that end in a semicolon, names in capitals too. Returns 1 and
 * sets `out`, 0 when there is none, or DM_EMEMORY. */
int dm_entity_unescape(const char *p, size_t n, struct dm_buf *out);

/* What a reference stands for. */
struct dm_entity_text {
    char bytes[8];
    size_t n;
};

/* The reference at the '&' p as a browser reads it in text. Returns its bytes, 0 when there is
 * none. */
size_t dm_entity_read(const char *p, size_t n, struct dm_entity_text *text);

/* The reference at the '&' p as Python's html.parser reads it, n going to the end of the document:
 * a whole name, or a number, and something behind it. Returns its bytes, 0 when there is none;
 * text->n is 0 where Beautiful Soup does not know the name, and takes its semicolon away. */
size_t dm_entity_read_whole(const char *p, size_t n, struct dm_entity_text *text);

#endif
