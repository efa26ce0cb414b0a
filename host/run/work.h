/* Running one split: rows come in, Lua decides, and outputs, rejects, ledger and counts come out.
 */
#ifndef DM_RUN_WORK_H
#define DM_RUN_WORK_H

#include "io/input.h"
#include "run/board.h"
#include "run/counts.h"
#include "run/settings.h"

/* What came of a split. It outlives the work, until its output has a place. */
struct dm_result {
    struct dm_result *next;
    uint64_t split;
    uint32_t attempt;
    bool probe, part, done;
    bool input_ended; /* the last range's file ended before the range did */
    struct dm_output out[DM_STREAMS];
    struct dm_counts counts;
};

struct dm_work;

/* Makes what a worker needs to run splits one after another. All arguments are borrowed until
 * dm_work_destroy. NULL when memory is short. */
struct dm_work *dm_work_create(const struct dm_settings *settings, struct dm_board *board);
void dm_work_destroy(struct dm_work *w);

/* Begins a split (borrowed until dm_work_end) whose outcome goes to `result`. */
int dm_work_begin(struct dm_work *w, const struct dm_split *split, struct dm_result *result,
                  struct dm_error *err);

/* The split at work as Lua sees it. */
struct dm_rows *dm_work_rows(struct dm_work *w);

/* Ends the split after Lua returned: flushes outputs. `rc` is what Lua answered. */
int dm_work_end(struct dm_work *w, int rc, struct dm_error *err);

/* Called between blocks of input, and every 100 ms between batches: a worker looks for messages
 * here. */
typedef int dm_work_idle(void *arg, struct dm_error *err);
void dm_work_on_idle(struct dm_work *w, dm_work_idle *idle, void *arg);

/* `tell` is called before a row of a told split is worked on, when it stands on the board; `worked`
 * when an operator has worked on a row: on any, with `all`, else where those are worked on one at a
 * time. */
typedef void dm_work_tell(void *arg);
void dm_work_on_row(struct dm_work *w, dm_work_tell *tell, dm_work_tell *worked, bool all,
                    void *arg);

/* Operators that fork leave a child which would go on with the rows as if it were the worker: it
 * ends as soon as it comes back from the operator. */
void dm_rows_watch_forks(void);
void dm_rows_leave_fork(void);

/* What a split will come to, with counts for so many operators. NULL when memory is short; freed,
 * its files closed, by dm_result_destroy. */
struct dm_result *dm_result_create(const struct dm_split *split, uint32_t nops);
void dm_result_destroy(struct dm_result *r);

#endif
