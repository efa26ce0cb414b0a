#include "run/state.h"

#include "io/folder.h"
#include "run/identity.h"
#include "run/names.h"
#include "run/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TICK_MS = 50, MEASURED_INPUTS = 10000 };

/* ---- the end ---- */

static void close_handles(struct dm_coordinator *c)
{
    if (c->closed)
        return;
    c->closed = true;
    uv_close((uv_handle_t *)&c->tick, NULL);
    dm_signals_catch(false, c->job->workers == 0);
    if (c->hosts)
        c->elsewhere->close(c);
    for (struct dm_peer *peer = c->pool.peers; peer; peer = peer->next)
        if (peer->ready || c->hosts)
            dm_pool_stop(peer);
        else
            dm_pool_kill(peer, DM_KILL_QUIT); /* it gets ready for nothing */
}

static void quit(struct dm_coordinator *c)
{
    c->stopping = c->quitting = true;
    dm_spool_cancel(&c->spool);
    dm_pump_cancel(&c->pump);
    for (struct dm_peer *peer = c->hosts ? NULL : c->pool.peers; peer; peer = peer->next)
        dm_pool_kill(peer, DM_KILL_QUIT); /* worker hosts see to theirs at the next tick */
}

void dm_run_fail(struct dm_coordinator *c, const struct dm_error *err)
{
    if (c->outcome->status == DM_OK) {
        c->outcome->status = err->status < 0 ? err->status : DM_EIO;
        c->outcome->err = *err;
    }
    quit(c);
}

/* Whether work is under way that a stop waits for. */
static bool is_busy(const struct dm_coordinator *c)
{
    for (struct dm_item *item = c->items.first; item; item = item->next)
        if (item->state == DM_RUNNING || (item->state == DM_HELD && item->granted))
            return true;
    return false;
}

static void end_when_done(struct dm_coordinator *c)
{
    if (c->plan_ended) /* perhaps by --limit */
        dm_spool_cancel(&c->spool);
    bool first_written = c->items.first && c->items.first->state == DM_WRITTEN_OUT;
    if (c->committing || c->join.busy || c->pump.busy || c->spool.reading ||
        (first_written && !c->quitting))
        return;
    if (c->quitting   ? c->pool.npeers == 0
        : c->stopping ? !is_busy(c)
                      : c->plan_ended && !c->items.n)
        close_handles(c);
}

void dm_advance(struct dm_coordinator *c)
{
    if (c->closed)
        return;
    dm_schedule(c);
    if (c->outcome->status == DM_OK || !c->commit.rc)
        dm_frontier_advance(c);
    end_when_done(c);
}

/* ---- events ---- */

static void on_failed(struct dm_coordinator *c, struct dm_peer *peer, struct dm_wire *frame)
{
    struct dm_error err;
    size_t n;
    int status = (int)dm_get_u32(frame);
    const char *text = dm_get_bytes(frame, &n);
    if (status == DM_ESPENT || c->quitting) {
        dm_schedule_given_up(c, peer);
        return;
    }
    dm_fail(&err, status, "%.*s", (int)n, text);
    dm_run_fail(c, &err);
}

static void on_frame(void *arg, struct dm_peer *peer, enum dm_message type, struct dm_wire *frame)
{
    struct dm_coordinator *c = arg;
    switch (type) {
    case DM_HELLO:
        peer->ready = true;
        dm_schedule_idle(c, peer);
        break;
    case DM_DONE:
        dm_schedule_done(c, peer, frame);
        break;
    case DM_WRITTEN:
        dm_schedule_written(c, frame);
        break;
    case DM_AT:
        dm_loss_at(peer, frame);
        return;
    case DM_FAILED:
        on_failed(c, peer, frame);
        break;
    case DM_REPLY:
        dm_store_reply(c, frame);
        return;
    case DM_WANT:
        dm_models_want(c, peer, frame);
        break;
    case DM_ASKED:
        dm_models_told(c, frame);
        return;
    default:
        break;
    }
    dm_advance(c);
}

static void on_lost(void *arg, struct dm_peer *peer)
{
    struct dm_coordinator *c = arg;
    dm_budget_leave(&c->budget, &peer->asker);
    dm_schedule_gone(c, peer);
    dm_loss(c, peer);
    dm_advance(c);
}

static void on_closed(void *arg, struct dm_peer *peer)
{
    dm_loss_inside(arg, peer);
}

static void on_error(void *arg, const char *text)
{
    dm_progress_say(arg, "%s", text);
}

/* Standard input has a split ready, or has ended. */
static void on_spooled(void *arg)
{
    dm_advance(arg);
}

/* Standard output has taken all that was committed, or its reader has gone: then the rest has no
 * use. */
