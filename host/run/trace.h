/* Tracing in a worker: rows come as bytes, one at a time, and Lua tells what every operator did to
 * them. */
#ifndef DM_RUN_TRACE_H
#define DM_RUN_TRACE_H

#include "run/board.h"
#include "run/settings.h"

struct dm_tracer;

/* Arguments are borrowed until dm_tracer_destroy. NULL when memory is short. */
struct dm_tracer *dm_tracer_create(const struct dm_settings *settings, struct dm_board *board);
void dm_tracer_destroy(struct dm_tracer *t);

/* Begins a request (borrowed) with an empty reply; what Lua is to see of it. */
struct dm_trace *dm_tracer_request(struct dm_tracer *t, const char *p, size_t n);

#endif
