/* dmhost: argv to subcommand, nothing else. */
#include "lua/state.h"
#include "net/http.h"
#include "run/coordinator.h"
#include "run/counts.h"
#include "run/worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The job that Lua has set up, and then Lua's report on it. */
static int run_job(struct dm_lua *lua, struct dm_error *err)
{
    static struct dm_outcome outcome;
    dm_coordinator_run(dm_job_made(), &outcome);
    int status = dm_lua_call(lua, "dm.cli.run", "finish", &outcome, err);
    dm_counts_finish(&outcome.counts);
    return status;
}

int main(int argc, char **argv)
{
    struct dm_error err;
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        return dm_worker_main();
    struct dm_lua *lua = dm_lua_open(0, &err);
    int status = lua ? dm_lua_main(lua, argc, argv, &err) : DM_EMEMORY;
    if (status == DM_RUN_JOB)
        status = run_job(lua, &err);
    if (status < 0)
        fprintf(stderr, "dmhost: %s\n", err.text);
    dm_job_free();
    dm_lua_close(lua);
    dm_http_finish();
    return status < 0 ? 1 : status;
}
