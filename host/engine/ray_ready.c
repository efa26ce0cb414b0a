#include "engine/ray_state.h"

#include "net/library.h"

#include <stdio.h>

/* Ray forgets a package that no job uses ten minutes after it was last asked for. */
enum { PACKAGE_MS = 300 * 1000, PACKAGE_BYTES = 100 << 20 };

/* The first contact tells whether there is a Ray at all; later, its head may be away for a while.
 */
static void fail(struct dm_ray *r, const struct dm_http_reply *reply)
{
    char text[512];
    bool wrong = !r->reached || reply->status == 401 || reply->status == 403;
    dm_ray_explain(&r->api, reply, text, sizeof text);
    if (!wrong && reply->outcome != DM_HTTP_DONE)
        dm_ray_wait(r, text);
    else
        dm_ray_fail(r, wrong ? DM_END_REFUSED : DM_END_UNKNOWN, text);
}

static bool is_good(const struct dm_http_reply *reply)
{
    return reply->outcome == DM_HTTP_DONE && reply->status == 200;
}

/* ---- nodes ---- */

static void on_nodes(void *owner, uint64_t handle, const struct dm_http_reply *reply)
{
    struct dm_ray *r = owner;
    struct dm_error err;
    (void)handle;
    r->asking_nodes = false;
    if (!is_good(reply)) {
        fail(r, reply);
    } else if (dm_ray_read_nodes(r, reply, &err)) {
        dm_ray_fail(r, DM_END_REFUSED, err.text);
    } else {
        r->reached = true;
        r->nodes_ms = uv_now(r->config.loop);
        dm_ray_go(r);
    }
}

void dm_ray_ask_nodes(struct dm_ray *r)
{
    struct dm_error err;
    if (r->asking_nodes)
        return;
    r->asking_nodes = true;
    if (dm_ray_ask(&r->api, "GET", "/api/v0/nodes?limit=10000&detail=1", NULL, on_nodes, 0, &err)) {
        r->asking_nodes = false;
        dm_ray_fail(r, DM_END_REFUSED, err.text);
    }
}

/* Ray itself lets such a job wait, and says nothing. One that was started again has its nodes back
 * one by one. */
bool dm_ray_too_large(struct dm_ray *r, const struct dm_ray_host *h, char *text, size_t n)
{
    const struct dm_ray_node *node = (const struct dm_ray_node *)(const void *)r->nodes.p;
    size_t count = r->nodes.n / sizeof *node;
    struct dm_ray_node most = {0};
    for (size_t i = 0; i < count && !r->had_room; i++, node++) {
        r->had_room =
            node->cpus >= h->cpus && node->gpus >= h->gpus && node->memory >= (double)h->memory;
        most.cpus = node->cpus > most.cpus ? node->cpus : most.cpus;
        most.gpus = node->gpus > most.gpus ? node->gpus : most.gpus;
        most.memory = node->memory > most.memory ? node->memory : most.memory;
    }
    if (count == 0 || r->had_room)
        return false;
    snprintf(text, n,
             "it asks for %u processors, %u GPUs and %.1f GB of memory, and none of Ray's %zu "
             "nodes has that; the most of any are %.0f, %.0f and %.1f GB",
             h->cpus, h->gpus, (double)h->memory / 1e9, count, most.cpus, most.gpus,
             most.memory / 1e9);
    return true;
}

/* ---- the package ---- */

static void on_package(void *owner, uint64_t handle, const struct dm_http_reply *reply);

static int ask_package(struct dm_ray *r, const char *method, const struct dm_buf *body,
                       struct dm_error *err)
{
    char path[128];
    snprintf(path, sizeof path, "/api/packages/gcs/%s", r->package.name);
    return dm_ray_ask(&r->api, method, path, body, on_package, body != NULL, err);
}

static int send_package(struct dm_ray *r, struct dm_error *err)
{
    struct dm_buf zip = {0};
    int rc = dm_package_write(&r->package, &zip, err);
    if (rc == DM_OK && zip.n > PACKAGE_BYTES)
        rc = dm_fail(err, DM_EUSAGE,
                     "this dmhost and its libraries take %zu MB, and Ray takes 100\n"
                     "put it where all nodes see it: engine = { \"ray\", binary = PATH }",
                     zip.n >> 20);
    if (rc == DM_OK)
        rc = ask_package(r, "PUT", &zip, err);
    dm_buf_finish(&zip);
    return rc;
}

/* Asking whether Ray has it also keeps it there. The handle tells that it was sent. */
static void on_package(void *owner, uint64_t handle, const struct dm_http_reply *reply)
{
    struct dm_ray *r = owner;
    struct dm_error err;
    r->asking_package = false;
    if (is_good(reply)) {
        r->package_ms = uv_now(r->config.loop);
        dm_ray_go(r);
    } else if (!handle && reply->outcome == DM_HTTP_DONE && reply->status == 404 &&
               dm_ray_says(reply, "does not exist")) {
        r->asking_package = true;
        if (send_package(r, &err)) {
            r->asking_package = false;
            dm_ray_fail(r, DM_END_REFUSED, err.text);
        }
    } else {
        fail(r, reply);
    }
}

static void want_package(struct dm_ray *r)
{
    struct dm_error err;
    if (r->asking_package)
        return;
    r->asking_package = true;
    if (ask_package(r, "GET", NULL, &err)) {
        r->asking_package = false;
        dm_ray_fail(r, DM_END_REFUSED, err.text);
    }
}

bool dm_ray_ready(struct dm_ray *r)
{
    uint64_t now = uv_now(r->config.loop);
    bool packed = r->binary[0] || (r->package_ms && now - r->package_ms < PACKAGE_MS);
    if (!packed)
        want_package(r);
    if (!r->nodes_ms)
        dm_ray_ask_nodes(r);
    return packed && r->nodes_ms;
}
