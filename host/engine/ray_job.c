#include "engine/ray_state.h"

#include "engine/options.h"
#include "json/sample.h"
#include "json/write.h"

#include <stdio.h>
#include <stdlib.h>

/* What a job gets to end by itself, once it is stopped. */
#define STOP_WAIT_S "3"

static bool put_text(struct dm_buf *out, const char *text)
{
    return dm_json_quote(out, text, strlen(text));
}

bool dm_ray_put_variable(struct dm_buf *out, const char *text)
{
    size_t n = strcspn(text, "=");
    return dm_json_quote(out, text, n) && dm_buf_puts(out, ":") &&
           put_text(out, text + n + (text[n] != 0)) && dm_buf_puts(out, ",");
}

/* A word of /bin/sh. */
static bool put_quoted(struct dm_buf *out, const char *word)
{
    bool ok = dm_buf_puts(out, "'");
    for (; ok && *word; word++)
        ok = *word == '\'' ? dm_buf_puts(out, "'\\''") : dm_buf_putc(out, *word);
    return ok && dm_buf_puts(out, "'");
}

/* With exec, the program's own end is the job's. A Ray before 2.60 unpacks without the right to
 * execute. */
static bool put_command(const struct dm_ray *r, struct dm_buf *out)
{
    if (!r->binary[0])
        return dm_buf_puts(out, "chmod +x dmhost 2>/dev/null; LUA_CPATH=\"$PWD/lib/?.so;;\" exec "
                                "./dmhost worker-host");
    return dm_buf_puts(out, "exec ") && put_quoted(out, r->binary) &&
           dm_buf_puts(out, " worker-host");
}

/* Resources of the cluster's own, as the pipeline names them: "NAME=AMOUNT". */
static bool put_resources(const struct dm_ray *r, struct dm_buf *out)
{
    char text[256];
    bool ok = true;
    for (int i = 0; dm_engine_option(r->config.options, "resources", i, text, sizeof text); i++) {
        size_t n = strcspn(text, "=");
        double amount = text[n] ? strtod(text + n + 1, NULL) : 1;
        ok = ok && dm_buf_puts(out, i ? "," : ",\"entrypoint_resources\":{") &&
             dm_json_quote(out, text, n) && dm_buf_puts(out, ":") && dm_json_number(out, amount);
        if (!dm_engine_option(r->config.options, "resources", i + 1, text, sizeof text))
            ok = ok && dm_buf_puts(out, "}");
    }
    return ok;
}

/* A job that asks for nothing is run by the head. One that asks for no GPU would see all of its
 * node's. */
bool dm_ray_put_job(const struct dm_ray *r, const struct dm_ray_host *h, struct dm_buf *out)
{
    struct dm_buf command = {0};
    bool ok = put_command(r, &command) && dm_buf_puts(out, "{\"submission_id\":") &&
              put_text(out, h->name) && dm_buf_puts(out, ",\"entrypoint\":") &&
              dm_json_quote(out, command.p, command.n);
    dm_buf_finish(&command);
    ok = ok && dm_buf_printf(out, ",\"entrypoint_num_cpus\":%u,\"entrypoint_num_gpus\":%u",
                             h->cpus ? h->cpus : 1, h->gpus);
    if (h->memory)
        ok = ok && dm_buf_printf(out, ",\"entrypoint_memory\":%llu", (unsigned long long)h->memory);
    ok = ok && put_resources(r, out) && dm_buf_puts(out, ",\"runtime_env\":{");
    if (!r->binary[0])
        ok = ok && dm_buf_printf(out, "\"working_dir\":\"gcs://%s\",", r->package.name);
    ok = ok && dm_buf_puts(out, "\"env_vars\":{") && dm_buf_add(out, h->env.p, h->env.n);
    if (!h->gpus)
        ok = ok && dm_buf_puts(out, "\"CUDA_VISIBLE_DEVICES\":\"\",");
    return ok && dm_buf_puts(out, "\"RAY_JOB_STOP_WAIT_TIME_S\":\"" STOP_WAIT_S "\"}},"
                                  "\"metadata\":{\"job_name\":\"dmhost\"}}");
}

/* ---- replies ---- */

static struct dm_sample *parse(const struct dm_http_reply *reply, struct dm_error *err)
{
    struct dm_sample *s = dm_sample_create();
    char *text = malloc(reply->body_bytes + 1);
    int rc = s && text ? DM_OK : dm_fail_memory(err);
    if (rc == DM_OK) {
        memcpy(text, reply->body, reply->body_bytes);
        for (size_t i = 0; i < reply->body_bytes; i++)
            text[i] = text[i] == '\n' ? ' ' : text[i];
        rc = dm_sample_parse_text(s, text, reply->body_bytes, NULL, err);
    }
    free(text);
    if (rc == DM_OK)
        return s;
    dm_sample_destroy(s);
    return NULL;
}

