#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int fail(struct dm_error *err, int status, const char *format, va_list args)
{
    if (err) {
        err->status = status;
        vsnprintf(err->text, sizeof err->text, format, args);
    }
    return status;
}

int dm_fail(struct dm_error *err, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(err, status, format, args);
    va_end(args);
    return status;
}

int dm_fail_errno(struct dm_error *err, int status, const char *format, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, format);
    fail(err, status, format, args);
    va_end(args);
    if (err) {
        size_t n = strlen(err->text);
        snprintf(err->text + n, sizeof err->text - n, ": %s", strerror(saved));
    }
    return status;
}

int dm_fail_memory(struct dm_error *err)
{
    return dm_fail(err, DM_EMEMORY, "out of memory");
}
