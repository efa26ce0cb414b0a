/* The kernels that this machine can run. */
#ifndef DM_TEST_UTF8_KERNELS_H
#define DM_TEST_UTF8_KERNELS_H

#include "base/utf8.h"

enum { UTF8_KERNELS = 3 };

/* Kernel i, or NULL when the machine can not run it. */
static inline dm_utf8_kernel *utf8_kernel_at(int i)
{
#if defined(__x86_64__)
    if (i == 1 && __builtin_cpu_supports("avx2"))
        return dm_utf8_avx2;
    if (i == 2 && __builtin_cpu_supports("avx512bw"))
        return dm_utf8_avx512;
#endif
    return i == 0 ? dm_utf8_portable : NULL;
}

#endif
