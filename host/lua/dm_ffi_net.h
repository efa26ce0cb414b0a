/* What Lua may call of host/net; the third part of dm_ffi.h, under the same rules. */

/* base: the event loop on which Lua waits --------------------------------------------------------- */

/* Runs the event loop until something has come that Lua is to hear of (dm_http_next has a reply), or `ms`
 * milliseconds have passed; 0 only looks. Returns whether something has, or a status below zero. Everything that has
 * come is to be taken before the next call. */
int dm_loop_wait(double ms, struct dm_error *err);

/* A clock that only goes forward, in milliseconds. */
double dm_loop_now(void);

/* The time of day, in seconds since 1970. */
double dm_wall_clock(void);

/* Adds 1 for a reason to catch SIGINT and SIGTERM, or -1 when it is gone. Without reasons they end this process as ever.
 * With them, dm_loop_signal tells of the first one after the next dm_loop_wait; while Lua computes, the second ends this
 * process. */
void dm_loop_catch(int change);

/* The signal that was caught last, once; 0: none. */
int dm_loop_signal(void);

/* Ends this process as if the signal had not been caught. */
void dm_loop_die(int number);

/* net: HTTP requests that other work goes on beside --------------------------------------------- */

/* What is asked for. Texts are copied; NULL stands for none, a time of 0 for no limit. */
struct dm_http_request {
    const char *method, *url;
    const char *headers;     /* "Name: value", one a line */
    const char *body;
    size_t body_bytes;
    const char *ca_file;     /* certificates that are trusted instead of the system's */
    const char *cert_file, *key_file, *key_password; /* the client's own */
    const char *host_name;   /* the name that the server's certificate must carry instead of the URL's */
    const char *proxy;       /* instead of the environment's; "" for none */
    double connect_ms, first_byte_ms, total_ms;
    uint64_t max_bytes;      /* of the reply's body, decompressed */
    uint32_t unverified;     /* 1: any certificate will do */
    uint32_t redirects;      /* how many are followed */
    uint32_t body_stays;     /* 1: the body is not copied, it is there until the request has ended */
};

/* How a request ended. */
enum {
    DM_HTTP_DONE,     /* with a reply, whatever its status */
    DM_HTTP_CONNECT,  /* no connection: name unknown, refused, no route */
    DM_HTTP_TIMEOUT,  /* one of the three times was over */
    DM_HTTP_BROKEN,   /* the connection ended within the reply, or the reply is not HTTP */
    DM_HTTP_TLS,      /* the other side's certificate, or ours, will not do */
    DM_HTTP_TOO_LARGE,
    DM_HTTP_CANCELLED,
    DM_HTTP_BAD       /* the request is at fault: its URL, a file that can not be read */
};

struct dm_http_reply {
    uint32_t id;
    int32_t outcome;      /* DM_HTTP_DONE ... */
    int32_t status;       /* 200 ...; 0 without a reply */
    const char *body;     /* what came of it, decompressed */
    size_t body_bytes;
    const char *head;     /* the header lines of the last reply, "name: value\r\n" each */
    size_t head_bytes;
    int32_t events;       /* 1: it is a stream of server-sent events */
    double first_ms, total_ms; /* until its first byte, and altogether */
    char error[256];      /* for a person; "" with DM_HTTP_DONE */
    struct dm_http_reply *next;
};

/* Starts a request. Returns its number, from 1, or a status below zero. The number of one that was given
 * back stands for another later on. */
int dm_http_start(const struct dm_http_request *request, struct dm_error *err);

/* Gives a request up; dm_http_next hands it out as DM_HTTP_CANCELLED, unless it has ended already. */
void dm_http_cancel(uint32_t id);

/* The next request that has ended, or NULL. The caller gives it back with dm_http_release. */
struct dm_http_reply *dm_http_next(void);
void dm_http_release(struct dm_http_reply *reply);

/* How many connections the limit on open files leaves room for; raises the limit as far as it goes. */
int dm_http_room(void);

/* run: what models are asked ---------------------------------------------------------------------- */

enum { DM_LATENCIES = 176 };

/* What an operator asked models. */
struct dm_asked {
    uint64_t requests;  /* that reached a server */
    uint64_t retries;   /* how many of them were made again */
    uint64_t tokens_in, tokens_out;
    uint64_t cached;    /* replies from the cache: none was asked */
    uint64_t cost;      /* in billionths of the prices' currency */
    uint64_t latency[DM_LATENCIES]; /* how often a request took so long: see dm_asked_request */
};

/* Counts a request, and the time that it took. */
void dm_asked_request(struct dm_asked *asked, double ms);

/* Adds what an answer took: tokens, and what they cost, in billionths. */
void dm_asked_answer(struct dm_asked *asked, double tokens_in, double tokens_out, double cost);

/* The time within which a share of the requests ended, in milliseconds and by 5 % exact; 0 when there were none. */
double dm_asked_percentile(const struct dm_asked *asked, double share);

/* Adds all of `from`. */
void dm_asked_add(struct dm_asked *asked, const struct dm_asked *from);

/* How requests of this process are limited: 0: in no way; 1: by their endpoints' rates; 2: in the run as a whole too. */
int dm_metered(void);

/* Requests to an endpoint that a worker wants to make, and what has come of earlier ones. */
struct dm_want {
    uint64_t endpoint;      /* which: a hash of its name */
    uint64_t requests_per_minute, tokens_per_minute; /* its rates; 0: no limit */
    uint64_t n;             /* requests that are wanted */
    uint64_t tokens, cost;  /* what they may take, all together; cost in billionths */
    uint64_t ended;         /* requests that were granted before and have ended */
    uint64_t returned;      /* how many of those did not reach the server */
    int64_t more_tokens, more_cost; /* what those took beyond what was thought */
};

/* Tells the coordinator. */
int dm_want(const struct dm_want *want, struct dm_error *err);

struct dm_grant {
    uint64_t endpoint;
    uint64_t n;    /* requests that may be made */
    uint64_t over; /* 1: no more may be made in this run, and why not stands in the coordinator's message */
};

/* Looks for messages. Returns 1 with the next grant, 0 when there is none, or a status below zero. */
int dm_grant_next(struct dm_grant *grant, struct dm_error *err);

/* run: replies of models that are kept on disk --------------------------------------------------- */

/* Appends the reply that was kept under a key. Returns 1, 0 when there is none, or a status below zero. */
int dm_reply_find(const char *key, struct dm_buf *reply, struct dm_error *err);

/* Whether replies are kept. */
int dm_reply_kept(void);

/* Has the coordinator keep a reply, of n bytes; it is on disk before the row that it is for is committed. */
int dm_reply_keep(const char *key, const char *reply, size_t n, struct dm_error *err);

/* Whether replies come from the file only, and a request is an error (--replay). */
int dm_reply_only(void);

/* What a file of replies holds. */
struct dm_replies_stats {
    uint64_t replies, bytes;
    int64_t first, last; /* when the oldest and the newest was kept, in seconds since 1970 */
};

/* Reads a file of replies, or empties it. DM_EUSAGE when it is something else. */
int dm_replies_measure(const char *path, struct dm_replies_stats *stats, struct dm_error *err);
int dm_replies_clear(const char *path, struct dm_error *err);

/* Loads libcurl, once. DM_EUSAGE with a message when it is not there. */
int dm_curl_load(struct dm_error *err);
