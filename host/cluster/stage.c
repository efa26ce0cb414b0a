#include "cluster/stage.h"

#include "base/error.h"
#include "base/write.h"
#include "io/input.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024, PATH_BYTES = 512 };

struct dm_stage_slot {
    struct dm_split split; /* whose input is being fetched */
    bool fetching;
    uint32_t range; /* of which a file is open */
    int fd;         /* that file, or the one that is sent; else -1 */
    /* the compressed file that is kept, since its next split comes here */
    char *kept;
    uint64_t kept_size;
    int64_t kept_mtime;
    /* output on its way */
    struct dm_buf done; /* the frame that follows it; empty: none is */
    uint64_t id, at;
    uint32_t attempt;
    int stream;
    uint64_t bytes[DM_STREAMS];
};

int dm_stages_open(struct dm_stages *s, uint32_t n, struct dm_error *err)
{
    s->slots = calloc(n, sizeof *s->slots);
    if (!s->slots)
        return dm_fail_memory(err);
    s->n = n;
    for (uint32_t i = 0; i < n; i++)
        s->slots[i].fd = -1;
    return dm_private_open(&s->folder, err);
}

void dm_stages_close(struct dm_stages *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        dm_stage_drop(s, i);
        free(s->slots[i].kept);
    }
    dm_private_close(&s->folder);
    free(s->slots);
    *s = (struct dm_stages){0};
}

static void input_path(const struct dm_stages *s, uint32_t slot, uint32_t range, char *path)
{
    snprintf(path, PATH_BYTES, "%s/in-%u-%u", s->folder.path, slot, range);
}

static void close_file(struct dm_stage_slot *x)
{
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
}

/* ---- input ---- */

static bool is_kept(const struct dm_stage_slot *x, const struct dm_split *split)
{
    const struct dm_range *r = split->ranges;
    return split->whole && x->kept && strcmp(x->kept, r->name) == 0 && x->kept_size == r->size &&
           x->kept_mtime == r->mtime;
}

/* The worker gets the split with our files in the place of the coordinator's. */
static int hand_on(struct dm_stages *s, uint32_t slot, struct dm_error *err)
{
    struct dm_stage_slot *x = &s->slots[slot];
    struct dm_buf frame = {0};
    char path[PATH_BYTES];
    struct stat st;
    x->fetching = false;
    x->split.staged = true;
    for (uint32_t i = 0; i < x->split.nranges; i++) {
        struct dm_range *r = &x->split.ranges[i];
        input_path(s, slot, i, path);
        free(r->path);
        r->path = strdup(path);
        if (!r->path)
            return dm_fail_memory(err);
        if (stat(path, &st))
            return dm_fail_errno(err, DM_EIO, "cannot find %s", path);
        r->size = (uint64_t)st.st_size;
        r->mtime = dm_mtime_ns(&st);
    }
    size_t at = dm_frame_begin(&frame, DM_ASSIGN);
    bool ok = dm_split_put(&frame, &x->split);
    if (ok) {
        dm_frame_end(&frame, at);
        s->to_worker(s->arg, slot, &frame);
    }
    dm_buf_finish(&frame);
    return ok ? DM_OK : dm_fail_memory(err);
}

static void remove_inputs(struct dm_stages *s, uint32_t slot)
{
    char path[PATH_BYTES];
    struct dm_stage_slot *x = &s->slots[slot];
    for (uint32_t i = 0; i < x->split.nranges; i++) {
        input_path(s, slot, i, path);
        unlink(path);
    }
    free(x->kept);
    x->kept = NULL;
}

int dm_stage_split(struct dm_stages *s, uint32_t slot, struct dm_wire *assign, struct dm_error *err)
{
    struct dm_stage_slot *x = &s->slots[slot];
    struct dm_split split;
    int rc = dm_split_get(assign, &split, err);
    if (rc)
        return rc;
    bool kept = is_kept(x, &split);
    if (!kept)
        remove_inputs(s, slot);
    dm_split_finish(&x->split);
    x->split = split;
    if (kept)
        return hand_on(s, slot, err);
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, DM_FETCH);
    x->fetching = true;
    if (dm_put_u32(&frame, slot))
        dm_frame_end(&frame, at);
    dm_link_send(s->link, &frame);
    dm_buf_finish(&frame);
    return DM_OK;
}

/* Pieces of a file come at their own offsets: what is not there is a hole. */
static int put_piece(struct dm_stages *s, uint32_t slot, uint32_t range, uint64_t offset,
                     const char *p, size_t n, struct dm_error *err)
{
    struct dm_stage_slot *x = &s->slots[slot];
    char path[PATH_BYTES];
    input_path(s, slot, range, path);
    if (x->fd < 0 || x->range != range) {
        close_file(x);
        x->range = range;
        x->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (x->fd < 0)
            return dm_fail_errno(err, DM_EIO, "cannot make %s", path);
    }
    return dm_write_at(x->fd, offset, p, n) ? DM_OK
                                            : dm_fail_errno(err, DM_EIO, "cannot write %s", path);
}

static int end_input(struct dm_stages *s, uint32_t slot, struct dm_error *err)
{
    struct dm_stage_slot *x = &s->slots[slot];
    const struct dm_range *r = x->split.ranges;
    close_file(x);
    if (x->split.whole) {
        x->kept = strdup(r->name);
        x->kept_size = r->size;
        x->kept_mtime = r->mtime;
    }
    return hand_on(s, slot, err);
}

