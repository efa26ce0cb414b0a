/* Where requests go and what they all say: the URL as libcurl has read it, the header lines. Most
 * requests of a run have one and the same. */
#ifndef DM_NET_TARGET_H
#define DM_NET_TARGET_H

#include "base/buf.h"
#include "base/error.h"

#include "net/library.h"

/* Stands for all fields of a request but its body's bytes: a hash. */
struct dm_request_key {
    uint64_t low, high;
};

struct dm_target {
    struct dm_request_key key; /* of the requests */
    uint32_t users;
    CURLU *url;
    struct curl_slist *headers, *connect_to;
};

/* The key of a request, which is written out in `scratch` for that. False when memory is short. */
bool dm_request_key(struct dm_request_key *key, const struct dm_http_request *request,
                    struct dm_buf *scratch);

static inline bool dm_request_key_is(struct dm_request_key a, struct dm_request_key b)
{
    return a.low == b.low && a.high == b.high;
}

/* The target of a request: *last when it has that key, else a new one, which takes the place of
 * *last. The caller has a part in it until dm_target_release. */
int dm_target_get(struct dm_target **target, struct dm_target **last,
                  const struct dm_http_request *request, struct dm_request_key key,
                  struct dm_error *err);

/* The last one who has a part in it frees it. NULL is no target. */
void dm_target_release(struct dm_target *target);

#endif
