#include "net/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static bool add_line(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = dm_curl.slist_append(*list, text);
    if (longer)
        *list = longer;
    return longer;
}

/* The header lines of the request, which are separated by newlines. */
static bool add_headers(struct dm_target *t, const char *lines)
{
    bool ok = add_line(&t->headers, "Expect:");
    while (ok && lines && *lines) {
        size_t n = strcspn(lines, "\n");
        char *line = strndup(lines, n);
        ok = line && (!n || add_line(&t->headers, line));
        free(line);
        lines += n + (lines[n] == '\n');
    }
    return ok;
}

/* Asks the URL's host under another name, so that the certificate is checked against that one. */
static CURLUcode rename_host(struct dm_target *t, const char *name)
{
    char *host = NULL, *port = NULL, text[1024];
    CURLUcode rc = dm_curl.url_get(t->url, CURLUPART_HOST, &host, 0);
    rc = rc ? rc : dm_curl.url_get(t->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    rc = rc ? rc : dm_curl.url_set(t->url, CURLUPART_HOST, name, 0);
    if (rc == CURLUE_OK) {
        snprintf(text, sizeof text, "%s:%s:%s:%s", name, port, host, port);
        bool ok = add_line(&t->connect_to, text);
        snprintf(text, sizeof text, "Host: %s:%s", host, port);
        rc = ok && add_line(&t->headers, text) ? CURLUE_OK : CURLUE_OUT_OF_MEMORY;
    }
    dm_curl.free(host);
    dm_curl.free(port);
    return rc;
}

static int read_url(struct dm_target *t, const struct dm_http_request *r, struct dm_error *err)
{
    t->url = dm_curl.url();
    CURLUcode rc =
        t->url ? dm_curl.url_set(t->url, CURLUPART_URL, r->url, 0) : CURLUE_OUT_OF_MEMORY;
    if (rc == CURLUE_OK && r->host_name)
        rc = rename_host(t, r->host_name);
    if (rc == CURLUE_OK)
        return DM_OK;
    return rc == CURLUE_OUT_OF_MEMORY ? dm_fail_memory(err)
                                      : dm_fail(err, DM_EUSAGE, "\"%s\" is not a URL: %s", r->url,
                                                dm_curl.url_strerror(rc));
}

static struct dm_target *create(const struct dm_http_request *r, struct dm_request_key key,
                                struct dm_error *err)
{
    struct dm_target *t = calloc(1, sizeof *t);
    if (!t) {
        dm_fail_memory(err);
        return NULL;
    }
    t->key = key;
    t->users = 1;
    bool ok = add_headers(t, r->headers);
    if (!ok)
        dm_fail_memory(err);
    if (ok && !read_url(t, r, err))
        return t;
    dm_target_release(t);
    return NULL;
}

int dm_target_get(struct dm_target **target, struct dm_target **last,
                  const struct dm_http_request *request, struct dm_request_key key,
                  struct dm_error *err)
{
    if (!*last || !dm_request_key_is((*last)->key, key)) {
        struct dm_target *t = create(request, key, err);
        if (!t)
            return err->status;
        dm_target_release(*last);
        *last = t;
    }
    (*last)->users++;
    *target = *last;
    return DM_OK;
}

void dm_target_release(struct dm_target *t)
{
    if (!t || --t->users)
        return;
    dm_curl.slist_free_all(t->headers);
    dm_curl.slist_free_all(t->connect_to);
    dm_curl.url_cleanup(t->url);
    free(t);
}

static bool add_text(struct dm_buf *key, const char *text)
{
    return text ? dm_buf_add(key, text, strlen(text) + 1) : dm_buf_putc(key, 1);
}

bool dm_request_key(struct dm_request_key *key, const struct dm_http_request *r,
                    struct dm_buf *scratch)
{
    const char *const texts[] = {r->method,       r->url,       r->headers,
                                 r->ca_file,      r->cert_file, r->key_file,
                                 r->key_password, r->host_name, r->proxy};
    const double times[] = {r->connect_ms, r->first_byte_ms, r->total_ms};
    const uint64_t numbers[] = {r->max_bytes, r->unverified, r->redirects, r->body != NULL};
    dm_buf_clear(scratch);
    bool ok =
        dm_buf_add(scratch, times, sizeof times) && dm_buf_add(scratch, numbers, sizeof numbers);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ok = ok && add_text(scratch, texts[i]);
    XXH128_hash_t hash = XXH3_128bits(scratch->p, scratch->n);
    *key = (struct dm_request_key){hash.low64, hash.high64};
    return ok;
}
