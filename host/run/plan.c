#include "run/plan.h"

#include "io/input.h"
#include "io/reader.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Splits are doubled from this up to split_bytes, a few times at the most. */
enum { FIRST_SPLIT_BYTES = 256 * 1024, FIRST_SPLITS = 32 };

/* About what a row takes that tells what a file is. */
enum { DESCRIPTION_BYTES = 256 };

/* As long as all that came before, between the first split's size and split_bytes: depends on the
 * inputs alone, so that compressed output has the same frames whoever runs it. */
static uint64_t split_size(const struct dm_plan *p, uint64_t before)
{
    uint64_t first = p->split_bytes / FIRST_SPLITS, n = before;
    n = n < first ? first : n;
    n = n < FIRST_SPLIT_BYTES ? FIRST_SPLIT_BYTES : n;
    return n < p->split_bytes ? n : p->split_bytes;
}

uint64_t dm_plan_splits(const struct dm_plan *p, uint64_t enough)
{
    struct dm_error err;
    struct stat st;
    uint64_t n = p->inputs->n;
    for (uint64_t i = 0; i < p->inputs->n && n < enough; i++) {
        const char *path = dm_inputs_path(p->inputs, i);
        if (stat(path, &st) || dm_codec_detect(path, &err) != DM_CODEC_PLAIN)
            return enough;
        n += (uint64_t)st.st_size / split_size(p, 0);
    }
    return n && n < enough ? n : enough;
}

/* Adds a range of the input that is number `file`. */
static int add_range(const struct dm_plan *p, uint64_t file, struct dm_split *s,
                     struct dm_error *err)
{
    bool full = (s->nranges & (s->nranges - 1)) == 0; /* there is room for a power of two */
    size_t room = s->nranges ? (size_t)s->nranges * 2 : 1;
    struct dm_range *list = full ? realloc(s->ranges, room * sizeof *list) : s->ranges;
    if (!list)
        return dm_fail_memory(err);
    s->ranges = list;
    struct dm_range *r = &list[s->nranges];
    *r = (struct dm_range){.path = strdup(dm_inputs_path(p->inputs, file)),
                           .share = dm_inputs_share(p->inputs, file)};
    s->nranges++;
    return r->path ? DM_OK : dm_fail_memory(err);
}

/* `documents`: what can not be read becomes a reject. */
static int stat_range(struct dm_range *r, bool documents, struct dm_error *err)
{
    struct stat st;
    if (stat(r->path, &st))
        return documents ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot read %s", r->path);
    r->size = (uint64_t)st.st_size;
    r->mtime = dm_mtime_ns(&st);
    return DM_OK;
}

static int stream_range(const struct dm_plan *p, struct dm_point at, struct dm_split *s,
                        struct dm_point *after, struct dm_error *err)
{
    int rc = add_range(p, at.file, s, err);
    if (rc)
        return rc;
    struct dm_range *r = &s->ranges[s->nranges - 1];
    r->start = at.offset;
    r->end = at.offset + split_size(p, at.offset);
    s->file_number = (uint32_t)at.file;
    *after = (struct dm_point){at.file, r->end, at.planned};
    return stat_range(r, false, err);
}

int dm_plan_continue(const struct dm_plan *p, struct dm_point at, struct dm_split *s,
                     struct dm_point *after, struct dm_error *err)
{
    *s = (struct dm_split){0};
    return stream_range(p, at, s, after, err);
}

/* Adds a file that is a row; moves the plan on. */
static int document_range(struct dm_plan *p, struct dm_split *s, struct dm_error *err)
{
    int rc = add_range(p, p->at.file, s, err);
    if (rc)
        return rc;
    struct dm_range *r = &s->ranges[s->nranges - 1];
    r->end = UINT64_MAX;
    p->at.file++;
    rc = stat_range(r, true, err);
    p->at.planned += DESCRIPTION_BYTES + (p->documents == DM_FILE_AS_TEXT ? r->size : 0);
    return rc;
}

/* Adds the next range of a plain file; moves the plan on. */
static int plain_range(struct dm_plan *p, struct dm_split *s, uint64_t room, struct dm_error *err)
{
    int rc = add_range(p, p->at.file, s, err);
    if (rc)
        return rc;
    struct dm_range *r = &s->ranges[s->nranges - 1];
    rc = stat_range(r, false, err);
    if (rc)
        return rc;
    uint64_t left = r->size > p->at.offset ? r->size - p->at.offset : 0;
    r->start = p->at.offset;
    if (left > room) {
        r->end = r->start + room;
        p->at.offset = r->end;
    } else {
        r->end = UINT64_MAX;
        p->at.file++;
        p->at.offset = 0;
    }
    p->at.planned += left > room ? room : left;
    return DM_OK;
}

static bool is_full(const struct dm_plan *p, const struct dm_split *s, uint64_t planned,
                    uint64_t room)
{
    return p->at.file >= p->inputs->n || s->nranges == DM_MAX_RANGES || planned >= room ||
           (s->nranges && p->one_file);
}

int dm_plan_next(struct dm_plan *p, struct dm_split *s, struct dm_point *after,
                 struct dm_error *err)
{
    uint64_t begun = p->at.planned, room = split_size(p, begun);
    *s = (struct dm_split){.file_number = (uint32_t)p->at.file};
    while (p->documents && !is_full(p, s, p->at.planned - begun, room)) {
        int rc = document_range(p, s, err);
        if (rc)
            return rc;
    }
    while (!is_full(p, s, p->at.planned - begun, room)) {
        int codec = dm_codec_detect(dm_inputs_path(p->inputs, p->at.file), err);
        if (codec < 0)
            return codec;
        if (codec != DM_CODEC_PLAIN) {
            if (s->nranges)
                break;
            int rc = stream_range(p, p->at, s, after, err);
            p->at.file++;
            p->at.offset = 0;
            return rc ? rc : DM_PLAN_STREAM;
        }
        int rc = plain_range(p, s, room - (p->at.planned - begun), err);
        if (rc)
            return rc;
        if (p->at.offset)
            break;
    }
    *after = p->at;
    return s->nranges ? DM_PLAN_SPLIT : DM_PLAN_END;
}