int dm_stage_input(struct dm_stages *s, enum dm_message type, struct dm_wire *w,
                   struct dm_error *err)
{
    size_t n;
    uint32_t slot = dm_get_u32(w);
    if (w->bad || slot >= s->n)
        return dm_fail(err, DM_EINPUT, "malformed input from the coordinator");
    struct dm_stage_slot *x = &s->slots[slot];
    if (type == DM_FETCHED)
        return x->fetching ? end_input(s, slot, err) : DM_OK;
    uint32_t range = dm_get_u32(w);
    uint64_t offset = dm_get_u64(w);
    const char *p = dm_get_bytes(w, &n);
    if (w->bad)
        return dm_fail(err, DM_EINPUT, "malformed input from the coordinator");
    if (!x->fetching || range >= x->split.nranges) /* of a worker that has gone */
        return DM_OK;
    return put_piece(s, slot, range, offset, p, n, err);
}

/* ---- output ---- */

static void part_path(const struct dm_stages *s, const struct dm_stage_slot *x, char *path)
{
    char name[64];
    dm_part_name(x->id, x->attempt, x->stream, name, sizeof name);
    snprintf(path, PATH_BYTES, "%s/%s", s->folder.path, name);
}

/* The next piece of the part. */
static int send_piece(struct dm_stages *s, uint32_t slot, struct dm_error *err)
{
    struct dm_stage_slot *x = &s->slots[slot];
    struct dm_buf frame = {0};
    uint64_t left = x->bytes[x->stream] - x->at;
    size_t n = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
    size_t at = dm_frame_begin(&frame, DM_OUTPUT);
    bool ok = dm_put_u32(&frame, slot) && dm_put_u32(&frame, (uint32_t)x->stream) &&
              dm_put_u64(&frame, x->at) && dm_put_u32(&frame, (uint32_t)n) &&
              dm_buf_reserve(&frame, n);
    int rc = ok ? DM_OK : dm_fail_memory(err);
    if (ok && pread(x->fd, frame.p + frame.n, n, (off_t)x->at) != (ssize_t)n)
        rc = dm_fail_errno(err, DM_EIO, "cannot read a part in %s", s->folder.path);
    if (rc == DM_OK) {
        frame.n += n;
        x->at += n;
        dm_frame_end(&frame, at);
        dm_link_send(s->link, &frame);
    }
    dm_buf_finish(&frame);
    return rc;
}

/* Sends what the link has room for; behind the last part, that the split is done. */
static int go_on(struct dm_stages *s, uint32_t slot, struct dm_error *err)
{
    struct dm_stage_slot *x = &s->slots[slot];
    char path[PATH_BYTES];
    int rc = DM_OK;
    while (rc == DM_OK && x->stream < DM_STREAMS) {
        part_path(s, x, path);
        if (x->at == x->bytes[x->stream]) {
            close_file(x);
            unlink(path);
            x->stream++;
            x->at = 0;
            continue;
        }
        if (dm_link_waiting(s->link) > DM_LINK_ROOM)
            return DM_OK;
        if (x->fd < 0)
            x->fd = open(path, O_RDONLY | O_CLOEXEC);
        rc = x->fd < 0 ? dm_fail_errno(err, DM_EIO, "cannot open %s", path)
                       : send_piece(s, slot, err);
    }
    if (rc == DM_OK)
        dm_link_send(s->link, &x->done);
    return rc;
}

int dm_stage_done(struct dm_stages *s, uint32_t slot, const char *frame, size_t n,
                  struct dm_error *err)
{
    struct dm_stage_slot *x = &s->slots[slot];
    struct dm_place ends[DM_STREAMS];
    const unsigned char *p = (const unsigned char *)frame;
    struct dm_wire w = {.p = p + DM_FRAME_HEAD, .end = p + n};
    x->id = dm_get_u64(&w);
    x->attempt = dm_get_u32(&w);
    dm_get_u8(&w);
    dm_place_get(&w, ends);
    size_t at = dm_frame_begin(&x->done, DM_SLOT);
    if (w.bad || !dm_put_u32(&x->done, slot) || !dm_buf_add(&x->done, frame, n))
        return dm_fail_memory(err);
    dm_frame_end(&x->done, at);
    for (int i = 0; i < DM_STREAMS; i++)
        x->bytes[i] = ends[i].offset;
    x->stream = x->split.part ? 0 : DM_STREAMS;
    x->at = 0;
    return go_on(s, slot, err);
}

int dm_stages_go_on(struct dm_stages *s, struct dm_error *err)
{
    int rc = DM_OK;
    for (uint32_t i = 0; i < s->n && rc == DM_OK; i++)
        if (s->slots[i].done.n)
            rc = go_on(s, i, err);
    return rc;
}

void dm_stage_drop(struct dm_stages *s, uint32_t slot)
{
    struct dm_stage_slot *x = &s->slots[slot];
    char path[PATH_BYTES];
    close_file(x);
    remove_inputs(s, slot);
    x->id = x->split.id;
    x->attempt = x->split.attempt;
    for (x->stream = 0; x->stream < DM_STREAMS; x->stream++) {
        part_path(s, x, path);
        unlink(path);
    }
    dm_split_finish(&x->split);
    dm_buf_finish(&x->done);
    x->fetching = false;
}
