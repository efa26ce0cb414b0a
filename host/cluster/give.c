#include "cluster/give.h"

#include "cluster/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024 };

struct dm_giving {
    uv_work_t work;
    struct dm_far *far; /* NULL: nobody wants it any more */
    uint32_t index;
    char *path;
    bool busy; /* the thread is at work, and has what follows */
    bool last;
    int fd;
    uint64_t offset, hash;
    XXH3_state_t *state;
    struct dm_buf frame;
    int rc;
    struct dm_error err;
};

static void destroy(struct dm_giving *g)
{
    if (g->far)
        g->far->giving = NULL;
    if (g->fd >= 0)
        close(g->fd);
    XXH3_freeState(g->state);
    dm_buf_finish(&g->frame);
    free(g->path);
    free(g);
}

static int read_piece(struct dm_giving *g, size_t *n)
{
    ssize_t k;
    if (g->fd < 0)
        g->fd = open(g->path, O_RDONLY | O_CLOEXEC);
    do
        k = g->fd < 0 ? -1 : read(g->fd, g->frame.p + g->frame.n, CHUNK_BYTES);
    while (g->fd >= 0 && k < 0 && errno == EINTR);
    if (k < 0)
        return dm_fail_errno(&g->err, DM_EIO, "cannot read %s", g->path);
    *n = (size_t)k;
    g->last = k == 0;
    XXH3_64bits_update(g->state, g->frame.p + g->frame.n, *n);
    if (g->last && XXH3_64bits_digest(g->state) != g->hash)
        return dm_fail(&g->err, DM_EUSAGE,
                       "%s has changed since the run began\nstart again with --force", g->path);
    return DM_OK;
}

/* Makes the frame of the next piece. */
static void in_thread(uv_work_t *work)
{
    struct dm_giving *g = work->data;
    size_t n = 0, at = dm_frame_begin(&g->frame, DM_GIFT);
    bool ok = dm_put_u32(&g->frame, g->index) && dm_put_u64(&g->frame, g->offset) &&
              dm_put_u32(&g->frame, 0) && dm_buf_reserve(&g->frame, CHUNK_BYTES);
    g->rc = ok ? read_piece(g, &n) : dm_fail_memory(&g->err);
    if (g->rc)
        return;
    for (size_t i = 0; i < 4; i++)
        g->frame.p[g->frame.n - 4 + i] = (char)(n >> 8 * i);
    g->frame.n += n;
    g->offset += n;
    dm_frame_end(&g->frame, at);
}

static void go_on(struct dm_giving *g);

static void on_piece(uv_work_t *work, int status)
{
    struct dm_giving *g = work->data;
    struct dm_far *h = g->far;
    (void)status;
    g->busy = false;
    if (h && g->rc)
        dm_run_fail(h->hosts->c, &g->err);
    if (!h || g->rc) {
        destroy(g);
        return;
    }
    if (!g->last) {
        dm_link_send(h->link, &g->frame);
        go_on(g);
        return;
    }
    dm_link_say_number(h->link, DM_GIVEN, g->index);
    destroy(g);
}

static void go_on(struct dm_giving *g)
{
    if (g->busy || dm_link_waiting(g->far->link) > DM_LINK_ROOM)
        return;
    g->busy = true;
    g->work.data = g;
    uv_queue_work(&g->far->hosts->c->loop, &g->work, in_thread, on_piece);
}

bool dm_give_begin(struct dm_far *h, struct dm_wire *w)
{
    size_t n;
    uint64_t hash;
    uint32_t index = dm_get_u32(w);
    const char *list = h->hosts->job->settings.files;
    const char *path = list && !w->bad ? dm_files_line(list, index, &n, &hash) : NULL;
    if (!path || h->giving)
        return false;
    struct dm_giving *g = calloc(1, sizeof *g);
    if (!g) {
        h->link->broken = true;
        return true;
    }
    g->far = h;
    g->index = index;
    g->hash = hash;
    g->fd = -1;
    g->path = strndup(path, n);
    g->state = XXH3_createState();
    if (!g->path || !g->state) {
        h->link->broken = true;
        destroy(g);
        return true;
    }
    XXH3_64bits_reset(g->state);
    h->giving = g;
    go_on(g);
    return true;
}

void dm_give_go_on(struct dm_far *h)
{
    if (h->giving && h->link)
        go_on(h->giving);
}

void dm_give_cancel(struct dm_far *h)
{
    struct dm_giving *g = h->giving;
    h->giving = NULL;
    if (!g)
        return;
    g->far = NULL;
    if (!g->busy)
        destroy(g);
}
