/* The sockets that libcurl waits on, in one epoll descriptor. libcurl lets go of a socket after
 * each request and takes it up with the next: here it stays registered meanwhile, so that a request
 * costs no system call for that. */
#ifndef DM_NET_SOCKETS_H
#define DM_NET_SOCKETS_H

#include "base/error.h"
#include "net/library.h"

#include <uv.h>

/* Something may be done with a socket; flags are CURL_CSELECT_IN ...; whose is what dm_sockets_wait
 * was told. */
typedef void dm_sockets_ready(void *whose, curl_socket_t fd, int flags);

/* Begins, on the loop. */
int dm_sockets_start(uv_loop_t *loop, dm_sockets_ready *ready, struct dm_error *err);

/* Ends; the loop has to run once more to close the handle. */
void dm_sockets_stop(void);

/* Waits for what libcurl wants (CURL_POLL_IN ... CURL_POLL_REMOVE). Not zero when that fails. */
int dm_sockets_wait(curl_socket_t fd, int what, void *whose);

/* CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION, so that it is known when a number
 * stands for another socket. */
curl_socket_t dm_sockets_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address);
int dm_sockets_close(void *arg, curl_socket_t fd);

#endif
