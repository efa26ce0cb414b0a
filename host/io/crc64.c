#include "io/crc64.h"

#include <isa-l/crc64.h>

/* The polynomial of ECMA-182 with its bits reflected: bit 63 stands for x^0. */
static const uint64_t POLYNOMIAL = 0xC96C5795D7870F42u, ONE = 1ull << 63;

uint64_t dm_crc64(uint64_t crc, const char *p, size_t n)
{
    return crc64_ecma_refl(crc, (const unsigned char *)p, n);
}

/* a * b modulo the polynomial. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (uint64_t bit = ONE; bit; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = b & 1 ? b >> 1 ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

/* Moves the first text's checksum n bytes on, which multiplies it by x^8n; after crc32_combine of
 * zlib. */
uint64_t dm_crc64_join(uint64_t first, uint64_t second, uint64_t n)
{
    for (uint64_t step = ONE >> 8; n; n >>= 1) {
        if (n & 1)
            first = multiply(first, step);
        step = multiply(step, step);
    }
    return first ^ second;
}
