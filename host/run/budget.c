#include "run/budget.h"

#include <math.h>
#include <stdlib.h>

/* What is saved up of a rate while nobody asks; endpoints, and requests that are waited for, of a
 * worker that is in its senses. */
enum { BURST_MS = 1000, MINUTE_MS = 60000, MOST_BUCKETS = 1024, MOST_WANTED = 1000000 };

/* Of wants and grants, all of whose fields are 64 bits wide. */
static bool put_fields(struct dm_buf *b, const void *record, size_t bytes)
{
    bool ok = true;
    for (size_t at = 0; at < bytes && ok; at += sizeof(uint64_t)) {
        uint64_t field;
        memcpy(&field, (const char *)record + at, sizeof field);
        ok = dm_put_u64(b, field);
    }
    return ok;
}

static void get_fields(struct dm_wire *w, void *record, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
        uint64_t field = dm_get_u64(w);
        memcpy((char *)record + at, &field, sizeof field);
    }
}

bool dm_want_put(struct dm_buf *b, const struct dm_want *want)
{
    return put_fields(b, want, sizeof *want);
}

void dm_want_get(struct dm_wire *w, struct dm_want *want)
{
    get_fields(w, want, sizeof *want);
}

bool dm_grant_put(struct dm_buf *b, const struct dm_grant *grant)
{
    return put_fields(b, grant, sizeof *grant);
}

void dm_grant_get(struct dm_wire *w, struct dm_grant *grant)
{
    get_fields(w, grant, sizeof *grant);
}

/* Somebody's requests, first come, first served. */
struct wanted {
    struct wanted *next;
    struct dm_asker *who;
    uint64_t n, tokens, cost;
};

/* What may be used now of something with a rate; less than zero while a debt is paid off. */
struct level {
    double rate; /* in a millisecond; 0: no limit */
    double most, now;
};

struct dm_bucket {
    struct dm_bucket *next;
    uint64_t endpoint;
    struct level requests, tokens;
    double filled_ms;
    struct wanted *first, **end;
};

static void set_rate(struct level *l, uint64_t per_minute)
{
    double rate = (double)per_minute / MINUTE_MS;
    if (rate == l->rate)
        return;
    l->rate = rate;
    l->most = fmax(1, rate * BURST_MS);
    l->now = l->most;
}

static void fill(struct level *l, double ms)
{
    l->now = fmin(l->most, l->now + l->rate * ms);
}

/* More than is ever saved up may be taken at once, and is paid off afterwards. */
static bool holds(const struct level *l, double n)
{
    return l->rate == 0 || l->now >= fmin(n, l->most);
}

static void take(struct level *l, double n)
{
    if (l->rate > 0)
        l->now = fmin(l->most, l->now - n);
}

static struct dm_bucket *bucket_of(struct dm_budget *b, uint64_t endpoint, double now_ms)
{
    struct dm_bucket **at = &b->buckets;
    for (int n = 0; *at && (*at)->endpoint != endpoint; at = &(*at)->next)
        if (++n == MOST_BUCKETS)
            return NULL;
    if (!*at && (*at = calloc(1, sizeof **at))) {
        (*at)->endpoint = endpoint;
        (*at)->filled_ms = now_ms;
        (*at)->end = &(*at)->first;
    }
    return *at;
}

void dm_budget_finish(struct dm_budget *b)
{
    struct dm_bucket *next;
    for (struct dm_bucket *k = b->buckets; k; k = next) {
        struct wanted *following;
        for (struct wanted *w = k->first; w; w = following) {
            following = w->next;
            free(w);
        }
        next = k->next;
        free(k);
    }
    b->buckets = NULL;
}

/* What requests that have ended took, beyond what was thought when they were granted. */
static void settle(struct dm_budget *b, struct dm_bucket *k, struct dm_asker *who,
                   const struct dm_want *want)
{
    who->open -= want->ended;
    b->open -= want->ended;
    b->requests -= want->returned;
    uint64_t less = want->more_cost < 0 ? -(uint64_t)want->more_cost : 0;
    b->cost =
        less ? b->cost - (less < b->cost ? less : b->cost) : b->cost + (uint64_t)want->more_cost;
    take(&k->requests, -(double)want->returned);
    take(&k->tokens, (double)want->more_tokens);
}

