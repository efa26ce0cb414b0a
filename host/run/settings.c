#include "run/settings.h"

#include <stdio.h>
#include <stdlib.h>

static const char **texts(struct dm_settings *s, size_t i)
{
    const char **list[] = {&s->plan,  &s->folder,  &s->shard_folder, &s->shard_name, &s->op_names,
                           &s->parts, &s->replies, &s->files,        &s->given};
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

static uint64_t *numbers(struct dm_settings *s, size_t i)
{
    uint64_t *list[] = {&s->numbered,     &s->shard_bytes,   &s->row_bytes, &s->row_depth,
                        &s->memory_bytes, &s->fail_on_error, &s->nops,      &s->sampled,
                        &s->documents,    &s->replay,        &s->metered};
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

bool dm_settings_put(struct dm_buf *b, const struct dm_settings *given)
{
    struct dm_settings s = *given;
    const char **text;
    uint64_t *number;
    bool ok = true;
    for (size_t i = 0; ok && (text = texts(&s, i)); i++)
        ok = dm_put_text(b, *text ? *text : "");
    for (size_t i = 0; ok && (number = numbers(&s, i)); i++)
        ok = dm_put_u64(b, *number);
    return ok;
}

int dm_settings_get(struct dm_wire *w, struct dm_settings *s, struct dm_error *err)
{
    const char **text;
    uint64_t *number;
    *s = (struct dm_settings){0};
    for (size_t i = 0; (text = texts(s, i)); i++)
        *text = dm_get_text(w);
    for (size_t i = 0; (number = numbers(s, i)); i++)
        *number = dm_get_u64(w);
    if (!w->bad && w->p == w->end)
        return DM_OK;
    dm_settings_finish(s);
    return dm_fail(err, DM_EINPUT, "malformed settings from the coordinator");
}

void dm_settings_finish(struct dm_settings *s)
{
    const char **text;
    for (size_t i = 0; (text = texts(s, i)); i++)
        free((void *)(uintptr_t)*text);
    *s = (struct dm_settings){0};
}

void dm_settings_streams(const struct dm_settings *s, struct dm_stream streams[DM_STREAMS])
{
    streams[DM_ROWS] = (struct dm_stream){
        .folder = s->shard_folder,
        .name = s->shard_name,
        .numbered = s->numbered != 0,
        .shard_bytes = s->shard_bytes,
    };
    streams[DM_REJECTS] = (struct dm_stream){.folder = s->folder, .name = "rejects.jsonl"};
    streams[DM_LEDGER] = (struct dm_stream){.folder = s->folder, .name = "ledger.jsonl"};
}

void dm_settings_op_name(const struct dm_settings *s, int32_t i, char *buf, size_t n)
{
    const char *name = s->op_names;
    for (int32_t k = 0; k < i && name; k++) {
        name = strchr(name, '\n');
        name = name ? name + 1 : NULL;
    }
    if (i < 0 || !name)
        name = "input";
    size_t size = strcspn(name, "\n");
    size = size < n ? size : n - 1;
    memcpy(buf, name, size);
    buf[size] = 0;
}
