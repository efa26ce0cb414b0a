/* A fleet of worker hosts that do no work: what a coordinator can hold, with the real protocol.
 *   fleet DMHOST SLOTS WORK_MS <LINES
 * Each line is what `dmhost run --engine manual` prints for a worker host; each of its workers says
 * of each split, after WORK_MS, that nothing came of it. Ends when the coordinator does. */
#include "cluster/about.h"
#include "cluster/dial.h"
#include "cluster/orders.h"
#include "run/counts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* How many of them come at once: they are one process, and not machines of their own. */
enum { DIALING = 200 };

struct fleet {
    uv_loop_t loop;
    uv_timer_t beat;
    struct dm_buf about;
    uint64_t work_ms, done;
    uint32_t slots, n, started, left;
    struct host *hosts;
};

struct host {
    struct fleet *fleet;
    struct dm_dial dial;
    struct dm_link *link;
    uint32_t nops;
    char connect[600], name[DM_NAME_BYTES];
    struct worker {
        struct host *host;
        uv_timer_t timer;
        uint64_t split;
        uint32_t attempt, slot;
    } * workers;
};

static void *must(void *p)
{
    if (!p)
        exit(1);
    return p;
}

/* A frame of a worker, in one of its worker host. */
static void send_slot(struct host *h, uint32_t slot, struct dm_buf *inner)
{
    struct dm_buf out = {0};
    size_t at = dm_frame_begin(&out, DM_SLOT);
    dm_put_u32(&out, slot);
    dm_buf_add(&out, inner->p, inner->n);
    dm_frame_end(&out, at);
    if (h->link)
        dm_link_send(h->link, &out);
    dm_buf_finish(&out);
    dm_buf_finish(inner);
}

static void send_hello(struct host *h, uint32_t slot)
{
    struct dm_buf inner = {0};
    size_t at = dm_frame_begin(&inner, DM_HELLO);
    dm_put_u32(&inner, (uint32_t)dm_abi());
    dm_frame_end(&inner, at);
    send_slot(h, slot, &inner);
}

static void on_work_done(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    struct dm_counts counts;
    struct dm_buf inner = {0};
    struct dm_place ends[DM_STREAMS] = {{0}};
    size_t at = dm_frame_begin(&inner, DM_DONE);
    must(dm_counts_init(&counts, w->host->nops) ? w : NULL);
    counts.rows = 1;
    dm_put_u64(&inner, w->split);
    dm_put_u32(&inner, w->attempt);
    dm_put_u8(&inner, 0);
    dm_place_put(&inner, ends);
    dm_counts_put(&inner, &counts);
    dm_frame_end(&inner, at);
    dm_counts_finish(&counts);
    send_slot(w->host, w->slot, &inner);
    w->host->fleet->done++;
}

static void on_slot(struct host *h, struct dm_wire *w)
{
    struct dm_split split;
    uint32_t slot = dm_get_u32(w);
    enum dm_message type = (enum dm_message)w->p[4];
    struct worker *worker = &h->workers[slot];
    w->p += DM_FRAME_HEAD;
    if (type != DM_ASSIGN || dm_split_get(w, &split, NULL))
        return;
    worker->split = split.id;
    worker->attempt = split.attempt;
    dm_split_finish(&split);
    uv_timer_start(&worker->timer, on_work_done, h->fleet->work_ms, 0);
}

static void on_closed(struct dm_link *link)
{
    free(link);
}

static void leave(struct host *h)
{
    if (!h->link)
        return;
    dm_link_close(h->link, false, on_closed);
    h->link = NULL;
    for (uint32_t i = 0; i < h->fleet->slots; i++)
        uv_close((uv_handle_t *)&h->workers[i].timer, NULL);
    if (--h->fleet->left == 0)
        uv_close((uv_handle_t *)&h->fleet->beat, NULL);
}

