/* The job that Lua fills in and the coordinator runs. struct dm_job stands in lua/dm_ffi.h. */
#ifndef DM_RUN_JOB_H
#define DM_RUN_JOB_H

#include "io/inputs.h"

/* The inputs that were added to the job. Borrowed. */
struct dm_inputs *dm_job_inputs(struct dm_job *job);

/* The job, when one has been made; else NULL. */
struct dm_job *dm_job_made(void);

/* Frees what a run left in its outcome, and lets others have its run directory. */
void dm_outcome_finish(struct dm_outcome *outcome);

#endif
