#include "base/write.h"

#include <errno.h>
#include <unistd.h>

bool dm_write(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno != EINTR)
            return false;
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return true;
}

bool dm_write_at(int fd, uint64_t offset, const char *p, size_t n)
{
    while (n) {
        ssize_t k = pwrite(fd, p, n, (off_t)offset);
        if (k < 0 && errno != EINTR)
            return false;
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
        offset += k > 0 ? (uint64_t)k : 0;
    }
    return true;
}
