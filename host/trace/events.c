#include "trace/events.h"

#include <stdlib.h>
#include <uv.h>

double dm_session_now(void)
{
    return (double)uv_hrtime() / 1e6;
}

void dm_events_add(struct dm_events *e, struct dm_event event, const char *text, size_t n)
{
    struct dm_pending *p = malloc(sizeof *p + n + 1);
    if (!p)
        return;
    p->next = NULL;
    p->event = event;
    p->event.text = p->text;
    p->event.n = n;
    p->event.ms = dm_session_now();
    if (n)
        memcpy(p->text, text, n);
    p->text[n] = 0;
    if (!e->first)
        e->last = &e->first;
    *e->last = p;
    e->last = &p->next;
}

struct dm_pending *dm_events_take(struct dm_events *e)
{
    struct dm_pending *p = e->first;
    if (p)
        e->first = p->next;
    return p;
}

void dm_events_drop(struct dm_events *e, int kind)
{
    struct dm_pending **at = &e->first, *p;
    while ((p = *at)) {
        if (p->event.kind == kind) {
            *at = p->next;
            free(p);
        } else {
            at = &p->next;
        }
    }
    e->last = at;
}
