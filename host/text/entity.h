/* Character references of HTML. */
#ifndef DM_TEXT_ENTITY_H
#define DM_TEXT_ENTITY_H

#include "base/buf.h"

#include <stddef.h>

/* unescape_html of ftfy: references that end in a semicolon, names in capitals too. Returns 1 and
 * sets `out`, 0 when there is none, or DM_EMEMORY. */
int dm_entity_unescape(const char *p, size_t n, struct dm_buf *out);

#endif
