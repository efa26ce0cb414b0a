#include "run/signals.h"

#include <signal.h>
#include <unistd.h>

enum { GRACE_S = 3, INTERRUPTED = 130 };

static volatile sig_atomic_t count, inside;

/* The worker inside is in an operator that does not come back, and with it all of this process. */
static void on_alarm(int sig)
{
    static const char text[] = "dmhost: stopped within an operator\n";
    (void)sig;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(INTERRUPTED);
}

static void on_signal(int sig)
{
    (void)sig;
    if (++count == 2 && inside)
        alarm(GRACE_S);
}

void dm_signals_catch(bool on, bool with_worker)
{
    struct sigaction a = {.sa_handler = on ? on_signal : SIG_DFL, .sa_flags = SA_RESTART};
    count = 0;
    inside = with_worker;
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &a, NULL);
    if (!with_worker)
        return;
    alarm(0);
    a.sa_handler = on ? on_alarm : SIG_DFL;
    sigaction(SIGALRM, &a, NULL);
}

int dm_signals_count(void)
{
    return count;
}
