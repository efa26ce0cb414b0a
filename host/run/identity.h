/* What a run was begun with, kept in the run directory, so that --resume can refuse when it has
 * changed: plan.json (pipeline, sources, settings; compared by Lua) and inputs (path, size and time
 * of each file). */
#ifndef DM_RUN_IDENTITY_H
#define DM_RUN_IDENTITY_H

#include "io/inputs.h"

/* Writes both files of a new run; `lasting`: it may be resumed, and they must be there whatever
 * happens. */
int dm_identity_write(const char *folder, const char *plan, const struct dm_inputs *in,
                      bool lasting, struct dm_error *err);

/* Compares the inputs with those that the run was begun with; the error names the first that
 * differs. */
int dm_identity_check(const char *folder, const struct dm_inputs *in, struct dm_error *err);

#endif
