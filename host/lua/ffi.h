/* The one way for C to include dm_ffi.h and the headers beside it: what they declare is visible to
 * Lua, all else is hidden. */
#ifndef DM_LUA_FFI_H
#define DM_LUA_FFI_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#include "lua/dm_ffi.h"
#include "lua/dm_ffi_text.h"
#include "lua/dm_ffi_bytes.h"
#include "lua/dm_ffi_trace.h"
#include "lua/dm_ffi_net.h"
#include "lua/dm_ffi_coprocess.h"
#include "lua/dm_ffi_task.h"
#include "lua/dm_ffi_serve.h"
#include "lua/dm_ffi_export.h"
#include "lua/dm_ffi_database.h"
#include "lua/dm_ffi_twins.h"
#pragma GCC visibility pop

#endif
