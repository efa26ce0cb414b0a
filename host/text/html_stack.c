#include "text/html_stack.h"

#include "text/html.h"
#include "text/scratch.h"

#include <string.h>

struct piece {
    size_t start, end; /* of the text that was read */
    uint32_t next;
};

static struct piece *piece_at(const struct dm_html_stack *s, uint32_t i)
{
    return (struct piece *)(void *)s->pieces->p + i;
}

void dm_html_stack_begin(struct dm_html_stack *s)
{
    const struct piece none = {0};
    s->text = dm_scratch_get(DM_SCRATCH_KEY_TEXT);
    s->pieces = dm_scratch_get(DM_SCRATCH_ROWS);
    s->contexts = dm_scratch_get(DM_SCRATCH_MATCHES);
    s->depth = 0;
    dm_buf_clear(s->text);
    dm_buf_clear(s->pieces);
    dm_buf_clear(s->contexts);
    s->failed = !dm_buf_add(s->pieces, &none, sizeof none) || !dm_buf_reserve(s->text, 1);
    dm_html_stack_push(s, DM_IN_BASE, 0);
}

bool dm_html_stack_write(struct dm_html_stack *s, struct dm_buf *out)
{
    dm_html_stack_pop_to(s, DM_IN_BASE);
    dm_buf_clear(out);
    for (uint32_t i = dm_html_stack_top(s)->first; i; i = piece_at(s, i)->next) {
        const struct piece *piece = piece_at(s, i);
        if (!dm_buf_add(out, s->text->p + piece->start, piece->end - piece->start))
            return false;
    }
    return true;
}

struct dm_html_context *dm_html_stack_top(const struct dm_html_stack *s)
{
    return (struct dm_html_context *)(void *)(s->contexts->p + s->contexts->n) - 1;
}

void dm_html_stack_push(struct dm_html_stack *s, int kind, int tag)
{
    const struct dm_html_context c = {.kind = (uint8_t)kind, .tag = (uint8_t)tag};
    s->failed |= !dm_buf_add(s->contexts, &c, sizeof c);
    s->depth += kind == DM_IN_FOREIGN || kind == DM_IN_ISLAND;
}

static bool has_list(const struct dm_html_context *c)
{
    return c->kind == DM_IN_BASE || c->kind == DM_IN_TABLE;
}

static bool is_structure(const struct dm_html_context *c)
{
    return c->kind == DM_IN_TABLE || c->kind == DM_IN_GROUP || c->kind == DM_IN_ROW;
}

bool dm_html_stack_in_structure(const struct dm_html_stack *s)
{
    return is_structure(dm_html_stack_top(s));
}

/* Appends the pieces from first to last to a list. */
static void append(struct dm_html_stack *s, struct dm_html_context *list, uint32_t first,
                   uint32_t last)
{
    if (!first)
        return;
    if (list->first)
        piece_at(s, list->last)->next = first;
    else
        list->first = first;
    list->last = last;
}

void dm_html_stack_pop(struct dm_html_stack *s)
{
    struct dm_html_context gone = *dm_html_stack_top(s);
    s->contexts->n -= sizeof gone;
    s->depth -= gone.kind == DM_IN_FOREIGN || gone.kind == DM_IN_ISLAND;
    if (gone.kind != DM_IN_TABLE)
        return;
    struct dm_html_context *list = dm_html_stack_top(s);
    while (!has_list(list))
        list--;
    append(s, list, gone.first, gone.last);
}

/* The list that text goes to now; fostered: text that a part of a table can not hold. */
static struct dm_html_context *current_list(const struct dm_html_stack *s, bool fostered)
{
    struct dm_html_context *c = dm_html_stack_top(s);
    while (c->kind == DM_IN_SELECT || c->kind == DM_IN_FOREIGN || c->kind == DM_IN_ISLAND)
        c--;
    bool outside = is_structure(c) && (fostered || c != dm_html_stack_top(s) || c->inner);
    while (!has_list(c))
        c--;
    if (outside)
        for (c--; !has_list(c);)
            c--;
    return c;
}

