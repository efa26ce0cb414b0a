#include "cluster/serve.h"

#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024, MARK_BYTES = 3 };

struct dm_serving {
    uv_work_t work;
    struct dm_far *far; /* NULL: nobody wants it any more */
    uint32_t slot;
    struct dm_item *item;
    uint32_t range;
    bool busy; /* the thread is at work */
    /* of the range at hand; the thread's while it is busy */
    struct dm_range r;
    bool whole, last; /* all of the file; the range is at its end */
    uint64_t documents, row_bytes;
    int fd;
    uint64_t at;
    struct dm_buf document; /* a file that is a row: that row */
    struct dm_buf frame;
    int rc;
    struct dm_error err;
};

/* ---- in the thread ---- */

static int fail_changed(struct dm_serving *s)
{
    return dm_fail(&s->err, DM_EIO, "%s has changed since the run began\nstart again with --force",
                   s->r.path);
}

static int open_range(struct dm_serving *s)
{
    struct stat st;
    s->fd = open(s->r.path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st))
        return dm_fail_errno(&s->err, DM_EIO, "cannot read %s", s->r.path);
    if ((uint64_t)st.st_size != s->r.size || dm_mtime_ns(&st) != s->r.mtime)
        return fail_changed(s);
    bool from_start = s->whole || s->r.start <= MARK_BYTES;
    s->at = from_start ? 0 : s->r.start - 1;
    return DM_OK;
}

/* The row that a file is, behind a line that says why there is none, or nothing. */
static int make_document(struct dm_serving *s)
{
    struct dm_buf row = {0};
    struct dm_error why = {0};
    struct stat st = {0};
    if (stat(s->r.path, &st))
        st = (struct stat){0};
    if ((uint64_t)st.st_size != s->r.size || dm_mtime_ns(&st) != s->r.mtime)
        return fail_changed(s);
    int rc = dm_document_read(s->r.path, s->documents == DM_FILE_AS_TEXT, s->row_bytes, &row, &why);
    bool ok = rc != DM_EMEMORY && dm_buf_printf(&s->document, "%s\n", rc ? why.text : "") &&
              dm_buf_add(&s->document, row.p, row.n);
    dm_buf_finish(&row);
    s->at = 0;
    return ok ? DM_OK : dm_fail_memory(&s->err);
}

/* How much of the n bytes at `at` belongs to the range: up to the end of the row that begins last
 * in it. A row that is too long is cut, and will be refused as that. */
static size_t until_end(struct dm_serving *s, const char *p, size_t n)
{
    uint64_t end = s->r.end;
    if (s->whole || s->at + n < end)
        return n;
    size_t from = end > s->at + 1 ? (size_t)(end - s->at - 1) : 0;
    const char *newline = memchr(p + from, '\n', n - from);
    if (newline)
        n = (size_t)(newline - p) + 1;
    s->last = newline || s->at + n > end + 2 * s->row_bytes + CHUNK_BYTES;
    return n;
}

static int fill(struct dm_serving *s, char *to, size_t *n)
{
    if (s->documents) {
        size_t left = s->document.n - (size_t)s->at;
        *n = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        memcpy(to, s->document.p + s->at, *n);
        s->last = *n == left;
        return DM_OK;
    }
    ssize_t k;
    do
        k = pread(s->fd, to, CHUNK_BYTES, (off_t)s->at);
    while (k < 0 && errno == EINTR);
    if (k < 0)
        return dm_fail_errno(&s->err, DM_EIO, "cannot read %s", s->r.path);
    *n = (size_t)k;
    s->last = k == 0;
    if (k > 0)
        *n = until_end(s, to, *n);
    return DM_OK;
}

/* Makes the frame of the next piece. */
static void in_thread(uv_work_t *work)
{
    struct dm_serving *s = work->data;
    size_t n = 0;
    s->rc = DM_OK;
    if (s->fd < 0 && !s->document.n)
        s->rc = s->documents ? make_document(s) : open_range(s);
    if (s->rc)
        return;
    size_t at = dm_frame_begin(&s->frame, DM_PIECE);
    bool ok = dm_put_u32(&s->frame, s->slot) && dm_put_u32(&s->frame, s->range) &&
              dm_put_u64(&s->frame, s->at) && dm_put_u32(&s->frame, 0) &&
              dm_buf_reserve(&s->frame, CHUNK_BYTES);
    s->rc = ok ? fill(s, s->frame.p + s->frame.n, &n) : dm_fail_memory(&s->err);
    for (size_t i = 0; i < 4 && s->rc == DM_OK; i++)
        s->frame.p[s->frame.n - 4 + i] = (char)(n >> 8 * i);
    s->frame.n += n;
    s->at += n;
    dm_frame_end(&s->frame, at);
}

