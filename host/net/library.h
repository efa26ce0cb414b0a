/* libcurl, loaded when the first request is made: a run without requests does not wait for it and
 * the twenty-odd libraries that it needs, and a machine without it does without. */
#ifndef DM_NET_LIBRARY_H
#define DM_NET_LIBRARY_H

#include "base/error.h"

#include <curl/curl.h>

/* The functions of libcurl that are used, without their prefix. */
#define DM_CURL_FUNCTIONS(X)                                                                       \
    X(easy_cleanup)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_init)                                                                                   \
    X(easy_reset)                                                                                  \
    X(easy_setopt)                                                                                 \
    X(easy_strerror)                                                                               \
    X(free)                                                                                        \
    X(global_cleanup)                                                                              \
    X(global_init)                                                                                 \
    X(multi_add_handle)                                                                            \
    X(multi_assign)                                                                                \
    X(multi_cleanup)                                                                               \
    X(multi_info_read)                                                                             \
    X(multi_init)                                                                                  \
    X(multi_remove_handle)                                                                         \
    X(multi_setopt)                                                                                \
    X(multi_socket_action)                                                                         \
    X(multi_strerror)                                                                              \
    X(share_cleanup)                                                                               \
    X(share_init)                                                                                  \
    X(share_setopt)                                                                                \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(url)                                                                                         \
    X(url_cleanup)                                                                                 \
    X(url_get)                                                                                     \
    X(url_set)                                                                                     \
    X(url_strerror)                                                                                \
    X(version)

struct dm_curl {
#define X(name) __typeof__(&curl_##name) name;
    DM_CURL_FUNCTIONS(X)
#undef X
};

/* What dm_curl_load found. */
extern struct dm_curl dm_curl;

#endif
