/* Replies of models, kept in an SQLite file by a key that stands for the request. The coordinator
 * of a run writes; its workers, and other runs, read beside it (write-ahead log). */
#ifndef DM_RUN_REPLIES_H
#define DM_RUN_REPLIES_H

#include "base/buf.h"
#include "base/error.h"

struct dm_replies;

enum dm_replies_mode { DM_REPLIES_READ, DM_REPLIES_WRITE };

/* Opens the file; for writing it is made, with its folders, readable by its owner only. DM_EUSAGE
 * when it is something else than such a file. Gives NULL on an error. */
int dm_replies_open(struct dm_replies **r, const char *path, enum dm_replies_mode mode,
                    struct dm_error *err);

/* Closes the file; what waits is not written. NULL is allowed. */
void dm_replies_close(struct dm_replies *r);

/* Appends the reply of a key. Returns 1, 0 when there is none, or an error below zero. */
int dm_replies_find(struct dm_replies *r, const char *key, struct dm_buf *reply,
                    struct dm_error *err);

/* Sees from the next dm_replies_find on what has been written meanwhile; to be called now and then.
 * A status. */
int dm_replies_rest(struct dm_replies *r, struct dm_error *err);

/* Has a reply wait for the next dm_replies_flush. */
int dm_replies_put(struct dm_replies *r, const char *key, const char *reply, size_t n,
                   struct dm_error *err);

/* For how many milliseconds the oldest reply has waited, at least 1; 0 when none waits. */
uint64_t dm_replies_waiting(struct dm_replies *r);

/* Makes what has been put until now durable, in one transaction. May run in any thread beside
 * dm_replies_put and another dm_replies_flush; both have then written all. */
int dm_replies_flush(struct dm_replies *r, struct dm_error *err);

#endif
