/* Children of this binary that a command starts for work that must not hang or crash it: checks of
 * a pipeline, specs. Each runs in a process group of its own, which is killed when its time is up;
 * what it writes is collected. Lua calls these functions; host/lua/dm_ffi.h declares and documents
 * them. */
#ifndef DM_ENGINE_CHILD_H
#define DM_ENGINE_CHILD_H

#include "base/error.h"

#endif
