/* Lines of the ledger and of the rejects file: why a row did not come out. */
#ifndef DM_RUN_RECORD_H
#define DM_RUN_RECORD_H

#include "base/buf.h"

struct dm_record {
    int32_t op; /* from 0; -1 for the input */
    const char *op_name;
    const char *file; /* row id: file@offset, then child ("" or "#1" ...) */
    uint64_t offset;
    const char *child;
    bool rejected; /* else dropped */
    const char *reason;
    size_t reason_bytes;
    bool has_value; /* what the operator measured */
    double value;
    const char *input; /* rejects: the row's bytes */
    size_t input_bytes;
    bool cut; /* ... of which these are only the first */
};

/* Appends one line of JSON; false when memory is short. */
bool dm_record_ledger(struct dm_buf *b, const struct dm_record *r);
bool dm_record_reject(struct dm_buf *b, const struct dm_record *r);

#endif
