/* The terminal that a session is shown on. */
#include "lua/ffi.h"

#include <sys/ioctl.h>
#include <unistd.h>

static struct winsize size(void)
{
    struct winsize s = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &s))
        s = (struct winsize){0};
    return s;
}

int dm_terminal_columns(void)
{
    return size().ws_col;
}

int dm_terminal_lines(void)
{
    return size().ws_row;
}
