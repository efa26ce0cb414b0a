/* What has happened in a session and was not told yet, oldest first. */
#ifndef DM_TRACE_EVENTS_H
#define DM_TRACE_EVENTS_H

#include "base/buf.h"

struct dm_pending {
    struct dm_pending *next;
    struct dm_event event;
    char text[]; /* the event's */
};

struct dm_events {
    struct dm_pending *first, **last;
};

/* Adds an event with a copy of n bytes of text. Without memory it is lost: a session is for
 * looking. */
void dm_events_add(struct dm_events *e, struct dm_event event, const char *text, size_t n);

/* Takes the oldest; the caller frees it. NULL when there is none. */
struct dm_pending *dm_events_take(struct dm_events *e);

/* Removes all of a kind. */
void dm_events_drop(struct dm_events *e, int kind);

#endif
