/* How many requests to models a run may make, and when: rates of endpoints, which all workers share
 * (token buckets), and limits of the run. It is told the time and knows nothing of processes. */
#ifndef DM_RUN_BUDGET_H
#define DM_RUN_BUDGET_H

#include "base/error.h"
#include "run/wire.h"

/* What a worker wants, and what it gets, as parts of frames: false when memory is short; and back:
 * a frame that holds something else is marked as bad. */
bool dm_want_put(struct dm_buf *b, const struct dm_want *want);
void dm_want_get(struct dm_wire *w, struct dm_want *want);
bool dm_grant_put(struct dm_buf *b, const struct dm_grant *grant);
void dm_grant_get(struct dm_wire *w, struct dm_grant *grant);

/* Who wants requests: a worker. Zeroed in the beginning. */
struct dm_asker {
    uint64_t open;   /* requests that were granted to it and have not ended */
    uint64_t wanted; /* that it waits for */
};

struct dm_bucket;

struct dm_budget {
    uint64_t most_requests, most_cost; /* 0: no limit; cost in billionths */
    uint64_t requests, cost;           /* granted until now; what came of those that have ended */
    uint64_t open;                     /* granted to somebody who is there, and not ended */
    bool over;                         /* no more is granted */
    struct dm_bucket *buckets;         /* one for each endpoint */
};

/* Frees the buckets; the budget may be used again, without limits. */
void dm_budget_finish(struct dm_budget *b);

/* Notes what somebody wants, and what came of what he got before. DM_EINPUT when he
 * reports more than he was granted, DM_EMEMORY when there is none for an endpoint's bucket. `who`
 * is borrowed until dm_budget_leave; now_ms is any clock that only rises. */
int dm_budget_want(struct dm_budget *b, struct dm_asker *who, const struct dm_want *want,
                   double now_ms, struct dm_error *err);

/* The next grant, or that all is over, and whose it is: to be called until it is false, when nobody
 * gets anything at this time. */
bool dm_budget_next(struct dm_budget *b, double now_ms, struct dm_asker **who,
                    struct dm_grant *grant);

/* Somebody has gone. What was granted to him counts as used. */
void dm_budget_leave(struct dm_budget *b, struct dm_asker *who);

#endif
