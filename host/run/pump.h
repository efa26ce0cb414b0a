/* Rows to standard output: a thread copies what has been committed from the run's file, and gives
 * the disk space back behind it. */
#ifndef DM_RUN_PUMP_H
#define DM_RUN_PUMP_H

#include "base/error.h"

#include <stdbool.h>
#include <uv.h>

struct dm_pump {
    uv_loop_t *loop;
    uv_work_t work;
    char *path;
    int fd;
    uint64_t written, until; /* offsets in the file */
    bool busy;
    bool reader_gone; /* nobody reads standard output any more */
    void (*on_written)(void *arg);
    void *arg;
    _Atomic bool cancelled;
    int rc;
    struct dm_error err;
};

/* Opens the run's file, which is made when it is not there. DM_EIO: it can not be; dm_pump_finish
 * in any case. */
int dm_pump_start(struct dm_pump *p, uv_loop_t *loop, const char *path, void (*on_written)(void *),
                  void *arg, struct dm_error *err);

/* Copies on to `until`; on_written is called on the loop when that is done or has failed. */
void dm_pump_to(struct dm_pump *p, uint64_t until);

/* Tells the thread to stop soon. */
void dm_pump_cancel(struct dm_pump *p);

/* Closes and removes the file; the thread must have stopped. */
void dm_pump_finish(struct dm_pump *p);

#endif
