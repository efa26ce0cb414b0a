/* dmhost: argv to subcommand, nothing else. */
#include "cluster/calls.h"
#include "cluster/hosts.h"
#include "cluster/worker_host.h"
#include "base/loop.h"
#include "lua/state.h"
#include "net/http.h"
#include "task/coprocess.h"
#include "run/coordinator.h"
#include "run/worker.h"
#include "task/process.h"
#include "trace/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Lua has nothing to do while a run is under way: the thread that commits may have it. */
static int deliver(void *arg, struct dm_delivery *d)
{
    return dm_lua_call(arg, "dm.datamate.delivery", "deliver", d, &d->err);
}

/* The job that Lua has set up, and then Lua's report on it. */
static int run_job(struct dm_lua *lua, struct dm_error *err)
{
    static struct dm_outcome outcome;
    dm_coordinator_run(dm_job_made(), &dm_elsewhere, deliver, lua, &outcome);
    int status = dm_lua_call(lua, "dm.cli.run", "finish", &outcome, err);
    dm_outcome_finish(&outcome);
    return status;
}

/* The one printer of errors is in Lua; without Lua there is only the text. */
static void print_error(struct dm_lua *lua, struct dm_error *err)
{
    struct dm_error again;
    if (!lua || dm_lua_call(lua, "dm.problem.show", "print_error", err, &again))
        fprintf(stderr, "dmhost: %s\n", err->text);
}

/* The coordinator of a script's calls: Lua sets the job up. */
static int run_calls(struct dm_lua *lua)
{
    struct dm_error err;
    int status = dm_lua_call(lua, "dm.remote.pool", "prepare", NULL, &err);
    if (status < 0)
        print_error(lua, &err);
    return status < 0 ? 1 : dm_calls_run(dm_job_made());
}

/* Were one of the three closed, the next file would take its number, and messages would be written
 * into it. What takes its place is open the wrong way round: whoever reads or writes it gets an
 * error, not an end of the input or nowhere for the rows to go. */
static void open_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Whether what was written on standard output did not all get there, though somebody reads it: a
 * reader that has gone has what it wanted. */
static bool is_cut_short(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    bool failed = fflush(stdout) != 0 || ferror(stdout) != 0;
    return failed && (poll(&out, 1, 0) < 1 || !(out.revents & (POLLERR | POLLHUP)));
}

int main(int argc, char **argv)
{
    struct dm_error err;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of write() like any other */
    open_standard_streams();
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        return dm_worker_main();
    if (argc == 2 && strcmp(argv[1], "worker-host") == 0)
        return dm_worker_host_main();
    struct dm_lua *lua = dm_lua_open(0, &err);
    bool calls = lua && argc == 2 && strcmp(argv[1], "remote-pool") == 0;
    int status = calls ? run_calls(lua) : lua ? dm_lua_main(lua, argc, argv, &err) : DM_EMEMORY;
    bool session = status == DM_RUN_SESSION;
    while (status == DM_RUN_JOB) /* one run may be made of several */
        status = run_job(lua, &err);
    if (session)
        status = dm_session_run(lua, &err);
    if (status >= 0 && is_cut_short())
        status = dm_fail(&err, DM_EIO, "standard output can not be written");
    if (status < 0)
        print_error(lua, &err);
    dm_job_free();
    dm_http_give_up(); /* first: bodies of requests are Lua's */
    dm_lua_close(lua);
    dm_serve_stop();
    dm_process_finish();
    dm_http_finish();
    dm_coprocess_finish();
    dm_loop_finish();
    return status < 0 ? 1 : status;
}
