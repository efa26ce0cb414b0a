/* One HTTP request on its way: libcurl's handle, and what has come of the reply. */
#ifndef DM_NET_TRANSFER_H
#define DM_NET_TRANSFER_H

#include "base/buf.h"
#include "base/error.h"

#include "net/library.h"

struct dm_transfer {
    struct dm_http_reply reply; /* first: what Lua holds is ours */
    struct dm_transfer *next, *prev;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    struct dm_buf head, body;
    uint32_t shard; /* whose it is: see http.c */
    uint64_t max_bytes;
    double first_byte_ms; /* limit; 0: none */
    double started_ms, first_ms;
    bool answered;  /* the first byte of a reply has come */
    bool too_large; /* the reply; the transfer was ended for it */
    char error[CURL_ERROR_SIZE];
};

/* Makes a transfer of a request on `easy`, which is the transfer's from then on. NULL when the
 * request is at fault or memory is short; then `easy` is the caller's still. */
struct dm_transfer *dm_transfer_create(const struct dm_http_request *request, CURL *easy,
                                       struct dm_error *err);

/* Fills in the reply once libcurl has ended the transfer with `code`. */
void dm_transfer_end(struct dm_transfer *t, CURLcode code);

/* Fills in the reply of a transfer that we ended. */
void dm_transfer_stop(struct dm_transfer *t, int outcome, const char *why);

/* Frees all but the easy handle, which is returned for another transfer; NULL when there is none.
 */
CURL *dm_transfer_destroy(struct dm_transfer *t);

#endif
