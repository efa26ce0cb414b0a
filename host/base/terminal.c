/* The terminal: whether there is one, its size, and stderr put aside while a session is shown on
 * it. */
#include "base/buf.h"
#include "base/error.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int real_stderr = -1; /* while stderr is put aside */

int dm_is_terminal(int fd)
{
    return isatty(fd);
}

int dm_terminal_width(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

int dm_terminal_lines(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_row;
}

int dm_terminal_capture(struct dm_error *err)
{
    int fd = memfd_create("dmhost-stderr", MFD_CLOEXEC);
    /* appending, since those who inherit it share its place, which a cut would leave behind */
    bool ok = fd >= 0 && fcntl(fd, F_SETFL, O_APPEND) == 0;
    real_stderr = ok ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
    ok = ok && real_stderr >= 0 && dup2(fd, STDERR_FILENO) >= 0;
    if (!ok)
        dm_fail_errno(err, DM_EIO, "cannot put stderr aside");
    if (fd >= 0)
        close(fd);
    return ok ? DM_OK : err->status;
}

int dm_terminal_captured(struct dm_buf *out, size_t most)
{
    if (real_stderr < 0)
        return DM_OK;
    off_t size = lseek(STDERR_FILENO, 0, SEEK_END);
    off_t from = size > (off_t)most ? size - (off_t)most : 0;
    if (size <= from)
        return DM_OK;
    if (!dm_buf_reserve(out, (size_t)(size - from)))
        return DM_EMEMORY;
    ssize_t n = pread(STDERR_FILENO, out->p + out->n, (size_t)(size - from), from);
    out->n += n > 0 ? (size_t)n : 0;
    return ftruncate(STDERR_FILENO, 0) ? DM_EIO : DM_OK;
}

void dm_terminal_release(void)
{
    enum { MOST = 4096 };
    struct dm_buf rest = {0};
    if (real_stderr < 0)
        return;
    bool any = dm_terminal_captured(&rest, MOST) == DM_OK && rest.n > 0;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    real_stderr = -1;
    if (any && write(STDERR_FILENO, rest.p, rest.n) < 0)
        rest.n = 0; /* nobody to tell */
    dm_buf_finish(&rest);
}
