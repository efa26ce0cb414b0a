/* Events of a session: in their order, and without those that nobody waits for any longer. */
#include "trace/events.h"
#include "test.h"

#include <stdlib.h>

static void add(struct dm_events *e, int kind, const char *text)
{
    dm_events_add(e, (struct dm_event){.kind = kind}, text, strlen(text));
}

static bool next_is(struct dm_events *e, const char *text)
{
    struct dm_pending *p = dm_events_take(e);
    bool is = p && strcmp(p->text, text) == 0;
    free(p);
    return is;
}

static void test_drop(void)
{
    struct dm_events e = {0};
    dm_events_drop(&e, DM_EVENT_REPLY);
    add(&e, DM_EVENT_REPLY, "stale");
    add(&e, DM_EVENT_KEY, "a");
    add(&e, DM_EVENT_REPLY, "stale, too");
    add(&e, DM_EVENT_FILE, "b");
    add(&e, DM_EVENT_REPLY, "and the last");
    dm_events_drop(&e, DM_EVENT_REPLY);
    add(&e, DM_EVENT_REPLY, "fresh");
    ok(next_is(&e, "a") && next_is(&e, "b") && next_is(&e, "fresh"), "what is left, in order");
    ok(!dm_events_take(&e), "and no more");
    add(&e, DM_EVENT_LOST, "one");
    dm_events_drop(&e, DM_EVENT_LOST);
    add(&e, DM_EVENT_KEY, "another");
    ok(next_is(&e, "another") && !dm_events_take(&e), "all dropped, and on");
}

int main(void)
{
    test_drop();
    return test_end("events");
}
