/* Ray's Jobs API: requests to the head, on the coordinator's loop. */
#ifndef DM_ENGINE_RAY_API_H
#define DM_ENGINE_RAY_API_H

#include "base/buf.h"
#include "base/error.h"

#include <uv.h>

/* What is called with a reply: the owner, and the handle that was given with the request. */
typedef void dm_ray_done(void *owner, uint64_t handle, const struct dm_http_reply *reply);

struct dm_ray_api {
    char base[1024];    /* "http://head:8265" */
    char headers[2048]; /* of every request; the token is in it */
    struct dm_ray_request *requests;
    void *owner;
};

/* Refuses what is no address of a dashboard: DM_EUSAGE with a message. */
int dm_ray_api_check(const char *address, struct dm_error *err);

/* Begins. The token is found as Ray's own tools find it: in RAY_AUTH_TOKEN, in the file that
 * RAY_AUTH_TOKEN_PATH names, in ~/.ray/auth_token. */
int dm_ray_api_open(struct dm_ray_api *api, uv_loop_t *loop, const char *address, void *owner,
                    struct dm_error *err);

/* Gives up what is under way; no reply comes any more. */
void dm_ray_api_close(struct dm_ray_api *api);

/* Asks; body NULL: none. When it can not even be sent, done is never called and the error says why.
 */
int dm_ray_ask(struct dm_ray_api *api, const char *method, const char *path,
               const struct dm_buf *body, dm_ray_done *done, uint64_t handle, struct dm_error *err);

/* Whether the reply's body has this text in it. */
bool dm_ray_says(const struct dm_http_reply *reply, const char *text);

/* What is wrong with a reply, on one line of at most n bytes with the final NUL. */
void dm_ray_explain(const struct dm_ray_api *api, const struct dm_http_reply *reply, char *text,
                    size_t n);

/* The last line of a text that has anything on it, cut to n bytes. */
void dm_ray_last_line(const char *text, char *line, size_t n);

#endif