static bool add(struct dm_bucket *k, struct dm_asker *who, const struct dm_want *want)
{
    struct wanted *w = calloc(1, sizeof *w);
    if (!w)
        return false;
    *w = (struct wanted){.who = who, .n = want->n, .tokens = want->tokens, .cost = want->cost};
    *k->end = w;
    k->end = &w->next;
    who->wanted += want->n;
    return true;
}

int dm_budget_want(struct dm_budget *b, struct dm_asker *who, const struct dm_want *want,
                   double now_ms, struct dm_error *err)
{
    if (want->ended > who->open || want->returned > want->ended ||
        want->n > MOST_WANTED - who->wanted)
        return dm_fail(err, DM_EINPUT, "malformed message from a worker");
    struct dm_bucket *k = bucket_of(b, want->endpoint, now_ms);
    if (!k)
        return dm_fail(err, DM_EUSAGE, "more than %d models are asked", MOST_BUCKETS);
    set_rate(&k->requests, want->requests_per_minute);
    set_rate(&k->tokens, want->tokens_per_minute);
    settle(b, k, who, want);
    return !want->n || add(k, who, want) ? DM_OK : dm_fail_memory(err);
}

static void drop_first(struct dm_bucket *k)
{
    struct wanted *w = k->first;
    k->first = w->next;
    if (!k->first)
        k->end = &k->first;
    free(w);
}

/* Whether the run's limits leave room for one of these requests. While others are under way it is
 * not known what they cost: then it is not over yet. */
static bool within_limits(struct dm_budget *b, const struct wanted *w)
{
    bool requests = !b->most_requests || b->requests < b->most_requests;
    bool cost = !b->most_cost || b->cost + w->cost / w->n <= b->most_cost;
    b->over = (!requests || !cost) && b->open == 0;
    return requests && cost;
}

/* Takes one request of those that are wanted; false when it is not its time. */
static bool take_one(struct dm_budget *b, struct dm_bucket *k, struct wanted *w)
{
    uint64_t tokens = w->tokens / w->n, cost = w->cost / w->n;
    if (!within_limits(b, w) || !holds(&k->requests, 1) || !holds(&k->tokens, (double)tokens))
        return false;
    take(&k->requests, 1);
    take(&k->tokens, (double)tokens);
    b->requests++;
    b->open++;
    w->who->open++;
    b->cost += cost;
    w->n--;
    w->tokens -= tokens;
    w->cost -= cost;
    return true;
}

/* What the first in a bucket's queue gets now. */
static bool grant_first(struct dm_budget *b, struct dm_bucket *k, struct dm_asker **who,
                        struct dm_grant *grant)
{
    struct wanted *w = k->first;
    *who = w->who;
    *grant = (struct dm_grant){.endpoint = k->endpoint};
    while (!b->over && w->n && take_one(b, k, w))
        grant->n++;
    grant->over = b->over && !grant->n;
    w->who->wanted -= grant->over ? w->n : grant->n;
    if (grant->over || !w->n)
        drop_first(k);
    return grant->n || grant->over;
}

bool dm_budget_next(struct dm_budget *b, double now_ms, struct dm_asker **who,
                    struct dm_grant *grant)
{
    for (struct dm_bucket *k = b->buckets; k; k = k->next) {
        fill(&k->requests, now_ms - k->filled_ms);
        fill(&k->tokens, now_ms - k->filled_ms);
        k->filled_ms = now_ms;
        if (k->first && grant_first(b, k, who, grant))
            return true;
    }
    return false;
}

static void forget(struct dm_bucket *k, const struct dm_asker *who)
{
    struct wanted **at = &k->first;
    while (*at) {
        struct wanted *w = *at;
        if (w->who != who) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free(w);
    }
    k->end = at;
}

void dm_budget_leave(struct dm_budget *b, struct dm_asker *who)
{
    for (struct dm_bucket *k = b->buckets; k; k = k->next)
        forget(k, who);
    b->open -= who->open;
    *who = (struct dm_asker){0};
}
