/* The journal of a run: how far its output is safe on disk. A record is written after the data it
 * speaks of has been synced; the last whole record is what a resumed run goes on from. */
#ifndef DM_RUN_JOURNAL_H
#define DM_RUN_JOURNAL_H

#include "run/counts.h"
#include "run/plan.h"

struct dm_frontier {
    struct dm_point input;          /* everything before it has been committed */
    struct dm_place at[DM_STREAMS]; /* where the next split's output goes */
    uint64_t splits;                /* committed so far */
    struct dm_counts counts;
};

struct dm_journal {
    int fd;
    uint64_t size;
    char *path;
};

/* Opens RUN/journal, or makes it. Returns an error below zero. */
int dm_journal_open(struct dm_journal *j, const char *folder, struct dm_error *err);
void dm_journal_close(struct dm_journal *j);

/* Reads the last whole record into a frontier whose counts are initialised. Returns 1, 0 when there
 * is none, or an error below zero when the journal is of another pipeline. */
int dm_journal_last(struct dm_journal *j, struct dm_frontier *f, struct dm_error *err);

/* Makes the record's bytes; they are then written by dm_journal_append, perhaps by another thread.
 */
bool dm_journal_record(struct dm_buf *b, const struct dm_frontier *f);

/* Writes the record and syncs it. The file is begun anew now and then, so that it does not grow. */
int dm_journal_append(struct dm_journal *j, const struct dm_buf *record, struct dm_error *err);

#endif
