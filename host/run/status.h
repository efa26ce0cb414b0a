/* What others see of a run that is under way, in its run directory: status.json, written anew about
 * once a second and gone when the run has ended; `log`, what it told people; and `cancel`, the file
 * with which they end it. */
#ifndef DM_RUN_STATUS_H
#define DM_RUN_STATUS_H

#include "base/buf.h"

#include <uv.h>

struct dm_coordinator;

struct dm_status {
    uv_work_t work;
    struct dm_buf text;
    uint64_t written_ms, count;
    int64_t began; /* seconds since 1970 */
    char host[256];
    int log;      /* descriptor; -1: none */
    int asked;    /* what stands in the file `cancel`: DM_ASKED_... */
    bool writing; /* in another thread */
};
enum { DM_ASKED_NOTHING, DM_ASKED_STOP, DM_ASKED_NOW };

/* Begins: the run directory is ours. A request to end an earlier run is forgotten. */
int dm_status_open(struct dm_coordinator *c, struct dm_error *err);

/* Writes the file and looks for a request when it is time; then stops the run. */
void dm_status_tick(struct dm_coordinator *c);

/* Appends a line to the log. That it can not is no reason to end a run. */
void dm_status_log(struct dm_coordinator *c, const char *text);

/* The run has ended. */
void dm_status_close(struct dm_coordinator *c);

#endif
