/* A session: the process that a person sees while a tracer, which may crash or hang, works for it.
 * The session's Lua is straight-line code in a coroutine; what happens meanwhile (replies, keys,
 * saved files) comes to it as events. */
#ifndef DM_TRACE_SESSION_H
#define DM_TRACE_SESSION_H

#include "lua/state.h"

/* Runs the session that dm.cli.main has begun, to its end. Returns the exit status, or below zero
 * with err set. */
int dm_session_run(struct dm_lua *lua, struct dm_error *err);

#endif
