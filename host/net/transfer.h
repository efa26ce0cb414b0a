/* One HTTP request on its way: libcurl's handle, and what has come of the reply. */
#ifndef DM_NET_TRANSFER_H
#define DM_NET_TRANSFER_H

#include "base/buf.h"
#include "base/error.h"

#include "net/library.h"

/* Stands for all fields of a request but its body's bytes: a hash. */
struct dm_request_key {
    uint64_t low, high;
};

struct dm_transfer {
    struct dm_http_reply reply; /* first: what Lua holds is ours */
    struct dm_transfer *next, *prev;
    CURL *easy;
    CURLU *url;
    struct dm_request_key key; /* of the request that its options are for */
    struct curl_slist *headers, *connect_to;
    struct dm_buf sent; /* the request's body */
    struct dm_buf head, body;
    uint32_t shard; /* whose it is: see http.c */
    uint64_t max_bytes;
    uint32_t redirects;
    double first_byte_ms; /* limit; 0: none */
    double started_ms, first_ms;
    bool answered;  /* the first byte of a reply has come */
    bool too_large; /* the reply; the transfer was ended for it */
};

/* Makes a transfer, to be used again and again: one request after another mostly differs in its
 * body alone, and to set libcurl's options takes longer than to send it. `id` is the number of all
 * its requests, `share` what they have in common. NULL when memory is short.
 */
struct dm_transfer *dm_transfer_create(uint32_t id, CURLSH *share, struct dm_error *err);
void dm_transfer_destroy(struct dm_transfer *t);

/* Has it begin with another handle of libcurl. False when memory is short. */
bool dm_transfer_renew(struct dm_transfer *t, CURLSH *share);

/* The key of a request, which is written out in `scratch` for that. False when memory is short. */
bool dm_request_key(struct dm_request_key *key, const struct dm_http_request *request,
                    struct dm_buf *scratch);

static inline bool dm_request_key_is(struct dm_request_key a, struct dm_request_key b)
{
    return a.low == b.low && a.high == b.high;
}

/* Makes the transfer one of a request, whose key is `key`. After an error the transfer is only good
 * for dm_transfer_destroy. */
int dm_transfer_prepare(struct dm_transfer *t, const struct dm_http_request *request,
                        struct dm_request_key key, struct dm_error *err);

/* Forgets the reply. */
void dm_transfer_clear(struct dm_transfer *t);

/* Fills in the reply once libcurl has ended the transfer with `code`. */
void dm_transfer_end(struct dm_transfer *t, CURLcode code);

/* Fills in the reply of a transfer that we ended. */
void dm_transfer_stop(struct dm_transfer *t, int outcome, const char *why);

#endif
