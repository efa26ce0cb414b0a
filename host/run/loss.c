#include "run/blame.h"
#include "run/making.h"
#include "run/state.h"
#include "run/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Losses of workers without anything getting done between, before the run is given up: this many
 * for each worker, and some. */
enum {
    LOSSES = 12,
    LOSSES_PER_WORKER = 4,
    BLAME_AFTER_KILLS = 3,
    BLAME_AFTER_CRASHES = 3,
    LEAKS = 4, /* after so many suspects without guilt it is not the rows */
    TOLD_AFTER_HOSTS = 2
};

/* Memory ran short in the worker. */
static bool ran_short(const struct dm_peer *peer)
{
    return !peer->killed && peer->signal == 0 && peer->exit_status == DM_EXIT_MEMORY;
}

static void reject_row(struct dm_coordinator *c, struct dm_item *item, const struct dm_peer *peer)
{
    struct dm_error err;
    if (!dm_item_skip(item, item->why)) {
        dm_fail_memory(&err);
        dm_run_fail(c, &err);
    }
    item->suspected = false;
    item->leaks += item->acquitted && ran_short(peer);
    item->acquitted = false;
    item->crashes = item->kills = item->hosts_lost = 0;
    c->losses = 0;
}

/* The row on the board when the worker ended. */
static void suspect_row(struct dm_item *item, const struct dm_peer *peer)
{
    const struct dm_board *board = peer->board;
    uint32_t range = (uint32_t)atomic_load(&board->range);
    uint64_t row = atomic_load(&board->row);
    item->suspect_op = board->op;
    if (item->suspected && item->suspect_range == range && item->suspect == row)
        return;
    item->leaks += item->acquitted && ran_short(peer);
    item->acquitted = false;
    item->suspected = true;
    item->suspect_range = range;
    item->suspect = row;
    item->crashes = item->kills = 0;
}

static bool on_a_row(const struct dm_item *item, const struct dm_board *board)
{
    return atomic_load(&board->split) == item->split.id && atomic_load(&board->row) != DM_NO_ROW &&
           atomic_load(&board->range) < item->split.nranges;
}

/* Many rows at once may have taken the memory, and none of them too much: then they are worked on
 * one at a time, so that what comes out does not depend on which rows came together. So they are
 * when the worker ended between rows, or had no descriptors any more, which is seen rows later: it
 * is looked then at what each leaves. */
static bool retry_single(struct dm_item *item, const struct dm_peer *peer)
{
    bool ended = (peer->signal || peer->exit_status) && (!peer->killed || dm_is_closed(peer));
    bool between = ended && (!on_a_row(item, peer->board) || dm_is_closed(peer));
    if (!(ran_short(peer) || between) || item->split.single || item->probing)
        return false;
    item->split.single = true;
    return true;
}

/* Rows that end a whole worker host leave no board behind. A split whose worker hosts were lost
 * twice is run alone on one, and tells of each row first; the row that it was at when that was lost
 * is tried once more by itself. */
static void blame_host(struct dm_coordinator *c, struct dm_item *item, const struct dm_peer *peer)
{
    bool on_row = item->split.told && on_a_row(item, peer->board);
    if (item->probing) {
        item->probing = false;
        item->probe_next = !on_row; /* it had not even begun */
        item->suspect_op = on_row ? peer->board->op : item->suspect_op;
        snprintf(item->why, sizeof item->why,
                 "its worker hosts were lost %u times, the last time with this row alone",
                 item->hosts_lost + 1);
        if (on_row)
            reject_row(c, item, peer);
    } else if (on_row) {
        suspect_row(item, peer);
        item->hosts_lost++;
        item->probe_next = true;
    } else if (++item->hosts_lost >= TOLD_AFTER_HOSTS) {
        item->split.told = item->split.single = true;
    }
}

/* Operators that keep memory of every row: wherever they come to, there is none left. */
static void fail_leak(struct dm_coordinator *c, const struct dm_item *item)
{
    struct dm_error err;
    char op[256];
    dm_settings_op_name(&c->job->settings, item->suspect_op, op, sizeof op);
    dm_fail(&err, DM_EIO,
            "the operators keep memory of row after row: time and again limits.memory, %g MiB, was "
            "used up within one split (the last time in %s), by no row alone\n"
            "let go of what is a row's when execute ends; a higher limits.memory or a lower "
            "split_size gets along with it",
            (double)c->job->settings.memory_bytes / 1048576, op);
    dm_run_fail(c, &err);
}