static void on_pumped(void *arg)
{
    struct dm_coordinator *c = arg;
    if (c->pump.rc)
        dm_run_fail(c, &c->pump.err);
    else if (c->pump.reader_gone)
        quit(c);
    else
        dm_pump_to(&c->pump, c->frontier.at[DM_ROWS].offset);
    dm_advance(c);
}

void dm_run_stop(struct dm_coordinator *c, bool now, const char *text)
{
    c->outcome->interrupted = 1;
    c->stopping = true;
    if (*text)
        dm_progress_say(c, "%s", text);
    if (now)
        quit(c);
    else
        dm_spool_cancel(&c->spool);
    dm_advance(c);
}

static void look_around(struct dm_coordinator *c)
{
    const char *text = "stopping: running splits are being finished; again to stop at once";
    for (; c->signals < dm_signals_count(); c->signals++)
        dm_run_stop(c, c->stopping, c->stopping ? "" : text);
    dm_models_tick(c);
    dm_progress(c, false);
}

static void on_tick(uv_timer_t *tick)
{
    struct dm_coordinator *c = tick->data;
    if (c->hosts)
        c->elsewhere->tick(c);
    else
        dm_pool_watch(&c->pool, c->job->row_ms);
    dm_store_tick(c);
    look_around(c);
    dm_status_tick(c);
    dm_advance(c);
}

static void on_inside(void *arg)
{
    struct dm_coordinator *c = arg;
    uv_update_time(&c->loop);
    dm_store_inside(c);
    look_around(c);
}

/* ---- the beginning ---- */

/* Whether offsets in the input's rows are offsets in its file. */
static bool is_plain(struct dm_inputs *in, uint64_t file)
{
    struct dm_error err;
    return file < in->n && dm_codec_detect(dm_inputs_path(in, file), &err) == DM_CODEC_PLAIN;
}

/* What the bar compares with; of very many inputs it would take too long. */
static void measure_inputs(struct dm_coordinator *c)
{
    struct dm_inputs *in = dm_job_inputs(c->job);
    struct stat st;
    if (in->n > MEASURED_INPUTS || c->from_stdin)
        return;
    for (size_t i = 0; i < in->n; i++) {
        if (stat(dm_inputs_path(in, i), &st))
            continue;
        c->total_bytes += (uint64_t)st.st_size;
        if (i < c->frontier.input.file)
            c->done_bytes += (uint64_t)st.st_size;
    }
    if (is_plain(in, c->frontier.input.file))
        c->done_bytes += c->frontier.input.offset;
    c->resumed_bytes = c->done_bytes;
}

/* Where an earlier run stopped, or the beginning. */
static int find_frontier(struct dm_coordinator *c, struct dm_error *err)
{
    if (!dm_counts_init(&c->frontier.counts, (uint32_t)c->job->settings.nops))
        return dm_fail_memory(err);
    dm_parts_remove(c->job->settings.folder);
    int rc = c->job->resume ? dm_journal_last(&c->journal, &c->frontier, err) : 0;
    if (rc < 0)
        return rc;
    c->outcome->resumed = rc;
    c->commit.resumed = rc > 0;
    c->outcome->rows_before = c->frontier.counts.rows;
    c->outcome->bytes_before = c->frontier.counts.bytes;
    c->plan.at = c->frontier.input;
    return dm_commit_restore(&c->commit, c->frontier.at, err);
}

static int prepare(struct dm_coordinator *c, struct dm_error *err)
{
    struct dm_job *job = c->job;
    c->plan = (struct dm_plan){.inputs = dm_job_inputs(job),
                               .split_bytes = job->split_bytes,
                               .documents = job->settings.documents,
                               .one_file = job->kind == DM_TO_EACH};
    c->from_stdin = c->plan.inputs->n == 1 && strcmp(dm_inputs_path(c->plan.inputs, 0), "-") == 0;
    c->commit.job = job;
    c->commit.owner = c;
    c->commit.inputs = dm_job_inputs(job);
    c->commit.journal = &c->journal;
    dm_settings_streams(&job->settings, c->commit.streams);
    int rc = dm_names_check(&c->commit, err);
    if (rc == DM_OK)
        rc = dm_store_open(c, err);
    if (rc)
        return rc;
    c->lock = job->lock ? job->lock : dm_folder_lock(job->settings.folder, err);
    if (c->lock < 0)
        return c->lock;
    rc = dm_names_check_place(&c->commit, err);
    if (rc == DM_OK)
        rc = dm_folder_begin(job->settings.folder, job->resume != 0, job->force != 0, err);
    if (rc == DM_OK)
        rc = dm_status_open(c, err);
    if (rc == DM_OK)
        rc = dm_journal_open(&c->journal, job->settings.folder, err);
    if (rc == DM_OK)
        rc = find_frontier(c, err);
    if (rc == DM_OK)
        rc = c->outcome->resumed
                 ? dm_identity_check(job->settings.folder, c->plan.inputs, err)
                 : dm_identity_write(job->settings.folder, job->settings.plan, c->plan.inputs,
                                     job->kind != DM_TO_STDOUT, err);
    if (rc == DM_OK)
        rc = dm_models_begin(c, err);
    measure_inputs(c);
    return rc;
}

