/* CRC-64/XZ: of texts, and of a text whose halves' checksums are known. */
#ifndef DM_IO_CRC64_H
#define DM_IO_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of n bytes at p behind a text whose checksum is crc; 0 is that of the empty text. */
uint64_t dm_crc64(uint64_t crc, const char *p, size_t n);

/* The checksum of two texts one after another; n is the second one's length in bytes. */
uint64_t dm_crc64_join(uint64_t first, uint64_t second, uint64_t n);

#endif
