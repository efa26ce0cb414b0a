/* The loops over bytes, written once. A file that includes this has defined KERNEL, the name of the
 * struct dm_json_kernel to make; TARGET, the attribute of every function; and
 *   masks_of(p)    which of the 64 bytes at p are '"', '\\', below 0x20, as struct masks
 *   marks_of(p)    the same for a string with escapes, as struct marks
 *   escapes_of(p)  which are 'u', which are hexadecimal digits, as struct escapes
 *   copy_64(to, from)
 * and, if there is DM_JSON_AT_ONCE, what does without a loop what kernel_text.h does for n bytes of
 * a block, and moves `to`; false when that can not be. Bit i stands for byte i:
 *   unescape_at_once(p, n, starts, escaped, &to)   escapes start there, and go on there
 *   escape_at_once(p, n, special, control, &to)    bytes are to be escaped, are below 0x20 */

#define INLINE TARGET static inline __attribute__((always_inline))

#ifndef DM_JSON_AT_ONCE
INLINE bool unescape_at_once(const char *p, size_t n, uint64_t starts, uint64_t escaped, char **to)
{
    (void)p, (void)n, (void)starts, (void)escaped, (void)to;
    return false;
}

INLINE bool escape_at_once(const char *p, size_t n, uint64_t special, uint64_t control, char **to)
{
    (void)p, (void)n, (void)special, (void)control, (void)to;
    return false;
}
#endif

#include "json/kernel_string.h"
#include "json/kernel_parse.h"
#include "json/kernel_text.h"

const struct dm_json_kernel KERNEL = {parse, unescape, escape};
