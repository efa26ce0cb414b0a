#include "run/state.h"

#include "json/write.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum { BAR_MS = 100, JSON_MS = 1000, LINE_MS = 10000, BAR_CELLS = 24, LINE_BYTES = 512 };

void dm_progress_hide(struct dm_coordinator *c)
{
    if (c->shown)
        fputs("\r\033[K", stderr);
    c->shown = false;
}

void dm_progress_say(struct dm_coordinator *c, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dm_status_log(c, text);
    dm_progress_hide(c);
    if (c->job->progress == DM_PROGRESS_JSON) {
        struct dm_buf b = {0};
        if (dm_json_quote(&b, text, strlen(text)))
            fprintf(stderr, "{\"event\":\"message\",\"text\":%.*s}\n", (int)b.n, b.p);
        dm_buf_finish(&b);
    } else {
        fprintf(stderr, "dmhost: %s\n", text);
    }
}

struct dm_view dm_progress_look(const struct dm_coordinator *c)
{
    struct dm_view v = {.rows = c->frontier.counts.rows,
                        .rejected = dm_counts_rejected(&c->frontier.counts),
                        .seconds = (double)(uv_now(&c->loop) - c->started_ms) / 1e3};
    double s = v.seconds > 0.001 ? v.seconds : 0.001;
    v.rows_per_s = (double)(v.rows - c->outcome->rows_before) / s;
    v.mb_per_s = (double)(c->frontier.counts.bytes - c->outcome->bytes_before) / s / 1e6;
    v.share = c->total_bytes ? (double)c->done_bytes / (double)c->total_bytes : -1;
    double done = (double)(c->done_bytes - c->resumed_bytes);
    for (uint64_t i = 0; i < c->job->settings.nops; i++)
        dm_asked_add(&v.asked, &c->asked[i]);
    v.eta = v.share >= 0 && done > 0 ? s * (double)(c->total_bytes - c->done_bytes) / done : -1;
    return v;
}

/* What models were asked, for people; nothing when nothing was. */
static void describe_asked(const struct dm_asked *a, char *text, size_t n)
{
    char cost[32] = "";
    *text = 0;
    if (a->cost)
        snprintf(cost, sizeof cost, "  cost %.4f", (double)a->cost / 1e9);
    if (a->requests || a->cached)
        snprintf(text, n,
                 "  %llu requests (%llu again)  p50/90/99 %.0f/%.0f/%.0f ms  %llu+%llu tokens%s",
                 (unsigned long long)a->requests, (unsigned long long)a->retries,
                 dm_asked_percentile(a, 0.5), dm_asked_percentile(a, 0.9),
                 dm_asked_percentile(a, 0.99), (unsigned long long)a->tokens_in,
                 (unsigned long long)a->tokens_out, cost);
}

static void describe(const struct dm_view *v, char line[LINE_BYTES])
{
    char head[96] = "", eta[32] = "", asked[256];
    describe_asked(&v->asked, asked, sizeof asked);
    if (v->share >= 0)
        snprintf(head, sizeof head, "%3.0f %%  ", v->share * 100);
    if (v->eta >= 0)
        snprintf(eta, sizeof eta, "  ETA %.0f s", v->eta);
    snprintf(line, LINE_BYTES, "%s%llu rows  %.0f rows/s  %.1f MB/s%s  %llu rejected%s", head,
             (unsigned long long)v->rows, v->rows_per_s, v->mb_per_s, eta,
             (unsigned long long)v->rejected, asked);
}

static void show_line(const struct dm_view *v)
{
    char line[LINE_BYTES];
    describe(v, line);
    fprintf(stderr, "dmhost: %s\n", line);
}

/* What a line of the terminal holds that does not lead to the next one. */
static size_t columns(void)
{
    struct winsize w;
    return ioctl(fileno(stderr), TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col - 1u : 79;
}

/* As much as a line holds: what has gone to the next one would stay when this one is cleared. */
static void show_bar(struct dm_coordinator *c, const struct dm_view *v)
{
    char bar[] = "[........................]", line[LINE_BYTES];
    size_t most = columns();
    describe(v, line);
    int full = v->share > 0 ? (int)(v->share * BAR_CELLS) : 0;
    for (int i = 0; i < full && i < BAR_CELLS; i++)
        bar[i + 1] = '#';
    bool fits = v->share >= 0 && strlen(bar) + strlen(line) <= most;
    fprintf(stderr, "\r\033[K%s%.*s", fits ? bar : "", (int)most, line);
    c->shown = true;
}

static void show_json(const struct dm_view *v)
{
    const struct dm_asked *a = &v->asked;
    fprintf(stderr,
            "{\"event\":\"progress\",\"seconds\":%.3f,\"rows\":%llu,\"rejected\":%llu,"
            "\"rows_per_s\":%.0f,\"mb_per_s\":%.1f,\"share\":%.4f",
            v->seconds, (unsigned long long)v->rows, (unsigned long long)v->rejected, v->rows_per_s,
            v->mb_per_s, v->share < 0 ? 0 : v->share);
    if (a->requests || a->cached)
        fprintf(stderr,
                ",\"asked\":{\"requests\":%llu,\"retries\":%llu,\"tokens_in\":%llu,"
                "\"tokens_out\":%llu,\"cached\":%llu,\"cost\":%.9f,"
                "\"latency_ms\":{\"p50\":%.3g,\"p90\":%.3g,\"p99\":%.3g}}",
                (unsigned long long)a->requests, (unsigned long long)a->retries,
                (unsigned long long)a->tokens_in, (unsigned long long)a->tokens_out,
                (unsigned long long)a->cached, (double)a->cost / 1e9, dm_asked_percentile(a, 0.5),
                dm_asked_percentile(a, 0.9), dm_asked_percentile(a, 0.99));
    fputs("}\n", stderr);
}

void dm_progress(struct dm_coordinator *c, bool now)
{
    static const uint64_t every[] = {
        [DM_PROGRESS_LINES] = LINE_MS, [DM_PROGRESS_BAR] = BAR_MS, [DM_PROGRESS_JSON] = JSON_MS};
    uint64_t mode = c->job->progress, ms = uv_now(&c->loop);
    if (mode == DM_PROGRESS_NONE || mode > DM_PROGRESS_JSON)
        return;
    if (!c->shown_ms)
        c->shown_ms = c->started_ms;
    if (!now && ms - c->shown_ms < every[mode])
        return;
    c->shown_ms = ms;
    struct dm_view v = dm_progress_look(c);
    if (mode == DM_PROGRESS_BAR)
        show_bar(c, &v);
    else if (mode == DM_PROGRESS_JSON)
        show_json(&v);
    else
        show_line(&v);
}
