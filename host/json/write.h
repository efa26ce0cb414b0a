/* JSON text from plain bytes. */
#ifndef DM_JSON_WRITE_H
#define DM_JSON_WRITE_H

#include "base/buf.h"

/* Appends n bytes of UTF-8 as a JSON string with its quotes. Only '"', '\\' and control characters
 * below 0x20 are escaped, those with a short form by it. False when memory is short. p[n] and the
 * 64 bytes behind it need not be readable. */
bool dm_json_quote(struct dm_buf *b, const char *p, size_t n);

/* Appends the shortest decimal that reads back as x, which must be finite; integers up to 2^53 as
 * integers. */
bool dm_json_number(struct dm_buf *b, double x);

#endif
