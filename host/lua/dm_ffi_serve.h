/* What Lua may call of host/serve; the part of dm_ffi.h on the HTTP server, under the same rules. */

/* serve: an HTTP server on the event loop on which Lua waits ---------------------------------------- */

struct dm_serve_options {
    const char *ip;           /* numeric, v4 or v6 */
    uint32_t port;            /* 0: any that is free */
    uint32_t max_connections;
    uint64_t max_head;        /* bytes of a request's line and headers; at least 4096 */
    uint64_t max_body;        /* bytes of its body */
    double max_ms;            /* a connection whose request and its answer take longer is closed */
};

/* A request that has come whole. Texts are borrowed until it is answered; NULL: there is no such header. */
struct dm_serve_request {
    uint32_t id;
    const char *method;
    const char *target;       /* the path as the client wrote it, without the query */
    const char *content_type, *authorization, *host, *origin;
    const char *body;
    size_t body_bytes;
};

struct dm_serve_reply {
    uint32_t status;
    const char *content_type; /* NULL: none */
    const char *header, *value; /* one more header; NULL: none */
    const char *body;
    size_t body_bytes;
};

/* Begins to listen; one server per process. DM_EUSAGE when the address can not be had. Returns the port. */
int dm_serve_start(const struct dm_serve_options *options, struct dm_error *err);

/* The next request, once. Returns whether there is one. dm_loop_wait returns when one comes. */
int dm_serve_next(struct dm_serve_request *request);

/* Answers a request. The texts are copied. Nothing when the client has gone. */
void dm_serve_answer(uint32_t id, const struct dm_serve_reply *reply);

/* What has come of clients. */
struct dm_serve_counts {
    uint32_t connections;     /* that are open */
    uint64_t accepted;        /* connections since the start */
    uint64_t too_slow;        /* closed because they took too long, or room was needed */
    uint64_t too_large;       /* requests refused for their size */
};
void dm_serve_count(struct dm_serve_counts *counts);

/* Stops listening and closes all connections. Nothing when there is no server. */
void dm_serve_stop(void);

/* Loads libmicrohttpd, once. DM_EUSAGE with a message when it is not there. */
int dm_mhd_load(struct dm_error *err);
