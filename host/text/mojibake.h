/* Undoing of UTF-8 that was read by a code page. */
#ifndef DM_TEXT_MOJIBAKE_H
#define DM_TEXT_MOJIBAKE_H

#include "base/buf.h"

#include <stddef.h>

/* fix_encoding of ftfy 6.3.1. Returns 1 and sets `out`, 0 when nothing is to be done, or
 * DM_EMEMORY. */
int dm_mojibake_fix(const char *p, size_t n, struct dm_buf *out);

#endif
