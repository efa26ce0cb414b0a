/* Samples: a row's JSON object as a tree of spans that is read and edited in place and written back
 * with all that was not edited byte for byte. What Lua calls stands in lua/dm_ffi.h; this is for
 * who reads rows.
 *
 * A sample keeps its memory from row to row. It borrows the row's bytes until it is parsed into
 * again. */
#ifndef DM_JSON_SAMPLE_H
#define DM_JSON_SAMPLE_H

#include "base/buf.h"
#include "base/error.h"

enum { DM_JSON_DEPTH = 512, DM_JSON_DEPTH_MAX = 16384 };

struct dm_json_limits {
    uint32_t depth; /* of nesting; 0 stands for DM_JSON_DEPTH, and more than DM_JSON_DEPTH_MAX for
                       that */
};

/* An empty object. NULL when memory is short; caller frees with dm_sample_destroy. */
struct dm_sample *dm_sample_create(void);
void dm_sample_destroy(struct dm_sample *s);

/* Parses the row that starts at `row`. A '\n' must end it somewhere, and 64 bytes behind that must
 * be readable. *end is set to the '\n' in every case. utf8_known: the caller has found the row to
 * be UTF-8. DM_EINPUT when the row is not a valid JSON object (RFC 8259, strictly), is nested too
 * deeply, is not UTF-8 or is longer than 4 GiB; positions in messages count bytes of the row
 * from 1. limits may be NULL. Earlier nodes of the sample become stale in every case; after a
 * failure it is an empty object. */
int dm_sample_parse(struct dm_sample *s, const char *row, const char **end,
                    const struct dm_json_limits *limits, bool utf8_known, struct dm_error *err);

/* The same for a text of n bytes without newline, which is copied. It may be an array too. */
int dm_sample_parse_text(struct dm_sample *s, const char *text, size_t n,
                         const struct dm_json_limits *limits, struct dm_error *err);

/* Gives back the memory that a large row took. All nodes must have become stale. */
void dm_sample_trim(struct dm_sample *s);

/* Gives back the room for values that the sample does not need now; its nodes stay good. */
void dm_sample_tighten(struct dm_sample *s);

/* Whether anything was edited; if not, the row's own bytes are what dm_sample_write would write. */
bool dm_sample_touched(const struct dm_sample *s);

/* Appends the sample as JSON, without newline. DM_EMEMORY when memory is short. */
int dm_sample_write(struct dm_sample *s, struct dm_buf *out, struct dm_error *err);

#endif
