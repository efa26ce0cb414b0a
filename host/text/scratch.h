/* Memory that the kernels use over and over, and the choice of vector paths. One thread only. */
#ifndef DM_TEXT_SCRATCH_H
#define DM_TEXT_SCRATCH_H

#include "base/buf.h"

#include <stdbool.h>

/* Whether the AVX2 paths are used: the processor has them and dm_text_plain is not set. */
bool dm_text_wide(void);

/* Set by tests, which compare the portable paths with the vector paths. */
extern bool dm_text_plain;

/* Work space of a kernel; zeroed at first, static, and kept between calls until dm_text_trim. */
enum {
    DM_SCRATCH_OUT,
    DM_SCRATCH_TABLE,
    DM_SCRATCH_LIST,
    DM_SCRATCH_UNITS,
    DM_SCRATCH_SPLIT,
    DM_SCRATCH_PIECES,
    DM_SCRATCH_CUTS,
    DM_SCRATCH_SLOTS,
    DM_SCRATCH_KEYS,
    DM_SCRATCH_KEY_TEXT,
    DM_SCRATCH_LOWER,
    DM_SCRATCH_ROWS,
    DM_SCRATCH_MACROS,
    DM_SCRATCH_MATCHES,
    DM_SCRATCH_FIX,
    DM_SCRATCH_FIXED,
    DM_SCRATCH_ENTRIES,
    DM_SCRATCH_SPANS,
    DM_SCRATCH_MARKS,
    DM_SCRATCH_FOUND,
    DM_SCRATCH_COUNT
};
struct dm_buf *dm_scratch_get(int which);

/* Room for so many bytes in a work space; what was in it may be lost. NULL when memory is short.
 * Borrowed until the next call for the same work space. */
void *dm_scratch_room(int which, size_t bytes);

/* Writes a replacement to out: the parts of t, with groups taken from the subject p as spans tells
 * (start SIZE_MAX: the group took no part in the match). False when memory is short. */
bool dm_template_add(struct dm_buf *out, const struct dm_template *t, const char *p,
                     const struct dm_text_span *spans, int32_t groups);

#endif
