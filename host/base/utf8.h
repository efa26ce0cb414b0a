/* Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef DM_BASE_UTF8_H
#define DM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The offset of the first byte that can not be part of valid UTF-8 (the start of the bad or cut
 * sequence), or n when all of it is valid. Reads nothing beyond p + n. */
size_t dm_utf8_check(const char *p, size_t n);

/* For tests: takes the portable path from now on, or again the best one of this machine. */
void dm_utf8_force_portable(bool on);

#endif