/* Finds out which row of the split ended its worker. */
static void blame(struct dm_coordinator *c, struct dm_item *item, const struct dm_peer *peer)
{
    char why[sizeof item->why];
    if (peer->killed == DM_KILL_HOST) {
        blame_host(c, item, peer);
        return;
    }
    bool guilty = dm_blame(peer, c->job->row_ms, c->job->settings.memory_bytes, why, sizeof why);
    if (item->probing) {
        item->probing = false;
        item->probe_next = !guilty;
        if (guilty)
            reject_row(c, item, peer);
        return;
    }
    if (!on_a_row(item, peer->board))
        return;
    suspect_row(item, peer);
    if (item->leaks >= LEAKS) {
        fail_leak(c, item);
    } else if (guilty) {
        memcpy(item->why, why, sizeof why);
        if (++item->crashes >= BLAME_AFTER_CRASHES)
            reject_row(c, item, peer);
        else
            item->probe_next = true;
    } else if (++item->kills >= BLAME_AFTER_KILLS) {
        if (peer->signal)
            snprintf(item->why, sizeof item->why,
                     "its worker was killed %d times on this row (signal %d)", BLAME_AFTER_KILLS,
                     peer->signal);
        else
            snprintf(item->why, sizeof item->why,
                     "its worker exited %d times on this row (status %d)", BLAME_AFTER_KILLS,
                     (int)peer->exit_status);
        reject_row(c, item, peer);
    }
}

/* Whether the worker ended while an operator was made, whose name that is. */
static bool in_the_making(const struct dm_coordinator *c, const struct dm_peer *peer, char *op,
                          size_t n)
{
    if (peer->ready || peer->board->op < 0)
        return false;
    dm_settings_op_name(&c->job->settings, peer->board->op, op, n);
    return true;
}

/* Ends the run when an operator will not be made by other workers either. */
static bool fail_making(struct dm_coordinator *c, const struct dm_peer *peer)
{
    struct dm_error err;
    char op[256];
    bool slow = !peer->signal && peer->exit_status == DM_EXIT_SLOW;
    if (!in_the_making(c, peer, op, sizeof op) || !(slow || dm_is_closed(peer)))
        return false;
    dm_fail(&err, DM_EUSAGE, "operator %d, \"%s\", can not be made: %s", peer->board->op + 1, op,
            slow ? DM_SLOW_WHAT "\n" DM_SLOW_NEXT : DM_CLOSED_WHAT "\n" DM_CLOSED_NEXT);
    dm_run_fail(c, &err);
    return true;
}

/* The row that the worker was at, or the operator that it made, for messages; "a worker" when it
 * was at none. */
static void name_place(const struct dm_coordinator *c, const struct dm_peer *peer, char *text,
                       size_t n)
{
    char op[256];
    snprintf(text, n, "a worker");
    if (in_the_making(c, peer, op, sizeof op))
        snprintf(text, n, "a worker that made operator %d, \"%s\",", peer->board->op + 1, op);
    const struct dm_item *item = peer->job;
    if (!item || !on_a_row(item, peer->board))
        return;
    const struct dm_range *range = &item->split.ranges[atomic_load(&peer->board->range)];
    dm_settings_op_name(&c->job->settings, peer->board->op, op, sizeof op);
    snprintf(text, n, "%.300s@%llu: %s: the worker", dm_range_name(range),
             (unsigned long long)(range->base + atomic_load(&peer->board->row)), op);
}

/* How the worker ended. */
static void describe_end(const struct dm_peer *peer, const char *who, char *text, size_t n)
{
    if (peer->killed == DM_KILL_ROW_TIME)
        snprintf(text, n, "%s took longer than limits.row_time for the row", who);
    else if (dm_is_closed(peer))
        snprintf(text, n, "%s found descriptors closed that it works with", who);
    else if (peer->signal)
        snprintf(text, n, "%s was ended by signal %d (%s)", who, peer->signal,
                 strsignal(peer->signal));
    else if (peer->exit_status == DM_EXIT_MEMORY)
        snprintf(text, n, "%s needed more than limits.memory", who);
    else
        snprintf(text, n, "%s exited with status %d", who, (int)peer->exit_status);
}

