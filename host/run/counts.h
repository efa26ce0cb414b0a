/* The account of rows: for a split, and summed for a run. For the whole and for each operator,
 * in + made = out + dropped + rejected. */
#ifndef DM_RUN_COUNTS_H
#define DM_RUN_COUNTS_H

#include "run/wire.h"

/* Makes zeroed counts for that many operators; false when memory is short. */
bool dm_counts_init(struct dm_counts *c, uint32_t nops);
void dm_counts_finish(struct dm_counts *c);
void dm_counts_clear(struct dm_counts *c);

/* Counts one row for a reason. Over DM_REASONS_PER_OP different ones, an operator's further reasons
 * are counted together as "other reasons". */
bool dm_counts_reason(struct dm_counts *c, int32_t op, bool rejected, const char *text, size_t n,
                      uint64_t times);

/* Adds all of `from`, whose rows come behind those counted so far. */
bool dm_counts_add(struct dm_counts *c, const struct dm_counts *from);

/* Puts the counts into a frame. False when memory is short. */
bool dm_counts_put(struct dm_buf *b, const struct dm_counts *c);

/* Reads into initialised counts with the same number of operators, or marks the frame as bad. */
void dm_counts_get(struct dm_wire *w, struct dm_counts *c);

/* All rows that were rejected, by the input or an operator. */
uint64_t dm_counts_rejected(const struct dm_counts *c);

#endif
