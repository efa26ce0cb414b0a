/* The frontier, up to which the run is safe on disk, and the commits that move it: one at a time,
 * in a thread. */
#include "run/state.h"

#include "base/home.h"

#include <unistd.h>

enum { COMMIT_MS = 100, COMMIT_BYTES = 64 * 1024 * 1024 };

static void in_thread(uv_work_t *work)
{
    dm_home_in_thread();
    dm_commit_do(work->data);
}

/* What the frontier is once the items before `end` have been committed. */
static bool next_frontier(const struct dm_coordinator *c, const struct dm_item *end,
                          struct dm_frontier *f)
{
    bool ok = dm_counts_add(&f->counts, &c->frontier.counts);
    for (const struct dm_item *item = c->items.first; item != end && ok; item = item->next) {
        f->input = item->after;
        memcpy(f->at, item->end, sizeof f->at);
        f->splits++;
        ok = dm_counts_add(&f->counts, &item->counts);
    }
    if (c->job->kind == DM_TO_EACH && f->at[DM_ROWS].shard < f->input.file)
        f->at[DM_ROWS] = (struct dm_place){.shard = f->input.file};
    return ok;
}

void dm_frontier_drop(struct dm_coordinator *c)
{
    struct dm_item *item = c->items.first;
    if (c->from_stdin)
        unlink(item->split.ranges[0].path);
    dm_items_remove(&c->items, item);
    dm_item_destroy(item);
}

static void drop_committed(struct dm_coordinator *c, uint64_t splits)
{
    while (splits--) {
        c->done_bytes += c->items.first->input_bytes;
        dm_frontier_drop(c);
    }
}

static void on_committed(uv_work_t *work, int status)
{
    struct dm_coordinator *c = ((struct dm_commit *)work->data)->owner;
    (void)status;
    c->committing = false;
    if (c->commit.rc) {
        dm_counts_finish(&c->next.counts);
        dm_run_fail(c, &c->commit.err);
    } else {
        drop_committed(c, c->next.splits - c->frontier.splits);
        dm_counts_finish(&c->frontier.counts);
        c->frontier = c->next;
        if (c->job->kind == DM_TO_STDOUT)
            dm_pump_to(&c->pump, c->frontier.at[DM_ROWS].offset);
        dm_progress(c, false);
    }
    dm_advance(c);
}

static void begin_commit(struct dm_coordinator *c, const struct dm_item *end)
{
    struct dm_error err;
    c->next = (struct dm_frontier){.splits = c->frontier.splits};
    dm_buf_clear(&c->commit.record);
    if (!dm_counts_init(&c->next.counts, (uint32_t)c->job->settings.nops) ||
        !next_frontier(c, end, &c->next) || !dm_journal_record(&c->commit.record, &c->next)) {
        dm_counts_finish(&c->next.counts);
        dm_fail_memory(&err);
        dm_run_fail(c, &err);
        return;
    }
    c->committing = true;
    c->uncommitted = 0;
    c->committed_ms = uv_now(&c->loop);
    c->commit.from = c->frontier.at[DM_ROWS];
    c->commit.to = c->next.at[DM_ROWS];
    c->commit.ledger_to = c->next.at[DM_LEDGER].offset;
    c->commit_work.data = &c->commit;
    uv_queue_work(&c->loop, &c->commit_work, in_thread, on_committed);
}

void dm_frontier_advance(struct dm_coordinator *c)
{
    const struct dm_item *end = c->items.open;
    bool last = !end && (c->plan_ended || c->stopping);
    bool due = c->job->kind == DM_TO_STDOUT || uv_now(&c->loop) - c->committed_ms >= COMMIT_MS ||
               c->uncommitted >= COMMIT_BYTES;
    if (end != c->items.first && !c->committing && (last || due || c->stopping))
        begin_commit(c, end);
}
