#include "run/state.h"

#include <stdlib.h>
#include <sys/resource.h>

/* Splits planned and not committed, at the most: what bounds memory, and disk for outputs that
 * wait. A worker here may hold all of them, each with a file for every stream; some more are open
 * anyway. Splits of small files have many ranges, so that fewer are planned. */
enum {
    WINDOW = 1024,
    WINDOW_RANGES = 64 * 1024,
    WINDOW_PER_WORKER = 4,
    LEAST_WINDOW = 8,
    OTHER_FILES = 64
};

/* Rows that a slow reader of standard output may leave on disk. */
enum { UNREAD_BYTES = 64 * 1024 * 1024 };

static bool settled(const struct dm_item *item)
{
    return item->state == DM_WRITTEN_OUT;
}

void dm_place_after(const struct dm_coordinator *c, const struct dm_place end[DM_STREAMS],
                    const struct dm_item *item, struct dm_place at[DM_STREAMS])
{
    memcpy(at, end, sizeof c->frontier.at);
    if (c->job->kind == DM_TO_EACH && at[DM_ROWS].shard != item->split.file_number)
        at[DM_ROWS] = (struct dm_place){.shard = item->split.file_number};
}

static void place(const struct dm_coordinator *c, struct dm_item *item)
{
    dm_place_after(c, item->prev ? item->prev->end : c->frontier.at, item, item->split.at);
}

static void send_grant(struct dm_item *item)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, DM_GRANT);
    if (dm_put_u64(&frame, item->split.id) && dm_put_u32(&frame, item->split.attempt) &&
        dm_place_put(&frame, item->split.at)) {
        dm_frame_end(&frame, at);
        item->granted = true;
        dm_pool_send(item->peer, &frame);
    }
    dm_buf_finish(&frame);
}

/* The first item whose output is not in place gets its place. */
static void grant_next(struct dm_coordinator *c)
{
    struct dm_item *item = c->items.open;
    bool has_worker = item && (item->state == DM_HELD || item->state == DM_RUNNING);
    if (!has_worker || item->granted || item->probing)
        return;
    if (!item->split.part) {
        place(c, item);
        send_grant(item);
    } else if (item->state == DM_HELD) {
        dm_parts_join(c, item);
    }
}

/* Whether it waits for work, on a worker host that is not kept free. */
static bool may_run(const struct dm_coordinator *c, const struct dm_peer *peer)
{
    return peer->idle && !peer->killed && (!c->quiet || peer->far != c->quiet);
}

static struct dm_peer *next_idle(const struct dm_coordinator *c)
{
    struct dm_peer *peer = c->idle;
    while (peer && !may_run(c, peer))
        peer = peer->idle_next;
    return peer;
}

/* Who may run a split that is to be alone on its worker host; that is kept free from now on, and
 * NULL until others have ended there. */
static struct dm_peer *worker_alone(struct dm_coordinator *c)
{
    struct dm_peer *found = next_idle(c);
    if (!c->quiet && found)
        c->quiet = found->far;
    found = NULL;
    for (struct dm_peer *peer = c->quiet ? c->pool.peers : NULL; peer; peer = peer->next) {
        if (peer->far != c->quiet)
            continue;
        if (peer->job)
            return NULL;
        found = peer->idle && !peer->killed ? peer : found;
    }
    return found;
}

static void end_quiet(struct dm_coordinator *c, const struct dm_item *item)
{
    if (item && item->split.told)
        c->quiet = NULL;
}

/* Who may run a split that waits: the worker whose decompressor stands there, which is ahead of
 * anyone else's; else the one that has waited for work. NULL: nobody now. */
static struct dm_peer *worker_for(struct dm_coordinator *c, const struct dm_item *item)
{
    if (c->job->limit_rows && item->prev && !settled(item->prev))
        return NULL; /* how many rows that holds decides how many follow */
    if (item->split.told)
        return worker_alone(c);
    if (item->home)
        return may_run(c, item->home) ? item->home : NULL;
    return next_idle(c);
}

static uint64_t rows_so_far(const struct dm_coordinator *c)
{
    uint64_t n = c->frontier.counts.rows;
    for (struct dm_item *item = c->items.first; item; item = item->next)
        n += item->counts.rows;
    return n;
}

static size_t window(const struct dm_coordinator *c)
{
    struct rlimit files;
    size_t wanted = c->job->workers * WINDOW_PER_WORKER;
    if (wanted < WINDOW)
        wanted = WINDOW;
    if (c->hosts || getrlimit(RLIMIT_NOFILE, &files) ||
        files.rlim_max >= wanted * DM_STREAMS + OTHER_FILES)
        return wanted;
    if (files.rlim_max < LEAST_WINDOW * DM_STREAMS + OTHER_FILES)
        return LEAST_WINDOW;
    return (files.rlim_max - OTHER_FILES) / DM_STREAMS;
}