/* A row is tried again alone, and what ends one worker may end many: of losses that read the same
 * the first is told, and then the fourth, the eighth, the sixteenth ... */
static void say_lost(struct dm_coordinator *c, const struct dm_peer *peer, const char *who)
{
    enum { SOME = 4 };
    char text[sizeof c->lost_text];
    describe_end(peer, who, text, sizeof text);
    c->lost_times = strcmp(text, c->lost_text) == 0 ? c->lost_times + 1 : 1;
    memcpy(c->lost_text, text, sizeof text);
    if (c->lost_times == 1)
        dm_progress_say(c, "%s; it is replaced", text);
    else if (c->lost_times >= SOME && (c->lost_times & (c->lost_times - 1)) == 0)
        dm_progress_say(c, "%s; it is replaced, for the %uth time", text, c->lost_times);
}

static void take_item(struct dm_coordinator *c, struct dm_item *item, const struct dm_peer *peer)
{
    if (item->state == DM_RUNNING && !retry_single(item, peer))
        blame(c, item, peer);
    dm_parts_drop(c, item);
    item->peer = NULL;
    item->granted = false;
    dm_counts_clear(&item->counts);
    dm_items_wait(&c->items, item, true);
}

/* Splits that the worker ran or whose output it held go to others. */
static void take_back(struct dm_coordinator *c, struct dm_peer *peer)
{
    struct dm_item *running = peer->job, *before;
    if (peer->far) { /* what it ran before has come to us */
        if (running)
            take_item(c, running, peer);
        return;
    }
    for (struct dm_item *item = c->items.last; item; item = before) {
        before = item->prev;
        if (item->peer == peer)
            take_item(c, item, peer);
    }
}

void dm_loss_at(struct dm_peer *peer, struct dm_wire *frame)
{
    struct dm_buf ack = {0};
    struct dm_board board;
    dm_board_get(frame, &board);
    if (!peer->far || frame->bad)
        return;
    peer->far_board = board;
    dm_frame_end(&ack, dm_frame_begin(&ack, DM_ACK));
    dm_pool_send(peer, &ack);
    dm_buf_finish(&ack);
}

/* Ends this process with the worker inside. */
static void end_inside(struct dm_coordinator *c, const struct dm_peer *peer, const char *next)
{
    char who[600], text[sizeof c->lost_text];
    name_place(c, peer, who, sizeof who);
    describe_end(peer, who, text, sizeof text);
    dm_progress_say(c, "%s\n  next    %s; `--resume -j 1` rejects such a row, and goes on", text,
                    next);
    _exit(1);
}

void dm_loss_inside(struct dm_coordinator *c, struct dm_peer *peer)
{
    c->status.log = -1; /* whose number may be another file's */
    end_inside(c, peer, DM_CLOSED_NEXT);
}

/* The run that has its worker inside this process. */
static struct {
    struct dm_coordinator *run;
    pid_t pid; /* an operator may have forked */
} inside;

static void on_process_end(int status, void *arg)
{
    (void)arg;
    struct dm_peer *peer = inside.run && inside.pid == getpid() ? inside.run->pool.peers : NULL;
    if (!peer)
        return;
    peer->exit_status = status;
    end_inside(inside.run, peer, "error(...) rejects a row");
}

void dm_loss_guard(struct dm_coordinator *c)
{
    static bool known;
    inside.run = c;
    inside.pid = getpid();
    if (!known)
        on_exit(on_process_end, NULL);
    known = true;
}

void dm_loss(struct dm_coordinator *c, struct dm_peer *peer)
{
    struct dm_error err;
    char who[600];
    name_place(c, peer, who, sizeof who);
    take_back(c, peer);
    if (c->quitting || c->closed) /* nothing is left to do: none takes its place */
        return;
    c->outcome->lost++;
    if (peer->killed == DM_KILL_HOST || fail_making(c, peer)) /* of which more was said */
        return;
    say_lost(c, peer, who);
    if (++c->losses > LOSSES + LOSSES_PER_WORKER * c->job->workers) {
        dm_fail(&err, DM_EIO,
                "%u workers were lost without a split getting done\nsee the messages above",
                c->losses);
        dm_run_fail(c, &err);
    } else if (peer->far) {
        c->elsewhere->replace(peer);
    } else if (dm_pool_start(&c->pool, peer->slot, false, &err)) {
        dm_run_fail(c, &err);
    }
}
