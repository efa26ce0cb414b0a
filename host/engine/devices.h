/* Accelerators that this process may use, as whoever started it says in the environment, and the
 * shares of its workers in them. Lua asks too; host/lua/dm_ffi.h declares and documents
 * dm_devices. */
#ifndef DM_ENGINE_DEVICES_H
#define DM_ENGINE_DEVICES_H

#include "base/buf.h"

#include <stdint.h>

/* Appends what is to be set for worker `i` of `n`, "KEY=VALUE" each, with a NUL behind: the
 * variables that name accelerators, with the worker's share in them. Nothing when there are none.
 * With fewer accelerators than workers some share one. False when memory is short. */
bool dm_devices_share(uint32_t i, uint32_t n, struct dm_buf *out);

#endif
