/* Messages between coordinator and workers: any bytes are read or refused, and what was read is
 * written such that it reads as the same. */
#include "fuzz.h"
#include "run/asked.h"
#include "run/budget.h"
#include "cluster/orders.h"
#include "run/board.h"
#include "run/counts.h"
#include "run/settings.h"

static struct dm_wire wire_of(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    return (struct dm_wire){.p = u, .end = u + n};
}

/* Both end up empty. */
static void must_be_equal(struct dm_buf *a, struct dm_buf *b)
{
    must(same_bytes(a->p, a->n, b->p, b->n), "written again as it was written");
    dm_buf_finish(a);
    dm_buf_finish(b);
}

static void fuzz_split(const char *p, size_t n)
{
    struct dm_split split;
    struct dm_buf once = {0}, twice = {0};
    struct dm_wire w = wire_of(p, n);
    if (dm_split_get(&w, &split, NULL) != DM_OK)
        return;
    must(dm_split_put(&once, &split), "written");
    dm_split_finish(&split);
    w = wire_of(once.p, once.n);
    must(dm_split_get(&w, &split, NULL) == DM_OK, "read back");
    must(dm_split_put(&twice, &split), "written again");
    dm_split_finish(&split);
    must_be_equal(&once, &twice);
}

static void fuzz_settings(const char *p, size_t n)
{
    struct dm_settings s;
    struct dm_stream streams[DM_STREAMS];
    struct dm_buf once = {0}, twice = {0};
    struct dm_wire w = wire_of(p, n);
    char name[16];
    if (dm_settings_get(&w, &s, NULL) != DM_OK)
        return;
    for (int32_t i = -1; i < 5; i++) {
        dm_settings_op_name(&s, i, name, sizeof name);
        must(memchr(name, 0, sizeof name) && !strchr(name, '\n'), "a name of one line");
    }
    dm_settings_streams(&s, streams);
    must(dm_settings_put(&once, &s), "written");
    dm_settings_finish(&s);
    w = wire_of(once.p, once.n);
    must(dm_settings_get(&w, &s, NULL) == DM_OK, "read back");
    must(dm_settings_put(&twice, &s), "written again");
    dm_settings_finish(&s);
    must_be_equal(&once, &twice);
}

/* What a worker host is told first, and what it says of a worker that has gone. */
static void fuzz_host(const char *p, size_t n)
{
    struct dm_orders orders;
    struct dm_board board;
    struct dm_buf once = {0}, twice = {0};
    struct dm_wire w = wire_of(p, n);
    dm_board_get(&w, &board);
    must(dm_board_put(&once, &board), "written");
    dm_buf_clear(&once);
    w = wire_of(p, n);
    if (dm_orders_get(&w, &orders, NULL) == DM_OK) {
        must(dm_orders_put(&once, &orders), "written");
        dm_orders_finish(&orders);
        w = wire_of(once.p, once.n);
        must(dm_orders_get(&w, &orders, NULL) == DM_OK, "read back");
        must(dm_orders_put(&twice, &orders), "written again");
        dm_orders_finish(&orders);
    }
    must_be_equal(&once, &twice);
}

static void fuzz_counts(const char *p, size_t n, uint32_t nops)
{
    struct dm_counts counts, sum;
    struct dm_buf once = {0}, twice = {0};
    struct dm_wire w = wire_of(p, n);
    must(dm_counts_init(&counts, nops) && dm_counts_init(&sum, nops), "memory");
    dm_counts_get(&w, &counts);
    if (!w.bad) {
        must(counts.nreasons <= 2 * (nops + 1) * (DM_REASONS_PER_OP + 1), "reasons are bounded");
        must(dm_counts_put(&once, &counts), "written");
        w = wire_of(once.p, once.n);
        dm_counts_get(&w, &counts);
        must(!w.bad && dm_counts_put(&twice, &counts), "read back and written again");
        must_be_equal(&once, &twice);
        must(dm_counts_add(&sum, &counts) && sum.rows == counts.rows, "added");
        must(dm_counts_rejected(&sum) == dm_counts_rejected(&counts), "added");
    }
    dm_counts_finish(&counts);
    dm_counts_finish(&sum);
}

static void fuzz_asked(const char *p, size_t n, uint32_t nops)
{
    struct dm_asked asked[4] = {{0}}, again[4] = {{0}};
    struct dm_buf once = {0}, twice = {0};
    struct dm_wire w = wire_of(p, n);
    dm_asked_get(&w, asked, nops);
    must(dm_asked_put(&once, asked, 4), "written");
    w = wire_of(once.p, once.n);
    dm_asked_get(&w, again, 4);
    must(!w.bad && dm_asked_put(&twice, again, 4), "read back and written again");
    must_be_equal(&once, &twice);
}

/* Wants one after another, of two workers; whatever they say, the account of what is open holds. */
static void fuzz_budget(const char *p, size_t n)
{
    struct dm_budget b = {.most_requests = 1000};
    struct dm_asker asker[2] = {{0}}, *who;
    struct dm_wire w = wire_of(p, n);
    struct dm_grant grant;
    double now = 0;
    while (w.p < w.end) {
        struct dm_want want;
        unsigned i = dm_get_u8(&w);
        dm_want_get(&w, &want);
        want.endpoint %= 4;
        dm_budget_want(&b, &asker[i & 1], &want, now, NULL);
        now += i;
        while (dm_budget_next(&b, now, &who, &grant))
            must(who == &asker[0] || who == &asker[1], "known");
        must(b.open == asker[0].open + asker[1].open && b.requests >= b.open, "accounted for");
        if (i & 2)
            dm_budget_leave(&b, &asker[i & 1]);
    }
    dm_budget_finish(&b);
}

/* A stream of frames, as much of it as there is. */
static void fuzz_frames(const char *p, size_t n)
{
    for (;;) {
        int64_t size = dm_frame_size(p, n);
        must(size >= -1 && size <= (int64_t)n, "within what is there");
        must(size <= 0 || size >= DM_FRAME_HEAD, "with its head");
        if (size <= 0)
            return;
        fuzz_split(p + DM_FRAME_HEAD, (size_t)size - DM_FRAME_HEAD);
        p += size;
        n -= (size_t)size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned what = take_byte(&data, &n);
    char *p = exact_copy(data, n);
    switch (what % 8) {
    case 4:
        fuzz_asked(p, n, what / 8 % 4);
        break;
    case 5:
        fuzz_budget(p, n);
        break;
    case 0:
        fuzz_frames(p, n);
        break;
    case 1:
        fuzz_split(p, n);
        break;
    case 2:
        fuzz_settings(p, n);
        break;
    case 3:
        fuzz_host(p, n);
        break;
    default:
        fuzz_counts(p, n, what / 8 % 4);
    }
    free(p);
    return 0;
}
