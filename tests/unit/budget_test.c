/* Budgets of requests, with clocks of our own; and the account of what was asked. */
#include "run/asked.h"
#include "run/budget.h"
#include "test.h"

#include <stdlib.h>

/* What somebody gets at a time, all grants together. */
static uint64_t granted(struct dm_budget *b, double now_ms, const struct dm_asker *whose,
                        bool *over)
{
    struct dm_asker *who;
    struct dm_grant g;
    uint64_t n = 0;
    *over = false;
    while (dm_budget_next(b, now_ms, &who, &g)) {
        n += who == whose ? g.n : 0;
        *over = *over || (who == whose && g.over);
    }
    return n;
}

static void test_no_limit(void)
{
    struct dm_budget b = {0};
    struct dm_asker one = {0}, two = {0};
    bool over;
    ok(dm_budget_want(&b, &one, &(struct dm_want){.endpoint = 1, .n = 7}, 0, NULL) == DM_OK, "1");
    ok(dm_budget_want(&b, &two, &(struct dm_want){.endpoint = 2, .n = 9}, 0, NULL) == DM_OK, "2");
    ok(granted(&b, 0, &one, &over) == 7 && !over, "all that is wanted");
    ok(one.open == 7 && two.open == 9 && one.wanted == 0 && b.open == 16, "is open");
    struct dm_want ended = {.endpoint = 1, .ended = 7};
    ok(dm_budget_want(&b, &one, &ended, 0, NULL) == DM_OK && one.open == 0, "has ended");
    ok(dm_budget_want(&b, &one, &ended, 0, NULL) == DM_EINPUT, "can not end twice");
    ended = (struct dm_want){.endpoint = 2, .ended = 1, .returned = 2};
    ok(dm_budget_want(&b, &two, &ended, 0, NULL) == DM_EINPUT, "more returned than ended");
    dm_budget_finish(&b);
}

static void test_rate(void)
{
    struct dm_budget b = {0};
    struct dm_asker one = {0}, two = {0};
    struct dm_want want = {.endpoint = 1, .requests_per_minute = 600, .n = 1000};
    uint64_t mine = 0, others = 0;
    bool over;
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &one, &over) == 10, "a second's worth at once");
    ok(granted(&b, 50, &one, &over) == 0, "then none");
    ok(granted(&b, 100, &one, &over) == 1, "until its time");
    ok(granted(&b, 60000, &one, &over) == 10, "no more is saved up");
    want.n = 5;
    dm_budget_want(&b, &two, &want, 60000, NULL);
    for (double ms = 60050; ms <= 240000; ms += 50) {
        struct dm_asker *who;
        struct dm_grant g;
        while (dm_budget_next(&b, ms, &who, &g))
            *(who == &one ? &mine : &others) += g.n;
    }
    ok(mine == 979 && others == 5, "first come, first served: %d %d", (int)mine, (int)others);
    want = (struct dm_want){.endpoint = 1, .requests_per_minute = 600, .ended = 9, .returned = 9};
    dm_budget_want(&b, &one, &want, 240000, NULL);
    want = (struct dm_want){.endpoint = 1, .requests_per_minute = 600, .n = 100};
    dm_budget_want(&b, &one, &want, 240000, NULL);
    ok(granted(&b, 240000, &one, &over) == 10, "what reached nobody may be used again");
    dm_budget_finish(&b);
}

static void test_tokens(void)
{
    struct dm_budget b = {0};
    struct dm_asker one = {0};
    bool over;
    struct dm_want want = {.endpoint = 1, .tokens_per_minute = 60000, .n = 8, .tokens = 8 * 400};
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &one, &over) == 2, "two of 400 out of 1000");
    ok(granted(&b, 200, &one, &over) == 1, "400 are there again");
    want.n = want.tokens = 0;
    want.ended = 3;
    want.more_tokens = 2000;
    dm_budget_want(&b, &one, &want, 200, NULL);
    ok(granted(&b, 2500, &one, &over) == 0, "the debt is paid off first");
    ok(granted(&b, 2700, &one, &over) == 1, "and then the next");
    want.ended = 1;
    want.more_tokens = -400;
    dm_budget_want(&b, &one, &want, 2700, NULL);
    ok(granted(&b, 2700, &one, &over) == 1, "what was not used is there at once");
    want = (struct dm_want){.endpoint = 2, .tokens_per_minute = 60000, .n = 1, .tokens = 1 << 20};
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 2701, &one, &over) == 1,
       "more than is ever saved up is granted when all is there");
    dm_budget_finish(&b);
}

