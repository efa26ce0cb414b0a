#include "net/transfer.h"

#include "net/sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    RECEIVE_BYTES = 1024, /* thousands of these are alive at once */
    UPLOAD_BYTES = 16384,
    MAX_HEAD_BYTES = 64 * 1024
};

_Static_assert(sizeof((struct dm_http_reply){0}.error) >= CURL_ERROR_SIZE, "libcurl writes there");

/* ---- what libcurl calls ---- */

static void note_first_byte(struct dm_transfer *t)
{
    if (t->answered)
        return;
    t->answered = true;
    t->first_ms = dm_loop_now() - t->started_ms;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct dm_transfer *t = arg;
    n *= size;
    note_first_byte(t);
    t->body_too_large = t->max_bytes && t->body.n + n > t->max_bytes;
    return !t->body_too_large && dm_buf_add(&t->body, p, n) ? n : 0;
}

static bool is_event_stream(const char *line, size_t n)
{
    static const char name[] = "content-type:", type[] = "text/event-stream";
    size_t at = sizeof name - 1;
    if (n < at || strncasecmp(line, name, at) != 0)
        return false;
    while (at < n && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return n - at >= sizeof type - 1 && strncasecmp(line + at, type, sizeof type - 1) == 0;
}

/* Header lines; those of a redirect or an interim reply give way to the next ones. */
static size_t on_head(char *p, size_t size, size_t n, void *arg)
{
    struct dm_transfer *t = arg;
    n *= size;
    note_first_byte(t);
    if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
        dm_buf_clear(&t->head);
        t->reply.events = 0;
        return n;
    }
    if (is_event_stream(p, n))
        t->reply.events = 1;
    t->head_too_large = t->head.n + n > MAX_HEAD_BYTES;
    return !t->head_too_large && dm_buf_add(&t->head, p, n) ? n : 0;
}

/* ---- making one ---- */

static CURLcode set_text(CURL *easy, CURLoption option, const char *text)
{
    return text ? dm_curl.easy_setopt(easy, option, text) : CURLE_OK;
}

static CURLcode set_tls(CURL *easy, const struct dm_http_request *r)
{
    CURLcode rc = set_text(easy, CURLOPT_CAINFO, r->ca_file);
    rc = rc ? rc : set_text(easy, CURLOPT_SSLCERT, r->cert_file);
    rc = rc ? rc : set_text(easy, CURLOPT_SSLKEY, r->key_file);
    rc = rc ? rc : set_text(easy, CURLOPT_KEYPASSWD, r->key_password);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, r->unverified ? 0L : 1L);
    return rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, r->unverified ? 0L : 2L);
}

static CURLcode set_body(struct dm_transfer *t, const char *p, size_t n)
{
    CURLcode rc = dm_curl.easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    return rc ? rc : dm_curl.easy_setopt(t->easy, CURLOPT_POSTFIELDS, p);
}

static CURLcode set_limits(CURL *easy, const struct dm_http_request *r)
{
    CURLcode rc = dm_curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->total_ms);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
    if (r->redirects) {
        rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_MAXREDIRS, (long)r->redirects);
    }
    return rc;
}

static CURLcode set_callbacks(struct dm_transfer *t)
{
    CURL *easy = t->easy;
    CURLcode rc = dm_curl.easy_setopt(easy, CURLOPT_PRIVATE, t);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, t->reply.error);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_WRITEDATA, t);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_HEADERDATA, t);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, dm_sockets_open);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, dm_sockets_close);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    rc = rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    return rc ? rc : dm_curl.easy_setopt(easy, CURLOPT_USERAGENT, "dmhost");
}

/* What asks a host by TLS waits to hear whether its connection can take many requests at once, as
 * with HTTP/2, before it makes another one. */
static CURLcode set_waiting(CURL *easy, const struct dm_http_request *r)
{
    bool tls = strncasecmp(r->url, "https:", 6) == 0;
    return dm_curl.easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
}

/* The proxy of a request. Where neither it nor the environment names one, libcurl is told so: else
 * it would look through the environment for each request. */
static const char *proxy_of(const struct dm_http_request *r)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    if (r->proxy)
        return r->proxy;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return NULL;
    return "";
}

static int fail_curl(CURLcode rc, struct dm_error *err)
{
    return rc == CURLE_OUT_OF_MEMORY ? dm_fail_memory(err)
                                     : dm_fail(err, DM_EUSAGE, "%s", dm_curl.easy_strerror(rc));
}

/* All but the body. */
static int set_options(struct dm_transfer *t, const struct dm_http_request *r, struct dm_error *err)
{
    CURLcode rc = set_callbacks(t);
    rc = rc ? rc : dm_curl.easy_setopt(t->easy, CURLOPT_CURLU, t->target->url);
    rc = rc ? rc : dm_curl.easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method);
    rc = rc ? rc : set_limits(t->easy, r);
    rc = rc ? rc : set_waiting(t->easy, r);
    rc = rc ? rc : set_tls(t->easy, r);
    rc = rc ? rc : set_text(t->easy, CURLOPT_PROXY, proxy_of(r));
    rc = rc ? rc : dm_curl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->target->headers);
    if (t->target->connect_to)
        rc = rc ? rc : dm_curl.easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->target->connect_to);
    return rc ? fail_curl(rc, err) : DM_OK;
}

