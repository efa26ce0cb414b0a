/* The worker hosts of a run, as the coordinator sees them: asked for from the engine, let in, given
 * workers to run, watched, replaced. To the rest of the coordinator their workers are peers like
 * those of this machine. */
#ifndef DM_CLUSTER_HOSTS_H
#define DM_CLUSTER_HOSTS_H

#include "run/coordinator.h"

struct dm_hosts;

/* All of them, for the coordinator. */
extern const struct dm_elsewhere dm_elsewhere;

/* Opens the door and the engine that the job names and asks for the worker hosts; sets c->hosts.
 * On an error, too, when it got that far: dm_hosts_close follows in any case. */
int dm_hosts_start(struct dm_coordinator *c, struct dm_error *err);

/* To be called some times a second: says and hears that everybody is there, replaces who is lost,
 * tells people what is waited for. */
void dm_hosts_tick(struct dm_coordinator *c);

/* The worker has ended, its worker host has not: another is started there. */
void dm_hosts_replace(struct dm_peer *peer);

/* The run is over: worker hosts end, their workers are lost. */
void dm_hosts_close(struct dm_coordinator *c);

/* Frees what is left when the loop has ended. */
void dm_hosts_free(struct dm_coordinator *c);

#endif
