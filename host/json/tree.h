/* The inside of a sample, for the files of host/json: where a value's bytes are, room for more. */
#ifndef DM_JSON_TREE_H
#define DM_JSON_TREE_H

#include "json/sample.h"

enum { DM_JSON_SLACK = 64 }; /* bytes behind every text that may be read */

/* Makes room for at least one more value. */
bool dm_sample_grow(struct dm_sample *s);

/* Appends n bytes to the sample's own buffer, a newline and slack behind them. False when that can
 * not be, as with a buffer over 4 GiB. *off becomes where they are. p must not point into the
 * buffer. */
bool dm_sample_own(struct dm_sample *s, const char *p, size_t n, uint32_t *off);

/* The cursor of a container, which becomes the first of them: with a few, loops in loops stay
 * linear. */
struct dm_cursor *dm_sample_cursor(struct dm_sample *s, uint32_t container);

/* The content has changed: caches of it are void. */
void dm_sample_stamp(struct dm_sample *s);

/* Parses a text into the own buffer and the tree; *value becomes its value. */
int dm_sample_parse_own(struct dm_sample *s, const char *text, size_t n, uint32_t *value,
                        struct dm_error *err);

/* Whether a member has that key. */
bool dm_sample_has_key(struct dm_sample *s, uint32_t value, const char *key, size_t n);

static inline const char *dm_value_text(const struct dm_sample *s, const struct dm_value *v)
{
    return s->base[v->flags & DM_VALUE_OWN] + v->off;
}

static inline const char *dm_value_key(const struct dm_sample *s, const struct dm_value *v)
{
    return s->base[v->kflags & DM_VALUE_OWN] + v->koff;
}

static inline bool dm_value_is_container(const struct dm_value *v)
{
    return v->kind >= DM_ARRAY;
}

#endif
