/* dmhost: argv to subcommand, nothing else. */
#include "lua/state.h"

#include <signal.h>
#include <stdio.h>

int dm_abi(void)
{
    return 1;
}

int main(int argc, char **argv)
{
    struct dm_error err;
    signal(SIGPIPE, SIG_IGN);
    struct dm_lua *lua = dm_lua_open(0, &err);
    int status = lua ? dm_lua_main(lua, argc, argv, &err) : -1;
    if (status < 0)
        fprintf(stderr, "dmhost: %s\n", err.text);
    dm_lua_close(lua);
    return status < 0 ? 1 : status;
}