static void on_frame(struct dm_link *link, enum dm_message type, struct dm_wire *w)
{
    struct host *h = link->owner;
    struct dm_orders orders;
    if (type == DM_BEGIN && dm_orders_get(w, &orders, NULL) == DM_OK) {
        h->nops = (uint32_t)orders.settings.nops;
        dm_orders_finish(&orders);
        dm_link_say(link, DM_READY, NULL);
    } else if (type == DM_LAUNCH) {
        send_hello(h, dm_get_u32(w));
    } else if (type == DM_SLOT) {
        on_slot(h, w);
    } else if (type == DM_END || type == DM_REFUSE) {
        leave(h);
    }
}

static void on_end(struct dm_link *link, const char *why)
{
    (void)why;
    leave(link->owner);
}

static const struct dm_link_events events = {on_frame, on_end, NULL};

static void start_host(struct host *h);

static void start_next(struct fleet *f)
{
    if (f->started < f->n)
        start_host(&f->hosts[f->started++]);
}

static void on_in(void *arg, struct dm_link *link)
{
    struct host *h = arg;
    h->link = link;
    link->events = &events;
    link->owner = h;
    dm_link_say(link, DM_ABOUT, h->fleet->about.p);
    start_next(h->fleet);
}

static void on_failed(void *arg, const char *why)
{
    struct host *h = arg;
    fprintf(stderr, "fleet: %s: %s\n", h->name, why);
    exit(1);
}

static void on_beat(uv_timer_t *timer)
{
    struct fleet *f = timer->data;
    for (uint32_t i = 0; i < f->n; i++)
        if (f->hosts[i].link && uv_now(&f->loop) - f->hosts[i].link->said_ms > 900)
            dm_link_say(f->hosts[i].link, DM_BEAT, NULL);
}

/* What dm_about says of the dmhost at that path, whose libraries are ours. */
static void make_about(struct fleet *f, const char *dmhost)
{
    struct dm_buf ours = {0};
    dm_about(&ours);
    dm_buf_printf(&f->about, "dmhost %016llx%s", (unsigned long long)dm_file_hash(dmhost),
                  strchr(must(ours.p), '\n'));
    dm_buf_putc(&f->about, 0);
    dm_buf_finish(&ours);
}

static void add_host(struct fleet *f, const char *line)
{
    char token[2 * DM_KEY_BYTES + 1];
    f->hosts = must(realloc(f->hosts, (f->n + 1) * sizeof *f->hosts));
    struct host *h = &f->hosts[f->n];
    *h = (struct host){.fleet = f};
    if (sscanf(line, " DM_CONNECT=%599s DM_NAME=%63s DM_TOKEN=%64s", h->connect, h->name, token) ==
            3 &&
        dm_key_parse(token, &h->dial.token))
        f->n++;
}

static void start_host(struct host *h)
{
    struct fleet *f = h->fleet;
    h->dial.loop = &f->loop;
    h->dial.addresses = h->connect;
    h->dial.name = h->name;
    h->dial.on_in = on_in;
    h->dial.on_failed = on_failed;
    h->dial.arg = h;
    h->workers = must(calloc(f->slots, sizeof *h->workers));
    for (uint32_t i = 0; i < f->slots; i++) {
        h->workers[i].host = h;
        h->workers[i].slot = i;
        h->workers[i].timer.data = &h->workers[i];
        uv_timer_init(&f->loop, &h->workers[i].timer);
    }
    dm_dial_start(&h->dial);
}

int main(int argc, char **argv)
{
    static struct fleet f;
    char line[1024];
    struct rlimit files;
    if (argc < 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    f.slots = (uint32_t)strtoul(argv[2], NULL, 10);
    f.work_ms = strtoul(argv[3], NULL, 10);
    make_about(&f, argv[1]);
    uv_loop_init(&f.loop);
    uv_timer_init(&f.loop, &f.beat);
    f.beat.data = &f;
    uv_timer_start(&f.beat, on_beat, 200, 200);
    while (fgets(line, sizeof line, stdin))
        add_host(&f, line);
    f.left = f.n;
    for (int i = 0; i < DIALING; i++)
        start_next(&f);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    printf("%llu\n", (unsigned long long)f.done);
    return 0;
}