static CURL *new_easy(CURLSH *share)
{
    CURL *easy = dm_curl.easy_init();
    if (easy && dm_curl.easy_setopt(easy, CURLOPT_SHARE, share)) {
        dm_curl.easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

struct dm_transfer *dm_transfer_create(uint32_t id, CURLSH *share, struct dm_error *err)
{
    struct dm_transfer *t = calloc(1, sizeof *t);
    if (t)
        t->easy = new_easy(share);
    if (t && t->easy) {
        t->reply.id = id;
        return t;
    }
    free(t);
    dm_fail_memory(err);
    return NULL;
}

static void drop_options(struct dm_transfer *t)
{
    if (t->easy)
        dm_curl.easy_reset(t->easy);
    dm_target_release(t->target);
    t->target = NULL;
}

void dm_transfer_destroy(struct dm_transfer *t)
{
    drop_options(t);
    dm_curl.easy_cleanup(t->easy);
    dm_buf_finish(&t->sent);
    dm_buf_finish(&t->head);
    dm_buf_finish(&t->body);
    free(t);
}

bool dm_transfer_renew(struct dm_transfer *t, CURLSH *share)
{
    drop_options(t);
    dm_curl.easy_cleanup(t->easy);
    t->easy = new_easy(share);
    return t->easy;
}

int dm_transfer_prepare(struct dm_transfer *t, const struct dm_http_request *request,
                        struct dm_request_key key, struct dm_target **last, struct dm_error *err)
{
    if (!dm_transfer_is_for(t, key)) {
        drop_options(t);
        int rc = dm_target_get(&t->target, last, request, key, err);
        rc = rc ? rc : set_options(t, request, err);
        if (rc)
            return rc;
    }
    t->max_bytes = request->max_bytes;
    t->redirects = request->redirects;
    t->first_byte_ms = request->first_byte_ms;
    t->started_ms = dm_loop_now();
    if (!request->body)
        return DM_OK;
    const char *body = request->body;
    if (!request->body_stays) {
        if (!dm_buf_add(&t->sent, body, request->body_bytes) || !dm_buf_reserve(&t->sent, 1))
            return dm_fail_memory(err);
        body = t->sent.p;
    }
    CURLcode rc = set_body(t, body, request->body_bytes);
    return rc ? fail_curl(rc, err) : DM_OK;
}

void dm_transfer_clear(struct dm_transfer *t)
{
    dm_buf_finish(&t->sent);
    dm_buf_finish(&t->head);
    dm_buf_finish(&t->body);
    t->reply = (struct dm_http_reply){.id = t->reply.id};
    t->next = t->prev = NULL;
    t->answered = t->body_too_large = t->head_too_large = false;
    t->first_ms = 0;
}

/* ---- the end of one ---- */

static int outcome_of(const struct dm_transfer *t, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return DM_HTTP_DONE;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
        return DM_HTTP_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return DM_HTTP_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return DM_HTTP_TLS;
    case CURLE_WRITE_ERROR:
        return t->body_too_large || t->head_too_large ? DM_HTTP_TOO_LARGE : DM_HTTP_BROKEN;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
        return DM_HTTP_BAD;
    default:
        return DM_HTTP_BROKEN;
    }
}

static void fill_reply(struct dm_transfer *t, int outcome)
{
    struct dm_http_reply *r = &t->reply;
    long status = 0;
    dm_curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    r->outcome = outcome;
    r->status = (int32_t)status;
    r->head = t->head.p ? t->head.p : "";
    r->head_bytes = t->head.n;
    r->body = t->body.p ? t->body.p : "";
    r->body_bytes = t->body.n;
    r->first_ms = t->first_ms;
    r->total_ms = dm_loop_now() - t->started_ms;
}

/* Takes " after N ms" and " after N milliseconds" out of what libcurl says: the same failure has
 * the same reason in rejects. */
static void drop_time(char *text)
{
    for (char *p = strstr(text, " after "); p; p = strstr(p + 1, " after ")) {
        int end = 0;
        if ((sscanf(p, " after %*u ms%n", &end) == 0 && end > 0) ||
            (sscanf(p, " after %*u milliseconds%n", &end) == 0 && end > 0)) {
            memmove(p, p + end, strlen(p + end) + 1);
            return;
        }
    }
}

void dm_transfer_end(struct dm_transfer *t, CURLcode code)
{
    int outcome = outcome_of(t, code);
    fill_reply(t, outcome);
    if (t->head_too_large)
        snprintf(t->reply.error, sizeof t->reply.error,
                 "the reply's header is longer than %d bytes", MAX_HEAD_BYTES);
    else if (outcome == DM_HTTP_TOO_LARGE)
        snprintf(t->reply.error, sizeof t->reply.error,
                 "the reply is longer than %llu bytes: raise max_reply",
                 (unsigned long long)t->max_bytes);
    else if (code == CURLE_TOO_MANY_REDIRECTS)
        snprintf(t->reply.error, sizeof t->reply.error, "more than %u redirects", t->redirects);
    else if (outcome == DM_HTTP_DONE) /* libcurl may have noted what it got over */
        *t->reply.error = 0;
    else if (!*t->reply.error)
        snprintf(t->reply.error, sizeof t->reply.error, "%s", dm_curl.easy_strerror(code));
    else
        drop_time(t->reply.error);
}

void dm_transfer_stop(struct dm_transfer *t, int outcome, const char *why)
{
    fill_reply(t, outcome);
    snprintf(t->reply.error, sizeof t->reply.error, "%s", why);
}
