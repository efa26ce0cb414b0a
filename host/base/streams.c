#include "base/streams.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int output = STDOUT_FILENO, input = STDIN_FILENO;

/* Another descriptor for the same, beyond the three that each program knows; fd where there is
 * none. */
static int aside(int fd)
{
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return kept < 0 ? fd : kept;
}

void dm_streams_divert(void)
{
    fflush(stdout);
    if (output == STDOUT_FILENO)
        output = aside(STDOUT_FILENO);
    if (output != STDOUT_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO);
}

void dm_streams_restore(void)
{
    fflush(stdout);
    if (output == STDOUT_FILENO)
        return;
    dup2(output, STDOUT_FILENO);
    close(output);
    output = STDOUT_FILENO;
}

int dm_streams_output(void)
{
    return output;
}

void dm_streams_take_input(void)
{
    int nothing = input == STDIN_FILENO ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    if (nothing < 0)
        return;
    input = aside(STDIN_FILENO);
    if (input != STDIN_FILENO)
        dup2(nothing, STDIN_FILENO);
    close(nothing);
}

int dm_streams_input(void)
{
    return input;
}
