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
}

void dm_items_remove(struct dm_items *list, struct dm_item *item)
{
    if (item->prev)
        item->prev->next = item->next;
    else
        list->first = item->next;
    if (item->next)
        item->next->prev = item->prev;
    else
        list->last = item->prev;
    list->n--;
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
