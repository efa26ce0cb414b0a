/* One HTTP request on its way: libcurl's handle, and what has come of the reply. */
#ifndef DM_NET_TRANSFER_H
#define DM_NET_TRANSFER_H

#include "net/target.h"

struct dm_transfer {
    struct dm_http_reply reply; /* first: what Lua holds is ours */
    struct dm_transfer *next, *prev;
    CURL *easy;
    struct dm_target *target; /* that its options are for; NULL: they are to be set */
    struct dm_buf sent;       /* the request's body, unless it stays where it is */
    struct dm_buf head, body;
    uint32_t shard; /* whose it is: see http.c */
    uint64_t max_bytes;
    uint32_t redirects;
    double first_byte_ms; /* limit; 0: none */
    double started_ms, first_ms;
    bool answered;                       /* the first byte of a reply has come */
    bool body_too_large, head_too_large; /* the transfer was ended for it */
};

/* Makes a transfer, to be used again and again: one request after another mostly differs in its
 * body alone, and to set libcurl's options takes longer than to send it. `id` is the number of all
 * its requests, `share` what they have in common. NULL when memory is short.
 */
struct dm_transfer *dm_transfer_create(uint32_t id, CURLSH *share, struct dm_error *err);
void dm_transfer_destroy(struct dm_transfer *t);

/* Has it begin with another handle of libcurl. False when memory is short. */
bool dm_transfer_renew(struct dm_transfer *t, CURLSH *share);

/* Whether its options are those of requests with this key. */
static inline bool dm_transfer_is_for(const struct dm_transfer *t, struct dm_request_key key)
{
    return t->target && dm_request_key_is(t->target->key, key);
}

/* Makes the transfer one of a request, whose key is `key`; *last as for dm_target_get. After an
 * error the transfer is only good for dm_transfer_destroy. */
int dm_transfer_prepare(struct dm_transfer *t, const struct dm_http_request *request,
                        struct dm_request_key key, struct dm_target **last, struct dm_error *err);

/* Forgets the reply, and gives back its memory: thousands wait for one at once. */
void dm_transfer_clear(struct dm_transfer *t);

/* Fills in the reply once libcurl has ended the transfer with `code`. */
void dm_transfer_end(struct dm_transfer *t, CURLcode code);

/* Fills in the reply of a transfer that we ended. */
void dm_transfer_stop(struct dm_transfer *t, int outcome, const char *why);

#endif
