/* `dmhost remote-pool`: the coordinator of calls, which a script that calls operators on an engine
 * (dm.remote) starts beside itself. It asks the engine for worker hosts, as a run does, hears
 * requests on descriptor 3, a line each, hands them to workers and answers on descriptor 4. */
#ifndef DM_CLUSTER_CALLS_H
#define DM_CLUSTER_CALLS_H

#include "run/coordinator.h"

/* Answers calls until there are none to come. The job says which engine, and what it is asked for.
 * Lines of requests are "NUMBER REQUEST", or "NUMBER" for one that nobody waits for any more; of
 * answers "NUMBER ANSWER", JSON both. Returns the exit status; what went wrong stands on stderr. */
int dm_calls_run(struct dm_job *job);

#endif
