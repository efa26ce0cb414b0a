/* Signals that ask a run to stop (SIGINT, SIGTERM, SIGHUP). They are counted and looked at between
 * other things, since the coordinator's loop stands still while a worker inside it runs a split. */
#ifndef DM_RUN_SIGNALS_H
#define DM_RUN_SIGNALS_H

#include <stdbool.h>

/* Begins to catch them, none so far; or lets them end the process again. A SIGHUP that is ignored,
 * as under nohup, stays so. With a worker inside, the second ends it when nobody has looked for a
 * while. */
void dm_signals_catch(bool on, bool with_worker);

/* How many have come. */
int dm_signals_count(void);

#endif
