/* Writing all of something: write(2) and pwrite(2) without their short and interrupted writes. */
#ifndef DM_BASE_WRITE_H
#define DM_BASE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes n bytes; false with errno set when that fails, perhaps after some of them. */
bool dm_write(int fd, const char *p, size_t n);

/* Likewise to `offset` of a file. */
bool dm_write_at(int fd, uint64_t offset, const char *p, size_t n);

#endif
