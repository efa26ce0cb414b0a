/* Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef DM_BASE_UTF8_H
#define DM_BASE_UTF8_H

#include "lua/ffi.h" /* dm_utf8_check */

/* What dm_utf8_check chooses from: how many bytes from the start are valid. The last two need AVX2
 * and AVX-512BW. */
typedef size_t dm_utf8_kernel(const char *p, size_t n);

dm_utf8_kernel dm_utf8_portable, dm_utf8_avx2, dm_utf8_avx512;

/* Makes valid what may be anything: unless it is, all bytes but ASCII become question marks. */
void dm_utf8_mask(char *p, size_t n);

#endif