void dm_html_stack_add(struct dm_html_stack *s, size_t start, size_t end, bool fostered)
{
    struct dm_html_context *list = current_list(s, fostered);
    struct piece piece = {start, end, 0};
    uint32_t i = (uint32_t)(s->pieces->n / sizeof piece);
    if (list->first && piece_at(s, list->last)->end == start) {
        piece_at(s, list->last)->end = end;
        return;
    }
    if (!dm_buf_add(s->pieces, &piece, sizeof piece))
        s->failed = true;
    else
        append(s, list, i, i);
}

static bool is_cell(int tag)
{
    return tag == DM_TAG_td || tag == DM_TAG_th;
}

static bool is_group(int tag)
{
    return tag == DM_TAG_tbody || tag == DM_TAG_thead || tag == DM_TAG_tfoot;
}

bool dm_html_is_part(int tag)
{
    return is_cell(tag) || is_group(tag) || tag == DM_TAG_tr || tag == DM_TAG_caption ||
           tag == DM_TAG_col || tag == DM_TAG_colgroup;
}

bool dm_html_stack_in_table(const struct dm_html_stack *s, int kind, int tag)
{
    for (const struct dm_html_context *c = dm_html_stack_top(s); c->kind != DM_IN_BASE; c--) {
        if ((!kind || c->kind == kind) && (!tag || c->tag == tag))
            return true;
        if (c->kind == DM_IN_TABLE)
            return false;
    }
    return false;
}

void dm_html_stack_pop_to(struct dm_html_stack *s, int kind)
{
    while (dm_html_stack_top(s)->kind != kind && dm_html_stack_top(s)->kind != DM_IN_BASE)
        dm_html_stack_pop(s);
    dm_html_stack_top(s)->inner = 0;
}

void dm_html_stack_open_part(struct dm_html_stack *s, int tag)
{
    if (!dm_html_stack_in_table(s, DM_IN_TABLE, 0))
        return;
    if (is_cell(tag)) {
        dm_html_stack_pop_to(s, dm_html_stack_in_table(s, DM_IN_ROW, 0)     ? DM_IN_ROW
                                : dm_html_stack_in_table(s, DM_IN_GROUP, 0) ? DM_IN_GROUP
                                                                            : DM_IN_TABLE);
        if (dm_html_stack_top(s)->kind == DM_IN_TABLE)
            dm_html_stack_push(s, DM_IN_GROUP, DM_TAG_tbody);
        if (dm_html_stack_top(s)->kind == DM_IN_GROUP)
            dm_html_stack_push(s, DM_IN_ROW, DM_TAG_tr);
        dm_html_stack_push(s, DM_IN_CELL, tag);
    } else if (tag == DM_TAG_tr) {
        dm_html_stack_pop_to(s,
                             dm_html_stack_in_table(s, DM_IN_GROUP, 0) ? DM_IN_GROUP : DM_IN_TABLE);
        if (dm_html_stack_top(s)->kind == DM_IN_TABLE)
            dm_html_stack_push(s, DM_IN_GROUP, DM_TAG_tbody);
        dm_html_stack_push(s, DM_IN_ROW, tag);
    } else if (tag == DM_TAG_col) {
        if (dm_html_stack_top(s)->kind == DM_IN_COLUMNS)
            return;
        dm_html_stack_pop_to(s, DM_IN_TABLE);
        dm_html_stack_push(s, DM_IN_COLUMNS, DM_TAG_colgroup);
    } else {
        dm_html_stack_pop_to(s, DM_IN_TABLE);
        dm_html_stack_push(s,
                           is_group(tag)           ? DM_IN_GROUP
                           : tag == DM_TAG_caption ? DM_IN_CAPTION
                                                   : DM_IN_COLUMNS,
                           tag);
    }
}

void dm_html_stack_close_part(struct dm_html_stack *s, int tag)
{
    int kind = is_cell(tag)            ? DM_IN_CELL
               : is_group(tag)         ? DM_IN_GROUP
               : tag == DM_TAG_tr      ? DM_IN_ROW
               : tag == DM_TAG_caption ? DM_IN_CAPTION
                                       : DM_IN_COLUMNS;
    if (tag == DM_TAG_col || !dm_html_stack_in_table(s, kind, tag))
        return;
    dm_html_stack_pop_to(s, kind);
    dm_html_stack_pop(s);
}
