#include "run/split.h"

#include <stdio.h>
#include <stdlib.h>

static void finish_range(struct dm_range *r)
{
    free(r->path);
    free(r->name);
    free(r->damage);
}

void dm_split_finish(struct dm_split *s)
{
    for (uint32_t i = 0; i < s->nranges; i++)
        finish_range(&s->ranges[i]);
    for (uint32_t i = 0; i < s->nskips; i++)
        free(s->skips[i].reason);
    free(s->ranges);
    free(s->skips);
    *s = (struct dm_split){0};
}

void dm_split_forget(struct dm_split *s)
{
    while (s->nranges > 1)
        finish_range(&s->ranges[--s->nranges]);
    /* shrunk in its place the list would be in the way of the next one there */
    struct dm_range *less = malloc(sizeof *less);
    if (!less)
        return;
    *less = s->ranges[0];
    free(s->ranges);
    s->ranges = less;
}

const char *dm_range_name(const struct dm_range *r)
{
    return r->name ? r->name : r->path;
}

void dm_part_name(uint64_t id, uint32_t attempt, int stream, char *buf, size_t n)
{
    snprintf(buf, n, "%llu.%u.%d", (unsigned long long)id, attempt, stream);
}

bool dm_place_put(struct dm_buf *b, const struct dm_place at[DM_STREAMS])
{
    bool ok = true;
    for (int i = 0; i < DM_STREAMS; i++)
        ok = ok && dm_put_u64(b, at[i].shard) && dm_put_u64(b, at[i].offset);
    return ok;
}

void dm_place_get(struct dm_wire *w, struct dm_place at[DM_STREAMS])
{
    for (int i = 0; i < DM_STREAMS; i++) {
        at[i].shard = dm_get_u64(w);
        at[i].offset = dm_get_u64(w);
    }
}

static bool put_range(struct dm_buf *b, const struct dm_range *r)
{
    return dm_put_text(b, r->path) && dm_put_text(b, dm_range_name(r)) && dm_put_u64(b, r->base) &&
           dm_put_u64(b, r->start) && dm_put_u64(b, r->end) && dm_put_u64(b, r->share) &&
           dm_put_u64(b, r->size) && dm_put_u64(b, (uint64_t)r->mtime) &&
           dm_put_text(b, r->damage ? r->damage : "");
}

bool dm_split_put(struct dm_buf *b, const struct dm_split *s)
{
    bool ok = dm_put_u64(b, s->id) && dm_put_u32(b, s->attempt) && dm_put_u8(b, s->probe) &&
              dm_put_u8(b, s->single) && dm_put_u8(b, s->told) && dm_put_u8(b, s->part) &&
              dm_put_u8(b, s->whole) && dm_put_u8(b, s->staged) && dm_put_u8(b, s->granted) &&
              dm_place_put(b, s->at) && dm_put_u32(b, s->file_number) &&
              dm_put_u8(b, (uint8_t)s->codec) && dm_put_u64(b, s->max_rows) &&
              dm_put_u32(b, s->nranges);
    for (uint32_t i = 0; i < s->nranges && ok; i++)
        ok = put_range(b, &s->ranges[i]);
    ok = ok && dm_put_u32(b, s->nskips);
    for (uint32_t i = 0; i < s->nskips && ok; i++)
        ok = dm_put_u32(b, s->skips[i].range) && dm_put_u64(b, s->skips[i].offset) &&
             dm_put_u32(b, (uint32_t)s->skips[i].op) && dm_put_text(b, s->skips[i].reason);
    return ok;
}

static void get_range(struct dm_wire *w, struct dm_range *r)
{
    r->path = dm_get_text(w);
    r->name = dm_get_text(w);
    r->base = dm_get_u64(w);
    r->start = dm_get_u64(w);
    r->end = dm_get_u64(w);
    r->share = dm_get_u64(w);
    r->size = dm_get_u64(w);
    r->mtime = (int64_t)dm_get_u64(w);
    r->damage = dm_get_text(w);
}

/* Makes room for n records of at least `least` bytes each on the wire: a length that the frame can
 * not hold is refused before memory is asked for. */
static void *get_list(struct dm_wire *w, uint32_t *n, size_t record, size_t least)
{
    *n = dm_get_u32(w);
    if (*n > (size_t)(w->end - w->p) / least)
        w->bad = true;
    void *list = w->bad ? NULL : calloc((size_t)*n + 1, record);
    if (!list) {
        w->bad = true;
        *n = 0;
    }
    return list;
}

int dm_split_get(struct dm_wire *w, struct dm_split *s, struct dm_error *err)
{
    *s = (struct dm_split){0};
    s->id = dm_get_u64(w);
    s->attempt = dm_get_u32(w);
    s->probe = dm_get_u8(w);
    s->single = dm_get_u8(w);
    s->told = dm_get_u8(w);
    s->part = dm_get_u8(w);
    s->whole = dm_get_u8(w);
    s->staged = dm_get_u8(w);
    s->granted = dm_get_u8(w);
    dm_place_get(w, s->at);
    s->file_number = dm_get_u32(w);
    s->codec = (enum dm_codec)dm_get_u8(w);
    if (s->codec > DM_CODEC_ZSTD)
        w->bad = true;
    s->max_rows = dm_get_u64(w);
    s->ranges = get_list(w, &s->nranges, sizeof *s->ranges, 56);
    if (!s->nranges) /* a split is of some input */
        w->bad = true;
    for (uint32_t i = 0; i < s->nranges && !w->bad; i++)
        get_range(w, &s->ranges[i]);
    s->skips = get_list(w, &s->nskips, sizeof *s->skips, 20);
    for (uint32_t i = 0; i < s->nskips && !w->bad; i++) {
        s->skips[i].range = dm_get_u32(w);
        s->skips[i].offset = dm_get_u64(w);
        s->skips[i].op = (int32_t)dm_get_u32(w);
        s->skips[i].reason = dm_get_text(w);
    }
    if (!w->bad && w->p == w->end)
        return DM_OK;
    dm_split_finish(s);
    return dm_fail(err, DM_EINPUT, "malformed message from the coordinator");
}
