/* libmicrohttpd, loaded when a server is started. */
#ifndef DM_SERVE_LIBRARY_H
#define DM_SERVE_LIBRARY_H

#include "base/error.h"

#include <microhttpd.h>

/* The functions that are used, without their prefix. */
#define DM_MHD_FUNCTIONS(X)                                                                        \
    X(add_response_header)                                                                         \
    X(create_response_from_buffer)                                                                 \
    X(destroy_response)                                                                            \
    X(get_connection_info)                                                                         \
    X(get_daemon_info)                                                                             \
    X(get_timeout)                                                                                 \
    X(lookup_connection_value)                                                                     \
    X(queue_response)                                                                              \
    X(resume_connection)                                                                           \
    X(run)                                                                                         \
    X(start_daemon)                                                                                \
    X(stop_daemon)                                                                                 \
    X(suspend_connection)

struct dm_mhd {
#define X(name) __typeof__(&MHD_##name) name;
    DM_MHD_FUNCTIONS(X)
#undef X
};

/* What dm_mhd_load found. */
extern struct dm_mhd dm_mhd;

#endif
