#include "cluster/hosts_state.h"

#include "cluster/about.h"

#include <stdio.h>
#include <sys/resource.h>

/* Further than this between two ticks, it was us who slept. */
enum { ASLEEP_MS = 2000, BEAT_MS = 1000, TELL_FIRST_MS = 2000, TELL_AGAIN_MS = 60000 };

static struct dm_far *find(struct dm_hosts *all, const char *name)
{
    unsigned run, index, attempt;
    if (sscanf(name, "dm%8x-%u-%u", &run, &index, &attempt) != 3 || index >= all->n)
        return NULL;
    struct dm_far *h = &all->far[index];
    return strcmp(h->name, name) == 0 ? h : NULL;
}

static const char *admit(void *arg, const char *name)
{
    struct dm_hosts *all = arg;
    struct dm_far *h = find(all, name);
    if (!h || h->stage != DM_FAR_ASKED)
        return "its name has been used, or another has taken its place";
    return NULL;
}

static void on_guest(void *arg, const char *name, struct dm_link *link)
{
    struct dm_far *h = find(arg, name);
    dm_far_take(h, link);
}

/* Each of them is told once, and of very many only the first: a scan of ports is no news. */
static void on_refused(void *arg, const char *from, const char *why)
{
    struct dm_hosts *all = arg;
    if (all->refused < DM_REFUSALS)
        dm_progress_say(all->c, "%s was refused: %s%s", from, why,
                        all->refused == DM_REFUSALS - 1 ? "; others are not told any more" : "");
    all->refused++;
}

static void on_event(void *arg, const struct dm_engine_event *event)
{
    struct dm_hosts *all = arg;
    struct dm_error err;
    uint32_t index = (uint32_t)event->handle;
    struct dm_far *h = index < all->n ? &all->far[index] : NULL;
    if (!h || dm_far_handle(h) != event->handle || all->closed)
        return;
    dm_far_news(h, event);
    if (event->state != DM_HOST_ENDED)
        return;
    if (event->reason == DM_END_REFUSED) {
        dm_fail(&err, DM_EUSAGE, "the engine %s can not start a worker host: %s",
                all->engine->kind->name, h->news);
        dm_run_fail(all->c, &err);
    } else if (h->stage == DM_FAR_ASKED) {
        dm_far_lose(h, h->news);
    }
}

static void beat(struct dm_far *h, uint64_t now)
{
    if (h->link->broken)
        dm_far_lose(h, "nothing can be sent to it");
    else if (now - h->link->heard_ms > h->hosts->job->silence_ms)
        dm_far_lose(h, "nothing was heard of it for too long");
    else if (now - h->link->said_ms >= BEAT_MS)
        dm_link_say(h->link, DM_BEAT, NULL);
}

static void look_after(struct dm_far *h, uint64_t now, bool overslept)
{
    if (h->link && overslept)
        h->link->heard_ms = now; /* what they said meanwhile has not been read */
    if (h->link)
        beat(h, now);
    else if (h->stage == DM_FAR_WAITING && now >= h->again_ms && !h->hosts->c->stopping)
        dm_far_ask(h);
}

static bool has_worker(const struct dm_coordinator *c)
{
    for (const struct dm_peer *peer = c->pool.peers; peer; peer = peer->next)
        if (peer->ready)
            return true;
    return false;
}

/* A run without workers waits, and says why. */
static void tell_wait(struct dm_hosts *all, uint64_t now)
{
    uint32_t away = 0;
    const char *news = "";
    if (has_worker(all->c)) {
        all->tell_ms = now + TELL_FIRST_MS;
        return;
    }
    if (now < all->tell_ms)
        return;
    for (uint32_t i = 0; i < all->n; i++) {
        if (all->far[i].stage >= DM_FAR_HERE)
            continue;
        away++;
        if (!*news)
            news = all->far[i].news;
    }
    all->tell_ms = now + TELL_AGAIN_MS;
    if (away)
        dm_progress_say(all->c, "no worker yet: %u of %u worker hosts have not come to %s%s%s",
                        away, all->n, all->door.addresses, *news ? ": " : "", news);
    else
        dm_progress_say(all->c,
                        "no worker yet: %u of %u worker hosts have come, and no worker of "
                        "theirs is ready",
                        all->n, all->n);
}

void dm_hosts_tick(struct dm_coordinator *c)
{
    struct dm_hosts *all = c->hosts;
    uint64_t now = uv_now(&c->loop);
    if (all->closed)
        return;
    if (c->quitting) {
        dm_hosts_close(c);
        return;
    }
    bool overslept = now - all->ticked_ms > ASLEEP_MS;
    all->ticked_ms = now;
    for (uint32_t i = 0; i < all->n; i++)
        look_after(&all->far[i], now, overslept);
    tell_wait(all, now);
}

int dm_engine_check(const char *name, const char *address, const char *listen, struct dm_error *err)
{
    const struct dm_engine_kind *kind = dm_engine_find(name);
    int rc = DM_OK;
    if (kind->check)
        rc = kind->check(address, err);
    else if (address[0])
        rc = dm_fail(err, DM_EUSAGE,
                     "the engine %s takes no address, as \"%s\" is\n--engine %s is all", name,
                     address, name);
    return rc || !listen ? rc : dm_door_check(listen, err);
}

static void allow_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static int open_engine(struct dm_hosts *all, const struct dm_engine_kind *kind,
                       struct dm_error *err)
{
    struct dm_job *job = all->job;
    all->config = (struct dm_engine_config){.loop = &all->c->loop,
                                            .address = job->engine_address,
                                            .options = job->engine_options,
                                            .on_event = on_event,
                                            .arg = all};
    struct dm_door_events events = {admit, on_guest, on_refused, all};
    int rc = dm_door_open(&all->door, &all->c->loop, job->listen, kind->nearby, events, err);
    return rc ? rc : kind->open(&all->config, &all->engine, err);
}

int dm_hosts_start(struct dm_coordinator *c, struct dm_error *err)
{
    const struct dm_engine_kind *kind = dm_engine_find(c->job->engine);
    struct dm_hosts *all = kind ? dm_hosts_create(c, err) : NULL;
    if (!kind)
        return dm_fail(err, DM_EUSAGE, "there is no engine \"%s\"", c->job->engine);
    if (!all)
        return err->status;
    c->hosts = all;
    allow_files();
    int rc = dm_about(&all->about) ? DM_OK : dm_fail_memory(err);
    if (rc == DM_OK)
        rc = open_engine(all, kind, err);
    all->ticked_ms = uv_now(&c->loop);
    all->tell_ms = all->ticked_ms + TELL_FIRST_MS;
    for (uint32_t i = 0; i < all->n && rc == DM_OK && !c->quitting; i++)
        dm_far_ask(&all->far[i]);
    return rc;
}

void dm_hosts_close(struct dm_coordinator *c)
{
    struct dm_hosts *all = c->hosts;
    if (all->closed)
        return;
    all->closed = true;
    dm_door_close(&all->door);
    for (uint32_t i = 0; i < all->n; i++) {
        if (all->far[i].link)
            dm_link_say(all->far[i].link, DM_END, NULL);
        dm_far_let_go(&all->far[i], true);
    }
    if (all->engine)
        all->engine->kind->close(all->engine);
}

const struct dm_elsewhere dm_elsewhere = {.start = dm_hosts_start,
                                          .tick = dm_hosts_tick,
                                          .replace = dm_hosts_replace,
                                          .close = dm_hosts_close,
                                          .free = dm_hosts_free};
