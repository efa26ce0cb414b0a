/* Numbers for strings: equal strings have the same one. The strings lie one behind the other in a
 * buffer; a hash table holds their numbers, and an equal hash is verified. Hashes are seeded anew
 * in each process, so that no text can be made to collide; numbers do not depend on that. */
#ifndef DM_TEXT_INTERN_H
#define DM_TEXT_INTERN_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct dm_intern {
    struct dm_buf *text, *keys; /* work spaces; callers append to text */
    uint32_t *slots;            /* number of the string, from 1 */
    size_t nslots;
    uint64_t seed;
};

/* Begins with no strings. It uses the work spaces DM_SCRATCH_SLOTS, _KEYS and _KEY_TEXT, so that
 * there is one at a time. False when memory is short. */
bool dm_intern_begin(struct dm_intern *s);

/* The number, from 0, of the string that was appended to s->text from `at` on; *fresh tells whether
 * it is new. The bytes of one that is not are taken back. Below zero when memory is short. */
int64_t dm_intern_take(struct dm_intern *s, size_t at, bool *fresh);

/* The number of a string, whose bytes are copied when it is new. Below zero when memory is short.
 */
int64_t dm_intern_add(struct dm_intern *s, const char *p, size_t n);

/* The number of a string, below zero when it was never taken. */
int64_t dm_intern_find(const struct dm_intern *s, const char *p, size_t n);

/* The string of that number; borrowed until the next take. */
const char *dm_intern_string(const struct dm_intern *s, uint32_t i, size_t *n);

#endif
