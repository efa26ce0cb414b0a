/* An HTTP client on an event loop of its own, which runs while somebody waits: any number of
 * requests at once, on one thread. What Lua calls of it stands in lua/dm_ffi_net.h. */
#ifndef DM_NET_HTTP_H
#define DM_NET_HTTP_H

/* Has dm_http_wait return when there is something to read on this descriptor, too; -1: on none. */
void dm_http_watch(int fd);

/* Gives up what is under way and frees everything. Nothing when no request was ever made. */
void dm_http_finish(void);

#endif
