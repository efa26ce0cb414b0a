#include "run/signals.h"

#include <signal.h>

static volatile sig_atomic_t count;

static void on_signal(int sig)
{
    (void)sig;
    count++;
}

void dm_signals_catch(bool on)
{
    struct sigaction a = {.sa_handler = on ? on_signal : SIG_DFL, .sa_flags = SA_RESTART};
    count = 0;
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

int dm_signals_count(void)
{
    return count;
}