static size_t window_ranges(const struct dm_coordinator *c)
{
    size_t wanted = c->job->workers * WINDOW_PER_WORKER * DM_MAX_RANGES;
    return wanted > WINDOW_RANGES ? wanted : WINDOW_RANGES;
}

static bool limit_reached(const struct dm_coordinator *c)
{
    return c->job->limit_rows && rows_so_far(c) >= c->job->limit_rows;
}

static bool may_plan(struct dm_coordinator *c)
{
    bool behind = c->job->kind == DM_TO_STDOUT &&
                  c->frontier.at[DM_ROWS].offset - c->pump.written > UNREAD_BYTES;
    if (!c->window)
        c->window = window(c);
    if (c->plan_ended || c->stopping || c->items.n >= c->window ||
        c->items.ranges >= window_ranges(c) || behind)
        return false;
    if (!c->job->limit_rows)
        return true;
    if (c->items.open)
        return false;
    c->plan_ended = limit_reached(c);
    return !c->plan_ended;
}

/* The next split, from the plan of files or from standard input; as dm_plan_next. */
static int next_split(struct dm_coordinator *c, struct dm_item *item, struct dm_error *err)
{
    if (!c->from_stdin)
        return dm_plan_next(&c->plan, &item->split, &item->after, err);
    int rc = dm_spool_take(&c->spool, &item->split, err);
    c->plan_ended = rc == 0 && c->spool.ended && !c->spool.reading;
    return rc;
}

static struct dm_item *plan_item(struct dm_coordinator *c)
{
    static uint64_t last_id;
    struct dm_error err;
    struct dm_item *item = dm_item_create((uint32_t)c->job->settings.nops);
    int rc = item ? next_split(c, item, &err) : dm_fail_memory(&err);
    if (rc == DM_PLAN_END && !c->from_stdin)
        c->plan_ended = true;
    if (rc < 0)
        dm_run_fail(c, &err);
    if (rc <= 0) {
        dm_item_destroy(item);
        return NULL;
    }
    item->split.id = ++last_id;
    item->stream = rc == DM_PLAN_STREAM;
    dm_items_insert(&c->items, item, NULL);
    return item;
}

static void continue_stream(struct dm_coordinator *c, struct dm_item *item, struct dm_peer *home)
{
    struct dm_error err;
    struct dm_item *next = dm_item_create((uint32_t)c->job->settings.nops);
    int rc = next ? dm_plan_continue(&c->plan, item->after, &next->split, &next->after, &err)
                  : dm_fail_memory(&err);
    if (rc) {
        dm_item_destroy(next);
        dm_run_fail(c, &err);
        return;
    }
    next->split.id = item->split.id + (UINT64_C(1) << 32);
    next->stream = true;
    next->home = home;
    dm_items_insert(&c->items, next, item);
    dm_items_wait(&c->items, next, false);
}

static bool send_split(struct dm_peer *peer, const struct dm_split *s)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, DM_ASSIGN);
    bool ok = dm_split_put(&frame, s);
    if (ok) {
        dm_frame_end(&frame, at);
        dm_pool_send(peer, &frame);
    }
    dm_buf_finish(&frame);
    return ok;
}

/* The suspect row alone, as a split of its own whose results are thrown away. */
static bool send_probe(struct dm_peer *peer, const struct dm_item *item)
{
    struct dm_range range = item->split.ranges[item->suspect_range];
    struct dm_split probe = {.id = item->split.id,
                             .attempt = item->split.attempt,
                             .probe = true,
                             .told = item->split.told,
                             .whole = item->stream,
                             .ranges = &range,
                             .nranges = 1};
    range.start = item->suspect;
    range.end = item->suspect + 1;
    return send_split(peer, &probe);
}

void dm_schedule_idle(struct dm_coordinator *c, struct dm_peer *peer)
{
    if (peer->idle)
        return;
    peer->idle = true;
    peer->idle_prev = NULL;
    peer->idle_next = c->idle;
    if (c->idle)
        c->idle->idle_prev = peer;
    c->idle = peer;
}

static void not_idle(struct dm_coordinator *c, struct dm_peer *peer)
{
    if (!peer->idle)
        return;
    peer->idle = false;
    *(peer->idle_prev ? &peer->idle_prev->idle_next : &c->idle) = peer->idle_next;
    if (peer->idle_next)
        peer->idle_next->idle_prev = peer->idle_prev;
}

