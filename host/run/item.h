/* A split under way in the coordinator, in a list in the order of the plan, from the first that has
 * not been committed to the last that has been planned. */
#ifndef DM_RUN_ITEM_H
#define DM_RUN_ITEM_H

#include "run/counts.h"
#include "run/plan.h"
#include "run/pool.h"

enum dm_item_state {
    DM_WAITING, /* for a worker */
    DM_RUNNING,
    DM_HELD,       /* it has been run; its worker holds the output until it has a place */
    DM_WRITTEN_OUT /* its output is in its place */
};

struct dm_item {
    struct dm_item *prev, *next;
    struct dm_item *queue_prev, *queue_next; /* WAITING: among others that do */
    struct dm_split split;
    enum dm_item_state state;
    bool probing;         /* RUNNING: only the suspect row, alone */
    struct dm_peer *peer; /* that runs it or holds its output */
    struct dm_peer *home; /* whose decompressor stands at its begin; NULL when that has gone */
    bool stream;          /* a piece of a compressed file: more may follow */
    bool last_of_stream;
    struct dm_point after;           /* the point of the input behind it */
    bool granted;                    /* the worker has been told the place */
    struct dm_place end[DM_STREAMS]; /* WRITTEN_OUT: where the next one goes */
    uint64_t input_bytes;            /* WRITTEN_OUT: of files, as they lie on disk, done with */
    uint64_t part_bytes[DM_STREAMS]; /* HELD as a part: how long it is */
    struct dm_counts counts;         /* of the last attempt */
    /* who killed its worker */
    bool suspected, probe_next;
    uint32_t suspect_range;
    uint64_t suspect;
    int32_t suspect_op;
    uint32_t crashes, kills;
    bool acquitted;      /* alone, the suspect did no harm */
    uint32_t leaks;      /* suspects that were acquitted, and memory ran short again */
    uint32_t hosts_lost; /* while they ran it, since the last suspect */
    char why[200];
};

struct dm_items {
    struct dm_item *first, *last;
    size_t n, ranges;                       /* how many, and ranges of input in them */
    struct dm_item *open;                   /* the first whose output is not in its place */
    struct dm_item *waiting, *waiting_last; /* for a worker, those to be handed out soon first */
};

/* A split without input yet, with counts for so many operators. NULL when memory is short; freed
 * with what it owns by dm_item_destroy. */
struct dm_item *dm_item_create(uint32_t nops);
void dm_item_destroy(struct dm_item *item);

/* Puts an item behind another, or at the end when `after` is NULL. */
void dm_items_insert(struct dm_items *list, struct dm_item *item, struct dm_item *after);

/* The item waits for a worker: with `soon` before all others that do. */
void dm_items_wait(struct dm_items *list, struct dm_item *item, bool soon);

/* It waits no more. */
void dm_items_take(struct dm_items *list, struct dm_item *item);

/* Its output is in its place: its input is not asked for any more. */
void dm_items_settle(struct dm_items *list, struct dm_item *item);

/* Takes an item out, which must not wait; the caller destroys it. */
void dm_items_remove(struct dm_items *list, struct dm_item *item);

/* Enters the suspect among the rows that are to be rejected; false when memory is short. */
bool dm_item_skip(struct dm_item *item, const char *why);

#endif
