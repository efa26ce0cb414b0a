/* The coordinator: plans splits, hands them to workers, gives their output its place, commits, and
 * replaces workers that die. */
#ifndef DM_RUN_COORDINATOR_H
#define DM_RUN_COORDINATOR_H

#include "run/commit.h"

struct dm_coordinator;
struct dm_peer;

/* Who sees to workers on other nodes, which the coordinator has as peers like those of this
 * machine: cluster/hosts.h. */
struct dm_elsewhere {
    int (*start)(struct dm_coordinator *c, struct dm_error *err);
    void (*tick)(struct dm_coordinator *c);
    void (*replace)(struct dm_peer *peer);
    void (*close)(struct dm_coordinator *c);
    void (*free)(struct dm_coordinator *c);
};

/* Runs the job to its end; `elsewhere` starts its workers where it names an engine, `deliver` gets
 * what a task's run commits. The outcome is the caller's to free with dm_outcome_finish. */
void dm_coordinator_run(struct dm_job *job, const struct dm_elsewhere *elsewhere,
                        dm_deliver *deliver, void *arg, struct dm_outcome *outcome);

#endif
