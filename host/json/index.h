/* Indexes of large containers whose members are looked up again and again: where a key or an
 * element stands, and what is before a member. Most containers have none and are walked. An index
 * follows all edits of its container; when memory is short there is none. */
#ifndef DM_JSON_INDEX_H
#define DM_JSON_INDEX_H

#include "json/tree.h"

/* Set by tests: every container that is walked gets an index. */
extern bool dm_index_always;

struct dm_index;

/* The index of a container, or NULL. */
struct dm_index *dm_index_of(const struct dm_sample *s, uint32_t container);

/* Notes that so many members of a container were passed on the way to one. When that adds up to
 * many times as many, the container gets an index. */
void dm_index_note(struct dm_sample *s, uint32_t container, uint32_t steps);

/* The last member of that key, or 0. */
uint32_t dm_index_find(struct dm_sample *s, const struct dm_index *x, const char *key, size_t n);

/* The element at a position, from 1, or 0. */
uint32_t dm_index_at(const struct dm_index *x, uint32_t position);

/* The value before `value` in its container, or 0. */
uint32_t dm_index_before(const struct dm_index *x, uint32_t value);

/* An edit: `value` was linked in behind `before`, in the place of `old` or, if that is 0, at the
 * end. The key is the member's, or NULL in an array. */
void dm_index_put(struct dm_sample *s, uint32_t before, uint32_t old, uint32_t value,
                  const struct dm_span *key);

/* An edit: `value`, the last one of its key or the last element, was taken out from behind
 * `before`. */
void dm_index_remove(struct dm_sample *s, uint32_t before, uint32_t value,
                     const struct dm_span *key);

/* Frees all indexes of a sample. */
void dm_index_drop(struct dm_sample *s);

/* Bytes that they take. */
size_t dm_index_memory(const struct dm_sample *s);

#endif