static int start_standard_streams(struct dm_coordinator *c, struct dm_error *err)
{
    char path[4096];
    int rc = DM_OK;
    if (c->from_stdin)
        rc = dm_spool_start(&c->spool, &c->loop, c->job->settings.folder, c->job->split_bytes,
                            on_spooled, c, err);
    if (rc || c->job->kind != DM_TO_STDOUT)
        return rc;
    if (!dm_stream_path(&c->commit.streams[DM_ROWS], 0, path, sizeof path))
        return dm_fail(err, DM_EUSAGE, "the path of the output is too long");
    return dm_pump_start(&c->pump, &c->loop, path, on_pumped, c, err);
}

static int start_loop(struct dm_coordinator *c, struct dm_error *err)
{
    struct dm_pool_events events = {.on_frame = on_frame,
                                    .on_lost = on_lost,
                                    .on_inside = on_inside,
                                    .on_closed = on_closed,
                                    .on_error = on_error,
                                    .arg = c};
    c->tick.data = c;
    uv_timer_init(&c->loop, &c->tick);
    uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
    dm_signals_catch(true, c->job->workers == 0);
    int rc = dm_pool_init(&c->pool, &c->loop, &c->job->settings, events, err);
    dm_making_watch(c->job->workers == 0); /* threads that open and close files begin later */
    if (rc == DM_OK)
        rc = start_standard_streams(c, err);
    if (rc || c->job->engine)
        return rc ? rc : c->elsewhere->start(c, err);
    uint64_t n = dm_plan_splits(&c->plan, c->job->workers);
    c->pool.slots = n ? (uint32_t)n : 1;
    dm_loss_guard(c->job->workers ? NULL : c);
    for (uint32_t i = 0; i < c->pool.slots && rc == DM_OK; i++)
        rc = dm_pool_start(&c->pool, i, c->job->workers == 0, err);
    return rc;
}

static void run_loop(struct dm_coordinator *c)
{
    struct dm_error err;
    if (uv_loop_init(&c->loop)) {
        c->outcome->status = dm_fail_errno(&c->outcome->err, DM_EIO, "cannot make an event loop");
        return;
    }
    c->started_ms = c->committed_ms = uv_hrtime() / 1000000;
    if (start_loop(c, &err))
        dm_run_fail(c, &err);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&c->pool.idle, NULL);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_loop_close(&c->loop);
    dm_pool_finish(&c->pool);
    dm_loss_guard(NULL);
    c->outcome->seconds = (double)(uv_hrtime() / 1000000 - c->started_ms) / 1e3;
}

static void release(struct dm_coordinator *c)
{
    while (c->items.first)
        dm_frontier_drop(c);
    c->elsewhere->free(c);
    dm_spool_finish(&c->spool);
    dm_pump_finish(&c->pump);
    dm_buf_finish(&c->commit.record);
    dm_journal_close(&c->journal);
    dm_status_close(c);
    c->outcome->lock = c->lock;
}

void dm_coordinator_run(struct dm_job *job, const struct dm_elsewhere *elsewhere,
                        dm_deliver *deliver, void *arg, struct dm_outcome *outcome)
{
    struct dm_coordinator *c = calloc(1, sizeof *c);
    *outcome = (struct dm_outcome){.inputs = dm_job_inputs(job)->n, .lock = -1};
    if (!c) {
        outcome->status = dm_fail_memory(&outcome->err);
        return;
    }
    c->job = job;
    c->elsewhere = elsewhere;
    c->commit.deliver = deliver;
    c->commit.deliver_arg = arg;
    c->lock = c->status.log = -1;
    c->outcome = outcome;
    outcome->status = prepare(c, &outcome->err);
    outcome->begun = outcome->status == DM_OK;
    if (outcome->begun)
        run_loop(c);
    dm_store_end(c);
    dm_models_end(c);
    if (c->pump.reader_gone)
        outcome->interrupted = 0;
    bool read = c->job->kind != DM_TO_STDOUT || c->pump.reader_gone ||
                c->pump.written == c->frontier.at[DM_ROWS].offset;
    bool whole = outcome->status == DM_OK && c->plan_ended && !c->items.n && read;
    if (whole) {
        outcome->interrupted = 0; /* too late to matter */
        outcome->status = dm_commit_finish(&c->commit, c->frontier.at, &outcome->err);
    }
    dm_progress_hide(c);
    outcome->splits = c->frontier.splits;
    outcome->shards = c->frontier.at[DM_ROWS].shard + (c->frontier.at[DM_ROWS].offset > 0);
    outcome->counts = c->frontier.counts; /* the caller's now */
    release(c);
    free(c);
}
