/* An HTTP client on the event loop of base/loop.h: any number of requests at once, on one thread.
 * What Lua calls of it stands in lua/dm_ffi_net.h. */
#ifndef DM_NET_HTTP_H
#define DM_NET_HTTP_H

/* Gives up what is under way, and what has ended and was not taken: nothing that requests were
 * given is needed any more, and nobody is told of them. */
void dm_http_give_up(void);

/* Gives up what is under way and frees everything. Nothing when no request was ever made. */
void dm_http_finish(void);

#endif
