/* The kernels that this machine can run. */
#ifndef DM_TEST_JSON_KERNELS_H
#define DM_TEST_JSON_KERNELS_H

#include "json/kernel.h"

enum { KERNELS = 3 };

/* Kernel i, or NULL when the machine can not run it. */
static inline const struct dm_json_kernel *kernel_at(int i)
{
#if defined(__x86_64__)
    if (i == 1 && __builtin_cpu_supports("avx2"))
        return &dm_json_avx2;
    if (i == 2 && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2"))
        return &dm_json_avx512;
#endif
    return i == 0 ? &dm_json_portable : NULL;
}

#endif
