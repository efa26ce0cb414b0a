/* The loops over bytes, written once. A file that includes this has defined KERNEL, the name of the
 * struct dm_json_kernel to make; TARGET, the attribute of every function; and
 *   masks_of(p)    which of the 64 bytes at p are '"', '\\', below 0x20, as struct masks
 *   escapes_of(p)  which may follow a backslash, which are hexadecimal digits, as struct escapes
 *   copy_64(to, from)
 * Bit i stands for byte i. */

#define INLINE TARGET static inline __attribute__((always_inline))

#include "json/kernel_string.h"
#include "json/kernel_parse.h"
#include "json/kernel_text.h"

const struct dm_json_kernel KERNEL = {parse, unescape, escape};