/* ---- on the loop ---- */

static void end_range(struct dm_serving *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    free(s->r.path);
    s->r = (struct dm_range){0};
    dm_buf_finish(&s->document);
    s->last = false;
}

static void destroy(struct dm_serving *s)
{
    if (s->far)
        s->far->serving[s->slot] = NULL;
    end_range(s);
    dm_buf_finish(&s->frame);
    free(s);
}

static void go_on(struct dm_serving *s);

static void on_piece(uv_work_t *work, int status)
{
    struct dm_serving *s = work->data;
    struct dm_far *h = s->far;
    (void)status;
    s->busy = false;
    if (!h) {
        destroy(s);
        return;
    }
    if (s->rc) {
        dm_run_fail(h->hosts->c, &s->err);
        destroy(s);
        return;
    }
    dm_link_send(h->link, &s->frame);
    if (s->last) {
        end_range(s);
        s->range++;
    }
    go_on(s);
}

/* What the thread needs to know of the next range; its path is copied, since the split may go. */
static bool begin_range(struct dm_serving *s)
{
    const struct dm_settings *settings = &s->far->hosts->job->settings;
    const struct dm_item *item = s->item;
    s->r = item->split.ranges[item->probing ? item->suspect_range : s->range];
    if (item->probing) {
        s->r.start = item->suspect;
        s->r.end = item->suspect + 1;
    }
    s->r.path = strdup(s->r.path);
    s->whole = item->stream;
    s->documents = settings->documents;
    s->row_bytes = settings->row_bytes;
    return s->r.path != NULL;
}

static void go_on(struct dm_serving *s)
{
    struct dm_far *h = s->far;
    uint32_t ranges = s->item->probing ? 1 : s->item->split.nranges;
    if (s->busy || dm_link_waiting(h->link) > DM_LINK_ROOM)
        return;
    if (s->range >= ranges) {
        dm_link_say_number(h->link, DM_FETCHED, s->slot);
        destroy(s);
        return;
    }
    if (!s->r.path && !begin_range(s)) {
        h->link->broken = true;
        destroy(s);
        return;
    }
    s->busy = true;
    s->work.data = s;
    uv_queue_work(&h->hosts->c->loop, &s->work, in_thread, on_piece);
}

void dm_serve_begin(struct dm_far *h, uint32_t slot)
{
    struct dm_peer *peer = h->workers[slot];
    if (!peer || !peer->job || h->serving[slot])
        return;
    struct dm_serving *s = calloc(1, sizeof *s);
    if (!s) {
        h->link->broken = true;
        return;
    }
    s->far = h;
    s->slot = slot;
    s->item = peer->job;
    s->fd = -1;
    h->serving[slot] = s;
    go_on(s);
}

void dm_serve_go_on(struct dm_far *h)
{
    for (uint32_t i = 0; i < h->hosts->job->slots; i++)
        if (h->serving[i] && h->link && !h->serving[i]->busy)
            go_on(h->serving[i]);
}

void dm_serve_cancel(struct dm_far *h, uint32_t slot)
{
    struct dm_serving *s = h->serving[slot];
    h->serving[slot] = NULL;
    if (!s)
        return;
    s->far = NULL;
    if (!s->busy)
        destroy(s);
}

void dm_serve_output(struct dm_far *h, struct dm_wire *w)
{
    struct dm_error err;
    size_t n;
    uint32_t slot = dm_get_u32(w), stream = dm_get_u32(w);
    uint64_t offset = dm_get_u64(w);
    const char *p = dm_get_bytes(w, &n);
    struct dm_peer *peer = slot < h->hosts->job->slots ? h->workers[slot] : NULL;
    struct dm_item *item = peer ? peer->job : NULL;
    if (w->bad || !item || stream >= DM_STREAMS)
        dm_far_lose(h, "it sent what is no message");
    else if (dm_parts_write(h->hosts->c, item, (int)stream, offset, p, n, &err))
        dm_run_fail(h->hosts->c, &err);
}