void dm_schedule_gone(struct dm_coordinator *c, struct dm_peer *peer)
{
    not_idle(c, peer);
    end_quiet(c, peer->job);
    if (peer->killed == DM_KILL_HOST && peer->far == c->quiet)
        c->quiet = NULL;
    for (struct dm_item *item = c->items.waiting; item; item = item->queue_next)
        if (item->home == peer)
            item->home = NULL;
}

static bool send_to(struct dm_coordinator *c, struct dm_item *item, struct dm_peer *peer)
{
    struct dm_split *s = &item->split;
    s->attempt++;
    item->probing = item->probe_next;
    item->probe_next = false;
    item->state = DM_RUNNING;
    item->peer = peer;
    item->home = NULL; /* should it be lost, anyone's decompressor has as far to go */
    peer->job = item;
    atomic_store(&peer->far_board.row, DM_NO_ROW);
    if (item->probing)
        return send_probe(peer, item);
    s->part = peer->far != NULL;
    s->whole = item->stream;
    s->granted = !s->part && (!item->prev || settled(item->prev));
    item->granted = s->granted;
    if (s->granted)
        place(c, item);
    s->codec = dm_commit_codec(&c->commit, s->file_number);
    s->max_rows = c->job->limit_rows ? c->job->limit_rows - rows_so_far(c) : 0;
    return send_split(peer, s);
}

static void hand_out(struct dm_coordinator *c, struct dm_item *item, struct dm_peer *peer)
{
    struct dm_error err;
    not_idle(c, peer);
    if (send_to(c, item, peer))
        return;
    dm_fail_memory(&err);
    dm_run_fail(c, &err);
}

void dm_schedule(struct dm_coordinator *c)
{
    grant_next(c);
    struct dm_item *next;
    for (struct dm_item *item = c->stopping ? NULL : c->items.waiting; item; item = next) {
        next = item->queue_next;
        struct dm_peer *peer = worker_for(c, item);
        if (!peer)
            continue;
        dm_items_take(&c->items, item);
        hand_out(c, item, peer);
    }
    struct dm_peer *peer;
    while ((peer = next_idle(c)) && may_plan(c)) {
        struct dm_item *item = plan_item(c);
        if (!item)
            break;
        hand_out(c, item, peer);
    }
}

void dm_schedule_done(struct dm_coordinator *c, struct dm_peer *peer, struct dm_wire *frame)
{
    struct dm_item *item = peer->job;
    uint64_t id = dm_get_u64(frame);
    uint32_t attempt = dm_get_u32(frame);
    bool ended = dm_get_u8(frame);
    struct dm_place ends[DM_STREAMS];
    dm_place_get(frame, ends);
    if (!item || item->split.id != id || item->split.attempt != attempt)
        return;
    peer->job = NULL;
    end_quiet(c, item);
    dm_schedule_idle(c, peer);
    if (item->probing) { /* alone, the row did no harm */
        item->probing = false;
        item->acquitted = true;
        item->peer = NULL;
        dm_items_wait(&c->items, item, true);
        return;
    }
    dm_counts_get(frame, &item->counts);
    item->state = DM_HELD;
    for (int i = 0; i < DM_STREAMS; i++)
        item->part_bytes[i] = ends[i].offset;
    if (item->split.part)
        item->peer = NULL;
    if (!item->stream)
        return;
    item->last_of_stream = ended;
    if (ended)
        item->after =
            (struct dm_point){(uint64_t)item->split.file_number + 1, 0, item->after.planned};
    else if (!limit_reached(c) &&
             (!item->next || item->next->split.file_number != item->split.file_number))
        continue_stream(c, item, peer);
}

void dm_schedule_given_up(struct dm_coordinator *c, struct dm_peer *peer)
{
    struct dm_item *item = peer->job;
    peer->job = NULL;
    if (!item)
        return;
    end_quiet(c, item);
    item->probing = item->granted = false;
    item->peer = NULL;
    dm_items_wait(&c->items, item, true);
}

void dm_schedule_settle(struct dm_coordinator *c, struct dm_item *item)
{
    dm_items_settle(&c->items, item);
    item->peer = NULL;
    c->uncommitted += item->counts.out_bytes;
    c->losses = 0;
}

void dm_schedule_written(struct dm_coordinator *c, struct dm_wire *frame)
{
    uint64_t id = dm_get_u64(frame);
    uint32_t attempt = dm_get_u32(frame);
    struct dm_item *item = c->items.open;
    while (item && (item->split.id != id || item->split.attempt != attempt))
        item = item->next;
    if (!item || item->state != DM_HELD)
        return;
    dm_place_get(frame, item->end);
    dm_schedule_settle(c, item);
}
