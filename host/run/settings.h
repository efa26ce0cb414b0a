/* What coordinator and workers agree on for a run. */
#ifndef DM_RUN_SETTINGS_H
#define DM_RUN_SETTINGS_H

#include "run/split.h"

/* struct dm_settings stands in lua/dm_ffi.h, since Lua fills it in. */

/* The settings as part of a frame, and back; texts are then copies that dm_settings_finish frees.
 */
bool dm_settings_put(struct dm_buf *b, const struct dm_settings *s);
int dm_settings_get(struct dm_wire *w, struct dm_settings *s, struct dm_error *err);
void dm_settings_finish(struct dm_settings *s);

/* The streams of a run: its rows, rejects and ledger. Borrows texts of the settings. */
void dm_settings_streams(const struct dm_settings *s, struct dm_stream streams[DM_STREAMS]);

/* Name of operator i; "input" for -1. Writes at most n bytes with the final NUL. */
void dm_settings_op_name(const struct dm_settings *s, int32_t i, char *buf, size_t n);

#endif
