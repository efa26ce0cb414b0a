/* Hashes for the tables of kernels. Their keys are random for each process, so that no text can be
 * made to collide; no result depends on them. */
#ifndef DM_TEXT_HASH_H
#define DM_TEXT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Three odd numbers, drawn when first asked for. Static. */
const uint64_t *dm_hash_keys(void);

static inline uint64_t dm_load8(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t dm_load4(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Both halves of a product, folded: the step of wyhash (Wang Yi, public domain). */
static inline uint64_t dm_hash_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The hash of n bytes. */
static inline uint64_t dm_hash(const uint64_t *keys, const char *p, size_t n)
{
    uint64_t h = keys[0] + n, tail = 0;
    if (n >= 8) {
        for (size_t i = 0; i + 8 < n; i += 8)
            h = dm_hash_fold(h ^ dm_load8(p + i), keys[1]);
        tail = dm_load8(p + n - 8);
    } else if (n >= 4) {
        tail = (uint64_t)dm_load4(p) << 32 | dm_load4(p + n - 4);
    } else if (n > 0) {
        tail = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[n / 2] << 8 |
               (unsigned char)p[n - 1];
    }
    return dm_hash_fold(h ^ tail, keys[2]);
}

#endif
