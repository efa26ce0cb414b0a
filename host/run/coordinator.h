/* The coordinator: plans splits, hands them to workers, gives their output its place, commits, and
 * replaces workers that die. */
#ifndef DM_RUN_COORDINATOR_H
#define DM_RUN_COORDINATOR_H

#include "run/commit.h"

/* Runs the job to its end; `deliver` gets what a task's run commits. The outcome is the caller's to
 * free with dm_outcome_finish. */
void dm_coordinator_run(struct dm_job *job, dm_deliver *deliver, void *arg,
                        struct dm_outcome *outcome);

#endif
