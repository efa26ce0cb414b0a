/* Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef DM_BASE_UTF8_H
#define DM_BASE_UTF8_H

#include "lua/ffi.h" /* dm_utf8_check */

#include <stdbool.h>

/* For tests: takes the portable path from now on, or again the best one of this machine. */
void dm_utf8_force_portable(bool on);

#endif
