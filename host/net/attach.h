/* The HTTP client on somebody else's loop: the coordinator waits for replies beside all else. */
#ifndef DM_NET_ATTACH_H
#define DM_NET_ATTACH_H

#include "base/error.h"

#include <uv.h>

struct dm_http_reply;

/* Requests of dm_http_start are answered from this loop from now on: each reply is handed over
 * once, and released behind the call. One loop at a time. Loads libcurl. */
int dm_http_attach(uv_loop_t *loop, void (*on_reply)(void *arg, const struct dm_http_reply *reply),
                   void *arg, struct dm_error *err);

/* To be called when a request has been started; nothing is handed over from within. */
void dm_http_attend(void);

/* No reply is handed over any more; requests that are under way are given up. Nothing when nothing
 * is attached. */
void dm_http_detach(void);

#endif
