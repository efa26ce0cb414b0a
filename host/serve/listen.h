/* A socket that listens. */
#ifndef DM_SERVE_LISTEN_H
#define DM_SERVE_LISTEN_H

#include "base/error.h"

/* Listens on a numeric address; port 0 takes one that is free, which `got` tells. Returns the
 * descriptor, which does not block, or DM_EUSAGE when the address can not be had. */
int dm_listen(const char *ip, uint32_t port, int *got, struct dm_error *err);

#endif
