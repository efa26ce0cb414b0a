/* The Lua state of a process: made with a counting allocator, its modules found in the binary.
 * The doors from C into Lua are here and nowhere else; each runs under lua_pcall with a traceback.
 */
#ifndef DM_LUA_STATE_H
#define DM_LUA_STATE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

struct dm_lua;

/* Exit status of a process whose memory ran short: in a worker the row on the board did it. */
enum { DM_EXIT_MEMORY = 78 };

/* Makes a state with the standard libraries, FFI and the `dm` modules. limit: bytes that the Lua
 * heap may hold, 0 for no limit. Returns NULL with err set. Free with dm_lua_close. */
struct dm_lua *dm_lua_open(size_t limit, struct dm_error *err);

/* Closes the state; NULL is fine. */
void dm_lua_close(struct dm_lua *lua);

/* Appends "LuaJIT VERSION" as the library that runs says it; false when memory is short. */
bool dm_lua_versions(struct dm_buf *out);

/* The command line: calls dm.cli.main with the arguments. Returns the exit status that it answers,
 * or below zero with err set. */
int dm_lua_main(struct dm_lua *lua, int argc, char **argv, struct dm_error *err);

/* Calls `require(module)[name](arg)` with a pointer as the only argument, and expects an integer
 * back. Returns that integer, or an error below zero with err set: the Lua message, then the
 * traceback. */
int dm_lua_call(struct dm_lua *lua, const char *module, const char *name, void *arg,
                struct dm_error *err);

#endif
