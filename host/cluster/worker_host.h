/* `dmhost worker-host`: the one process that an engine starts on a node. It dials the coordinator,
 * runs as many workers as it is told to, carries frames between them and the coordinator, and tells
 * how workers end. A worker host that does not hear the coordinator ends, and its workers with it.
 */
#ifndef DM_CLUSTER_WORKER_HOST_H
#define DM_CLUSTER_WORKER_HOST_H

/* Takes what it needs from the environment: DM_CONNECT, DM_NAME, DM_TOKEN, DM_SLOTS. Returns the
 * exit status. */
int dm_worker_host_main(void);

#endif
