/* The checksum of gzip and zip. */
#include "lua/ffi.h"

#include <isa-l/crc.h>

double dm_crc32(double before, const char *p, size_t n)
{
    return crc32_gzip_refl((uint32_t)before, (const unsigned char *)p, n);
}