static void test_most_requests(void)
{
    struct dm_budget b = {.most_requests = 10};
    struct dm_asker one = {0}, two = {0};
    struct dm_want want = {.endpoint = 1, .n = 8};
    bool over;
    dm_budget_want(&b, &one, &want, 0, NULL);
    dm_budget_want(&b, &two, &want, 0, NULL);
    ok(granted(&b, 0, &two, &over) == 2 && !over, "the last two");
    want = (struct dm_want){.endpoint = 1, .ended = 8, .returned = 1};
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &two, &over) == 1 && !over, "one did not reach its server");
    dm_budget_leave(&b, &one);
    want.ended = 3;
    want.returned = 0;
    dm_budget_want(&b, &two, &want, 0, NULL);
    ok(granted(&b, 0, &two, &over) == 0 && over && b.over && two.wanted == 0, "it is over");
    want = (struct dm_want){.endpoint = 5, .n = 1};
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &one, &over) == 0 && over, "for everybody");
    dm_budget_finish(&b);
}

static void test_most_cost(void)
{
    struct dm_budget b = {.most_cost = 1000};
    struct dm_asker one = {0};
    struct dm_want want = {.endpoint = 1, .n = 5, .cost = 5 * 300};
    bool over;
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &one, &over) == 3 && !over, "three of 300");
    want = (struct dm_want){.endpoint = 1, .ended = 3, .more_cost = -600};
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &one, &over) == 2 && !over && b.cost == 900, "they cost 100 each");
    want = (struct dm_want){.endpoint = 1, .n = 1, .cost = 300, .ended = 2};
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &one, &over) == 0 && over && b.cost == 900, "another is too much");
    want = (struct dm_want){.endpoint = 1, .more_cost = INT64_MIN};
    ok(dm_budget_want(&b, &one, &want, 0, NULL) == DM_OK && b.cost == 0, "not below nothing");
    dm_budget_finish(&b);
}

static void test_leaving(void)
{
    struct dm_budget b = {0};
    struct dm_asker one = {0}, two = {0};
    struct dm_want want = {.endpoint = 1, .requests_per_minute = 60, .n = 3};
    bool over;
    dm_budget_want(&b, &one, &want, 0, NULL);
    dm_budget_want(&b, &two, &want, 0, NULL);
    dm_budget_want(&b, &one, &want, 0, NULL);
    ok(granted(&b, 0, &one, &over) == 1, "one a second");
    dm_budget_leave(&b, &one);
    ok(b.open == 0 && one.open == 0, "nothing is open");
    ok(granted(&b, 1000, &two, &over) == 1, "who is left is next");
    dm_budget_leave(&b, &two);
    want.n = 1;
    dm_budget_want(&b, &two, &want, 0, NULL);
    ok(granted(&b, 2000, &two, &over) == 1, "and may come again");
    dm_budget_finish(&b);
}

static void test_percentiles(void)
{
    struct dm_asked a = {0};
    ok(dm_asked_percentile(&a, 0.5) == 0 && dm_asked_is_empty(&a), "none");
    for (int i = 1; i <= 10000; i++)
        dm_asked_request(&a, i);
    for (int p = 1; p <= 100; p++) {
        double got = dm_asked_percentile(&a, p / 100.0), want = p * 100;
        ok(got > want * 0.95 && got < want * 1.05, "%d %%: %g", p, got);
    }
    a = (struct dm_asked){0};
    dm_asked_request(&a, 0.01);
    ok(dm_asked_percentile(&a, 0.5) <= 1, "less than a millisecond");
    dm_asked_request(&a, 1e12);
    dm_asked_request(&a, -1);
    ok(dm_asked_percentile(&a, 1) > 3e6, "very long");
}

static void test_account(void)
{
    struct dm_asked sum[3] = {{0}}, more[3] = {{0}};
    struct dm_buf b = {0};
    more[1] = (struct dm_asked){.requests = 2, .tokens_in = 1 << 20, .cost = UINT64_C(1) << 40};
    dm_asked_request(&more[1], 100);
    ok(dm_asked_put(&b, more, 3) && b.n < 64, "small");
    for (int i = 0; i < 2; i++) {
        struct dm_wire w = {.p = (unsigned char *)b.p, .end = (unsigned char *)b.p + b.n};
        dm_asked_get(&w, sum, 3);
        ok(!w.bad && w.p == w.end, "read");
    }
    ok(sum[1].requests == 6 && sum[1].cost == UINT64_C(2) << 40 && sum[1].tokens_in == 2 << 20 &&
           dm_asked_is_empty(&sum[0]) && dm_asked_percentile(&sum[1], 0.5) > 95,
       "added");
    for (size_t n = 0; n < b.n; n++) {
        struct dm_asked none[3] = {{0}};
        struct dm_wire w = {.p = (unsigned char *)b.p, .end = (unsigned char *)b.p + n};
        dm_asked_get(&w, none, 3);
        ok(w.bad && dm_asked_is_empty(&none[1]), "%zu bytes are not enough", n);
    }
    struct dm_wire w = {.p = (unsigned char *)b.p, .end = (unsigned char *)b.p + b.n};
    dm_asked_get(&w, sum, 1);
    ok(w.bad, "of an operator that is not there");
    dm_buf_finish(&b);
}

int main(void)
{
    test_no_limit();
    test_rate();
    test_tokens();
    test_most_requests();
    test_most_cost();
    test_leaving();
    test_percentiles();
    test_account();
    return test_end("budget");
}
