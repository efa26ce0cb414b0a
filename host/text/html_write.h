/* Writes pieces of HTML as Beautiful Soup does. All return false when memory is short. */
#ifndef DM_TEXT_HTML_WRITE_H
#define DM_TEXT_HTML_WRITE_H

#include "base/buf.h"
#include "text/html.h"

#include <stdbool.h>

/* A start tag with its attributes by name, of several of one name the last; `name` in small
 * letters. */
bool dm_html_write_open(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t,
                        const char *name, size_t n);
bool dm_html_write_close(struct dm_buf *out, const char *name, size_t n);

/* Text of the source up to `end`, with its references read. */
bool dm_html_write_decoded(struct dm_buf *out, const struct dm_html *h, size_t start, size_t end);

/* Text of the source, or a CDATA section; keep: white space stays as it is. */
bool dm_html_write_text(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t,
                        bool keep);

/* A comment or the like. */
bool dm_html_write_other(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t,
                         bool keep);

#endif
