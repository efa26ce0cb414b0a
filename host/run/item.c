#include "run/item.h"

#include <stdlib.h>

struct dm_item *dm_item_create(uint32_t nops)
{
    struct dm_item *item = calloc(1, sizeof *item);
    if (item && !dm_counts_init(&item->counts, nops)) {
        free(item);
        return NULL;
    }
    return item;
}

void dm_item_destroy(struct dm_item *item)
{
    if (!item)
        return;
    dm_split_finish(&item->split);
    dm_counts_finish(&item->counts);
    free(item);
}

void dm_items_insert(struct dm_items *list, struct dm_item *item, struct dm_item *after)
{
    item->prev = after ? after : list->last;
    item->next = item->prev ? item->prev->next : NULL;
    if (item->prev)
        item->prev->next = item;
    else
        list->first = item;
    if (item->next)
        item->next->prev = item;
    else
        list->last = item;
    list->n++;
    list->ranges += item->split.nranges;
    if (!list->open || list->open == item->next)
        list->open = item;
}

void dm_items_wait(struct dm_items *list, struct dm_item *item, bool soon)
{
    item->state = DM_WAITING;
    item->queue_prev = soon ? NULL : list->waiting_last;
    item->queue_next = soon ? list->waiting : NULL;
    *(item->queue_prev ? &item->queue_prev->queue_next : &list->waiting) = item;
    *(item->queue_next ? &item->queue_next->queue_prev : &list->waiting_last) = item;
}

void dm_items_take(struct dm_items *list, struct dm_item *item)
{
    *(item->queue_prev ? &item->queue_prev->queue_next : &list->waiting) = item->queue_next;
    *(item->queue_next ? &item->queue_next->queue_prev : &list->waiting_last) = item->queue_prev;
    item->queue_prev = item->queue_next = NULL;
}

static uint64_t input_bytes(const struct dm_item *item)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < item->split.nranges; i++) {
        const struct dm_range *r = &item->split.ranges[i];
        if (!item->stream)
            n += (r->end < r->size ? r->end : r->size) - r->start;
        else if (item->last_of_stream)
            n += r->size;
    }
    return n;
}

void dm_items_settle(struct dm_items *list, struct dm_item *item)
{
    item->state = DM_WRITTEN_OUT;
    item->input_bytes = input_bytes(item);
    list->ranges -= item->split.nranges;
    dm_split_forget(&item->split);
    list->ranges += item->split.nranges;
    while (list->open && list->open->state == DM_WRITTEN_OUT)
        list->open = list->open->next;
}

void dm_items_remove(struct dm_items *list, struct dm_item *item)
{
    if (list->open == item)
        list->open = item->next;
    if (item->prev)
        item->prev->next = item->next;
    else
        list->first = item->next;
    if (item->next)
        item->next->prev = item->prev;
    else
        list->last = item->prev;
    list->n--;
    list->ranges -= item->split.nranges;
}

bool dm_item_skip(struct dm_item *item, const char *why)
{
    struct dm_split *s = &item->split;
    struct dm_skip *list = realloc(s->skips, (s->nskips + 1) * sizeof *list);
    if (!list)
        return false;
    s->skips = list;
    list[s->nskips] = (struct dm_skip){.range = item->suspect_range,
                                       .offset = item->suspect,
                                       .op = item->suspect_op,
                                       .reason = strdup(why)};
    if (!list[s->nskips].reason)
        return false;
    s->nskips++;
    return true;
}
