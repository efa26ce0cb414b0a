#include "run/state.h"

#include <stdlib.h>
#include <sys/resource.h>

/* Splits planned and not committed, at the most: what bounds memory, and disk for outputs that
 * wait. One worker may hold all of them, each with a file for every stream; some more are open
 * anyway. */
enum { WINDOW = 1024, LEAST_WINDOW = 8, OTHER_FILES = 64 };

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
    struct dm_item *item = c->items.first;
    while (item && settled(item))
        item = item->next;
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

static bool fits(const struct dm_coordinator *c, const struct dm_item *item,
                 const struct dm_peer *peer)
{
    if (item->state != DM_WAITING)
        return false;
    if (!item->home || item->home == peer)
        return true;
    for (struct dm_peer *p = c->pool.peers; p; p = p->next)
        if (p == item->home)
            return false; /* its decompressor is ahead of anyone else's */
    return true;
}

static struct dm_item *waiting_for(const struct dm_coordinator *c, const struct dm_peer *peer)
{
    for (struct dm_item *item = c->items.first; item; item = item->next) {
        if (fits(c, item, peer))
            return item;
        if (c->job->limit_rows && !settled(item))
            return NULL; /* how many rows it holds decides how many follow */
    }
    return NULL;
}

static uint64_t rows_so_far(const struct dm_coordinator *c)
{
    uint64_t n = c->frontier.counts.rows;
    for (struct dm_item *item = c->items.first; item; item = item->next)
        n += item->counts.rows;
    return n;
}

static size_t window(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_max >= WINDOW * DM_STREAMS + OTHER_FILES)
        return WINDOW;
    if (files.rlim_max < LEAST_WINDOW * DM_STREAMS + OTHER_FILES)
        return LEAST_WINDOW;
    return (files.rlim_max - OTHER_FILES) / DM_STREAMS;
}

static bool limit_reached(const struct dm_coordinator *c)
{
    return c->job->limit_rows && rows_so_far(c) >= c->job->limit_rows;
}

static bool may_plan(struct dm_coordinator *c)
{
    bool behind = c->job->kind == DM_TO_STDOUT &&
                  c->frontier.at[DM_ROWS].offset - c->pump.written > UNREAD_BYTES;
    if (c->plan_ended || c->stopping || c->items.n >= window() || behind)
        return false;
    if (!c->job->limit_rows)
        return true;
    for (struct dm_item *item = c->items.first; item; item = item->next)
        if (!settled(item))
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
                             .ranges = &range,
                             .nranges = 1};
    range.start = item->suspect;
    range.end = item->suspect + 1;
    return send_split(peer, &probe);
}

static bool hand_out(struct dm_coordinator *c, struct dm_item *item, struct dm_peer *peer)
{
    struct dm_split *s = &item->split;
    s->attempt++;
    item->probing = item->probe_next;
    item->probe_next = false;
    item->state = DM_RUNNING;
    item->peer = peer;
    peer->job = item;
    if (item->probing)
        return send_probe(peer, item);
    s->part = peer->far != NULL;
    s->granted = !s->part && (!item->prev || settled(item->prev));
    item->granted = s->granted;
    if (s->granted)
        place(c, item);
    s->codec = dm_commit_codec(&c->commit, s->file_number);
    s->max_rows = c->job->limit_rows ? c->job->limit_rows - rows_so_far(c) : 0;
    return send_split(peer, s);
}

void dm_schedule(struct dm_coordinator *c)
{
    grant_next(c);
    for (struct dm_peer *peer = c->pool.peers; peer; peer = peer->next) {
        if (!peer->ready || peer->job || peer->killed)
            continue;
        struct dm_item *item = c->stopping ? NULL : waiting_for(c, peer);
        if (!item && may_plan(c))
            item = plan_item(c);
        if (item && !hand_out(c, item, peer)) {
            struct dm_error err;
            dm_fail_memory(&err);
            dm_run_fail(c, &err);
        }
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
    if (item->probing) { /* alone, the row did no harm */
        item->probing = false;
        item->state = DM_WAITING;
        item->peer = NULL;
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
        item->after = (struct dm_point){(uint64_t)item->split.file_number + 1, 0};
    else if (!limit_reached(c) &&
             (!item->next || item->next->split.file_number != item->split.file_number))
        continue_stream(c, item, peer);
}

void dm_schedule_given_up(struct dm_peer *peer)
{
    struct dm_item *item = peer->job;
    peer->job = NULL;
    if (!item)
        return;
    item->probing = item->granted = false;
    item->state = DM_WAITING;
    item->peer = NULL;
}

void dm_schedule_settle(struct dm_coordinator *c, struct dm_item *item)
{
    item->state = DM_WRITTEN_OUT;
    item->peer = NULL;
    c->uncommitted += item->counts.out_bytes;
    c->losses = 0;
}

void dm_schedule_written(struct dm_coordinator *c, struct dm_wire *frame)
{
    uint64_t id = dm_get_u64(frame);
    uint32_t attempt = dm_get_u32(frame);
    struct dm_item *item = c->items.first;
    while (item && (item->split.id != id || item->split.attempt != attempt))
        item = item->next;
    if (!item || item->state != DM_HELD)
        return;
    dm_place_get(frame, item->end);
    dm_schedule_settle(c, item);
}
