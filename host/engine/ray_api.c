#include "engine/ray_api.h"

#include "net/attach.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 5000, TOTAL_MS = 120000, REPLY_BYTES = 256 << 20, TOKEN_BYTES = 1024 };

struct dm_ray_request {
    struct dm_ray_request *next;
    uint32_t id;
    dm_ray_done *done;
    uint64_t handle;
};

static bool read_token(const char *path, char token[TOKEN_BYTES])
{
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(token, 1, TOKEN_BYTES - 1, file) : 0;
    if (file)
        fclose(file);
    token[n] = 0;
    token[strcspn(token, "\r\n \t")] = 0;
    return token[0];
}

static bool find_token(char token[TOKEN_BYTES])
{
    char path[4096];
    const char *given = getenv("RAY_AUTH_TOKEN"), *file = getenv("RAY_AUTH_TOKEN_PATH"),
               *home = getenv("HOME");
    if (given && *given)
        return snprintf(token, TOKEN_BYTES, "%s", given) < TOKEN_BYTES;
    if (file && *file)
        return read_token(file, token);
    return home && snprintf(path, sizeof path, "%s/.ray/auth_token", home) < (int)sizeof path &&
           read_token(path, token);
}

static void on_reply(void *arg, const struct dm_http_reply *reply)
{
    struct dm_ray_api *api = arg;
    struct dm_ray_request **at = &api->requests;
    while (*at && (*at)->id != reply->id)
        at = &(*at)->next;
    struct dm_ray_request *r = *at;
    if (!r)
        return;
    *at = r->next;
    r->done(api->owner, r->handle, reply);
    free(r);
}

int dm_ray_api_check(const char *address, struct dm_error *err)
{
    if (strncmp(address, "http://", 7) != 0 && strncmp(address, "https://", 8) != 0)
        return dm_fail(err, DM_EUSAGE,
                       "the engine ray needs the address of Ray's dashboard, not \"%s\"\n"
                       "for example --engine ray=http://head:8265",
                       address);
    if (strlen(address) >= sizeof((struct dm_ray_api *)0)->base)
        return dm_fail(err, DM_EUSAGE, "the address of Ray's dashboard is too long");
    return DM_OK;
}

int dm_ray_api_open(struct dm_ray_api *api, uv_loop_t *loop, const char *address, void *owner,
                    struct dm_error *err)
{
    char token[TOKEN_BYTES];
    size_t n = strlen(address);
    int rc = dm_ray_api_check(address, err);
    if (rc)
        return rc;
    while (n && address[n - 1] == '/')
        n--;
    *api = (struct dm_ray_api){.owner = owner};
    memcpy(api->base, address, n);
    snprintf(api->headers, sizeof api->headers, "Content-Type: application/json");
    if (find_token(token))
        snprintf(api->headers, sizeof api->headers,
                 "Content-Type: application/json\nAuthorization: Bearer %s", token);
    return dm_http_attach(loop, on_reply, api, err);
}

void dm_ray_api_close(struct dm_ray_api *api)
{
    struct dm_ray_request *r;
    dm_http_detach();
    while ((r = api->requests)) {
        api->requests = r->next;
        dm_http_cancel(r->id);
        free(r);
    }
}

int dm_ray_ask(struct dm_ray_api *api, const char *method, const char *path,
               const struct dm_buf *body, dm_ray_done *done, uint64_t handle, struct dm_error *err)
{
    char url[2048];
    struct dm_ray_request *r = calloc(1, sizeof *r);
    if (!r)
        return dm_fail_memory(err);
    snprintf(url, sizeof url, "%s%s", api->base, path);
    struct dm_http_request request = {.method = method,
                                      .url = url,
                                      .headers = api->headers,
                                      .body = body ? body->p : NULL,
                                      .body_bytes = body ? body->n : 0,
                                      .connect_ms = CONNECT_MS,
                                      .total_ms = TOTAL_MS,
                                      .max_bytes = REPLY_BYTES};
    int id = dm_http_start(&request, err);
    if (id < 0) {
        free(r);
        return id;
    }
    *r = (struct dm_ray_request){
        .next = api->requests, .id = (uint32_t)id, .done = done, .handle = handle};
    api->requests = r;
    dm_http_attend();
    return DM_OK;
}

bool dm_ray_says(const struct dm_http_reply *reply, const char *text)
{
    return memmem(reply->body, reply->body_bytes, text, strlen(text)) != NULL;
}

void dm_ray_last_line(const char *text, char *line, size_t n)
{
    const char *last = text;
    size_t length = 0;
    while (*text) {
        size_t here = strcspn(text, "\n");
        if (strspn(text, " \t\r") < here) {
            last = text;
            length = here;
        }
        text += here + (text[here] != 0);
    }
    snprintf(line, n, "%.*s", (int)length, last);
}

/* Errors are tracebacks of Python, whose last line is the one that says what. */
void dm_ray_explain(const struct dm_ray_api *api, const struct dm_http_reply *reply, char *text,
                    size_t n)
{
    char body[4096], line[256];
    if (reply->outcome != DM_HTTP_DONE) {
        snprintf(text, n, "%s can not be reached: %s", api->base, reply->error);
        return;
    }
    size_t from = reply->body_bytes < sizeof body ? 0 : reply->body_bytes - sizeof body + 1;
    snprintf(body, sizeof body, "%.*s", (int)(reply->body_bytes - from), reply->body + from);
    dm_ray_last_line(body, line, sizeof line);
    if (reply->status == 401 || reply->status == 403)
        snprintf(text, n,
                 "Ray wants another token (%s): it is taken from RAY_AUTH_TOKEN, the file that "
                 "RAY_AUTH_TOKEN_PATH names, or ~/.ray/auth_token",
                 line);
    else
        snprintf(text, n, "Ray answers %d: %s", reply->status, line);
}
