/* Filling in a struct dm_error: a message for a person, and whose fault it is. The text says what
 * is wrong and why; what to do next stands on a second line, for lua/dm/problem.lua to print apart.
 */
#ifndef DM_BASE_ERROR_H
#define DM_BASE_ERROR_H

#include "lua/ffi.h"

/* Writes the message (cut to the room there is) and returns status, so that a function can end with
 * `return dm_fail(err, DM_EINPUT, "...")`. err may be NULL. */
int dm_fail(struct dm_error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: "<what>: <strerror(errno)>". */
int dm_fail_errno(struct dm_error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The one message for memory that ran short. */
int dm_fail_memory(struct dm_error *err);

#endif
