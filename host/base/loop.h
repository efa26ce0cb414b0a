/* The event loop on which Lua waits, see lua/dm/wait.lua: requests, processes and connections are
 * watched on it while somebody does. There is one, made when it is first asked for. What Lua calls
 * of it stands in lua/dm_ffi_net.h. */
#ifndef DM_BASE_LOOP_H
#define DM_BASE_LOOP_H

#include "base/error.h"

#include <uv.h>

/* The loop; NULL with a message when the system refuses one. */
uv_loop_t *dm_loop(struct dm_error *err);

/* To be called on the loop: there is something that Lua is to hear of, so dm_loop_wait returns. */
void dm_loop_stir(void);

/* Has dm_loop_wait return when there is something to read on this descriptor, too; -1: on none. The
 * caller reads it then. */
void dm_loop_watch(int fd);

/* Frees the loop; everybody must have closed their handles. Nothing when there was none. */
void dm_loop_finish(void);

#endif