static uint32_t find(struct dm_sample *s, uint32_t object, const char *key)
{
    return s->values[object].kind == DM_OBJECT ? dm_sample_find(s, object, key, strlen(key)) : 0;
}

/* The member's string, of a long one the end; "" when there is none. */
static void text_of(struct dm_sample *s, uint32_t object, const char *key, char *text, size_t n)
{
    struct dm_error err;
    struct dm_span span;
    uint32_t value = find(s, object, key);
    text[0] = 0;
    if (!value || s->values[value].kind != DM_STRING || dm_sample_string(s, value, &span, &err))
        return;
    size_t from = span.n < n ? 0 : span.n - n + 1;
    memcpy(text, span.p + from, span.n - from);
    text[span.n - from] = 0;
}

static double number_of(struct dm_sample *s, uint32_t object, const char *key, double otherwise)
{
    struct dm_error err;
    double x;
    uint32_t value = find(s, object, key);
    if (!value || s->values[value].kind != DM_NUMBER || dm_sample_number(s, value, &x, &err) < 0)
        return otherwise;
    return x;
}

static int malformed(struct dm_error *err)
{
    return dm_fail(err, DM_EINPUT, "its answer is not what Ray 2 gives");
}

int dm_ray_read_jobs(const struct dm_http_reply *reply,
                     void (*on_job)(void *arg, const struct dm_ray_job *job), void *arg,
                     struct dm_error *err)
{
    struct dm_sample *s = parse(reply, err);
    if (!s)
        return err->status;
    int rc = s->values[0].kind == DM_ARRAY ? DM_OK : malformed(err);
    for (uint32_t v = rc ? 0 : s->values[0].child; v; v = s->values[v].next) {
        struct dm_ray_job job;
        text_of(s, v, "submission_id", job.name, sizeof job.name);
        text_of(s, v, "status", job.status, sizeof job.status);
        text_of(s, v, "error_type", job.error, sizeof job.error);
        text_of(s, v, "message", job.message, sizeof job.message);
        job.exit_code = (int)number_of(s, v, "driver_exit_code", -1);
        uint32_t code = find(s, v, "driver_exit_code");
        job.exited = code && s->values[code].kind == DM_NUMBER;
        job.end_ms = number_of(s, v, "end_time", 0);
        on_job(arg, &job);
    }
    dm_sample_destroy(s);
    return rc;
}

int dm_ray_read_nodes(struct dm_ray *r, const struct dm_http_reply *reply, struct dm_error *err)
{
    struct dm_sample *s = parse(reply, err);
    if (!s)
        return err->status;
    uint32_t list = find(s, find(s, find(s, 0, "data"), "result"), "result");
    int rc = list && s->values[list].kind == DM_ARRAY ? DM_OK : malformed(err);
    dm_buf_clear(&r->nodes);
    for (uint32_t v = rc ? 0 : s->values[list].child; v && rc == DM_OK; v = s->values[v].next) {
        char state[16];
        text_of(s, v, "state", state, sizeof state);
        uint32_t total = find(s, v, "resources_total");
        if (strcmp(state, "ALIVE") != 0 || !total)
            continue;
        struct dm_ray_node node = {.cpus = number_of(s, total, "CPU", 0),
                                   .gpus = number_of(s, total, "GPU", 0),
                                   .memory = number_of(s, total, "memory", 0)};
        if (!dm_buf_add(&r->nodes, &node, sizeof node))
            rc = dm_fail_memory(err);
    }
    dm_sample_destroy(s);
    return rc;
}

void dm_ray_keep_log(const struct dm_http_reply *reply, const char *path)
{
    struct dm_error err;
    struct dm_span span;
    struct dm_sample *s = reply->outcome == DM_HTTP_DONE ? parse(reply, &err) : NULL;
    uint32_t logs = s ? find(s, 0, "logs") : 0;
    if (logs && s->values[logs].kind == DM_STRING &&
        dm_sample_string(s, logs, &span, &err) == DM_OK && span.n) {
        FILE *file = fopen(path, "we"); /* for people: without it, the run is none the worse */
        if (file) {
            fwrite(span.p, 1, span.n, file);
            fclose(file);
        }
    }
    dm_sample_destroy(s);
}
