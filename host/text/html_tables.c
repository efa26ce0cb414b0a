/* The tables of an HTML document, as Beautiful Soup finds them over Python's html.parser: an end
 * tag closes everything up to the last element of its name, nothing else closes an element, and
 * only scripts and styles hide tags. (The tokenizer is that of the HTML standard; broken tags may
 * read otherwise.)
 *
 * The text of a cell is that of all elements inside it, each string stripped: since strings come in
 * the order of the source, a cell is a range of them, and a table a range of rows. */
#include "base/error.h"
#include "text/chars.h"
#include "text/html.h"
#include "text/html_write.h"
#include "text/intern.h"
#include "text/scratch.h"

#include <string.h>

/* A table inside a table is in both: the answer may grow with the square of the depth. */
enum { GROWTH = 4 << 20, GROWTH_RATE = 8, ITEM_COST = 16 };

/* What an open element is to its tables. */
enum { PLAIN, TABLE, ROW, CELL, SILENT, KEEPING };

struct element {
    uint32_t name; /* number of the name, from 0 */
    uint32_t kind, item;
};

struct table {
    uint32_t first, last; /* rows */
    size_t start, end;    /* markup */
};

struct row {
    uint32_t first, last; /* cells, 0: none */
    bool header;
};

struct cell {
    size_t start, end; /* text */
    uint32_t next;     /* of the row */
};

struct reader {
    struct dm_html html;
    struct dm_intern names;
    struct dm_buf *counts; /* of each name: elements that are open */
    struct dm_buf *open, *tables, *rows, *cells;
    struct dm_buf *text;    /* of cells, or the markup of tables */
    uint32_t silent, depth; /* open elements whose text is none; tables */
    uint32_t keeping;       /* open elements that keep white space */
    bool markup, failed;
};

static uint32_t *count_of(const struct reader *r, uint32_t name)
{
    return (uint32_t *)(void *)r->counts->p + name;
}

static struct row *row_at(const struct reader *r, uint32_t i)
{
    return (struct row *)(void *)r->rows->p + i;
}

static struct cell *cell_at(const struct reader *r, uint32_t i)
{
    return (struct cell *)(void *)r->cells->p + i;
}

static struct table *table_at(const struct reader *r, uint32_t i)
{
    return (struct table *)(void *)r->tables->p + i;
}

static uint32_t length(const struct dm_buf *list, size_t size)
{
    return (uint32_t)(list->n / size);
}

/* The number of a tag's name in small letters. */
static uint32_t name_of(struct reader *r, const struct dm_html_token *t)
{
    const uint32_t none = 0;
    size_t at = r->names.text->n;
    bool fresh = false;
    int64_t i = -1;
    if (dm_buf_add(r->names.text, r->html.p + t->start, t->end - t->start)) {
        for (char *c = r->names.text->p + at; c < r->names.text->p + r->names.text->n; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c |= 0x20;
        i = dm_intern_take(&r->names, at, &fresh);
    }
    r->failed |= i < 0 || (fresh && !dm_buf_add(r->counts, &none, sizeof none));
    return i < 0 ? 0 : (uint32_t)i;
}

static struct element *top(const struct reader *r)
{
    return r->open->n ? (struct element *)(void *)(r->open->p + r->open->n) - 1 : NULL;
}

/* A cell of the row that is open as the last element. */
static void add_cell(struct reader *r, struct element *e, int tag)
{
    const struct cell cell = {.start = r->text->n};
    const struct element *parent = top(r);
    uint32_t i = length(r->cells, sizeof cell);
    if (!parent || parent->kind != ROW)
        return;
    struct row *row = row_at(r, parent->item);
    e->kind = CELL;
    e->item = i;
    r->failed |= !dm_buf_add(r->cells, &cell, sizeof cell);
    if (row->first && !r->failed)
        cell_at(r, row->last)->next = i;
    else
        row->first = i;
    row->last = i;
    row->header |= tag == DM_TAG_th;
}

static void add_element(struct reader *r, int tag, uint32_t name)
{
    struct element e = {.name = name, .kind = PLAIN};
    const struct table table = {.first = length(r->rows, sizeof(struct row)), .start = r->text->n};
    const struct row row = {0};
    if (tag == DM_TAG_table) {
        e.kind = TABLE;
        e.item = length(r->tables, sizeof table);
        r->failed |= !dm_buf_add(r->tables, &table, sizeof table);
        r->depth++;
    } else if (tag == DM_TAG_tr) {
        e.kind = ROW;
        e.item = length(r->rows, sizeof row);
        r->failed |= !dm_buf_add(r->rows, &row, sizeof row);
    } else if (tag == DM_TAG_td || tag == DM_TAG_th) {
        add_cell(r, &e, tag);
    } else if (tag == DM_TAG_script || tag == DM_TAG_style || tag == DM_TAG_template ||
               tag == DM_TAG_rt || tag == DM_TAG_rp) {
        e.kind = SILENT;
        r->silent++;
    } else if (tag == DM_TAG_pre || tag == DM_TAG_textarea) {
        e.kind = KEEPING;
        r->keeping++;
    }
    r->failed |= !dm_buf_add(r->open, &e, sizeof e);
    if (!r->failed)
        ++*count_of(r, name);
}

/* Writes the end tag of an element inside a table. */
static void write_close(struct reader *r, uint32_t name)
{
    size_t n;
    const char *p = dm_intern_string(&r->names, name, &n);
    if (r->markup && r->depth)
        r->failed |= !dm_html_write_close(r->text, p, n);
}

static void pop(struct reader *r)
{
    const struct element e = *top(r);
    r->open->n -= sizeof e;
    --*count_of(r, e.name);
    write_close(r, e.name);
    if (e.kind == TABLE) {
        table_at(r, e.item)->last = length(r->rows, sizeof(struct row));
        table_at(r, e.item)->end = r->text->n;
        r->depth--;
    } else if (e.kind == CELL) {
        cell_at(r, e.item)->end = r->text->n;
    } else if (e.kind == SILENT) {
        r->silent--;
    } else if (e.kind == KEEPING) {
        r->keeping--;
    }
}

/* Closes the last element of that name, if there is one, and all that are open inside it. */
static void close_element(struct reader *r, uint32_t name)
{
    if (r->failed || !*count_of(r, name))
        return;
    while (top(r)->name != name)
        pop(r);
    pop(r);
}

static void write_open(struct reader *r, const struct dm_html_token *t, uint32_t name)
{
    size_t n;
    const char *p = dm_intern_string(&r->names, name, &n);
    if (r->markup && r->depth)
        r->failed |= !dm_html_write_open(r->text, &r->html, t, p, n);
}

static void open_element(struct reader *r, const struct dm_html_token *t)
{
    uint32_t name = name_of(r, t);
    if (r->failed)
        return;
    if (!dm_html_is_void(t->tag))
        add_element(r, t->tag, name);
    write_open(r, t, name);
    if (dm_html_is_void(t->tag))
        return;
    if (t->closed && !r->failed)
        close_element(r, name);
    else if (t->tag == DM_TAG_script || t->tag == DM_TAG_style)
        r->html.model = DM_HTML_RAW;
    r->html.model_tag = t->tag;
}

/* Adds a string without the white space at its ends. */
static void add_text(struct reader *r, const struct dm_html_token *t)
{
    struct dm_text_span span;
    size_t start = r->text->n;
    r->failed |= t->references ? !dm_html_write_decoded(r->text, &r->html, t->start, t->end)
                               : !dm_buf_add(r->text, r->html.p + t->start, t->end - t->start);
    if (r->failed)
        return;
    dm_text_strip(r->text->p + start, r->text->n - start, &span);
    memmove(r->text->p + start, r->text->p + start + span.start, span.end - span.start);
    r->text->n = start + span.end - span.start;
}

static void take_token(struct reader *r, const struct dm_html_token *t)
{
    if (t->kind == DM_HTML_OPEN)
        open_element(r, t);
    else if (t->kind == DM_HTML_CLOSE)
        close_element(r, name_of(r, t));
    else if (!r->depth)
        return;
    else if (t->kind == DM_HTML_OTHER)
        r->failed |= r->markup && !dm_html_write_other(r->text, &r->html, t, r->keeping > 0);
    else if (r->markup)
        r->failed |= !dm_html_write_text(r->text, &r->html, t, r->keeping > 0);
    else if (!r->silent)
        add_text(r, t);
}

static bool begin(struct reader *r)
{
    const struct cell none = {0};
    struct dm_buf **bufs[] = {&r->counts, &r->open, &r->tables, &r->rows, &r->cells, &r->text};
    const int spaces[] = {DM_SCRATCH_LOWER, DM_SCRATCH_MATCHES, DM_SCRATCH_MACROS,
                          DM_SCRATCH_ROWS,  DM_SCRATCH_FIX,     DM_SCRATCH_FIXED};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        *bufs[i] = dm_scratch_get(spaces[i]);
        dm_buf_clear(*bufs[i]);
    }
    return dm_intern_begin(&r->names) && dm_buf_reserve(r->text, 1) &&
           dm_buf_add(r->cells, &none, sizeof none);
}

static bool add_mark(struct dm_buf *out, size_t mark)
{
    const struct dm_text_span span = {SIZE_MAX, mark};
    return dm_buf_add(out, &span, sizeof span);
}

/* Appends the cells of a row. Returns what that costs, below zero when memory is short. */
static int64_t write_row(const struct reader *r, const struct row *row, struct dm_buf *out)
{
    int64_t cost = ITEM_COST;
    if (!add_mark(out, DM_TABLE_ROW))
        return DM_EMEMORY;
    for (uint32_t i = row->first; i; i = cell_at(r, i)->next) {
        const struct cell *cell = cell_at(r, i);
        const struct dm_text_span span = {cell->start, cell->end};
        if (!dm_buf_add(out, &span, sizeof span))
            return DM_EMEMORY;
        cost += ITEM_COST + (int64_t)(cell->end - cell->start);
    }
    return cost;
}

static int write_tables(const struct reader *r, bool header, struct dm_buf *out)
{
    int64_t limit = GROWTH + GROWTH_RATE * (int64_t)r->html.n;
    dm_buf_clear(out);
    for (uint32_t t = 0; t < length(r->tables, sizeof(struct table)); t++) {
        const struct table *table = table_at(r, t);
        size_t before = out->n;
        if (!add_mark(out, DM_TABLE_START))
            return DM_EMEMORY;
        for (uint32_t i = table->first; i < table->last; i++) {
            const struct row *row = row_at(r, i);
            int64_t cost = ITEM_COST;
            if (row->first && (header || !row->header))
                cost = write_row(r, row, out);
            if (cost < 0)
                return (int)cost;
            if ((limit -= cost) < 0)
                return DM_EINPUT;
        }
        if (out->n == before + sizeof(struct dm_text_span))
            out->n = before;
    }
    return DM_OK;
}

/* The markup of each table. */
static int write_markup(const struct reader *r, struct dm_buf *out)
{
    int64_t limit = GROWTH + GROWTH_RATE * (int64_t)r->html.n;
    dm_buf_clear(out);
    for (uint32_t t = 0; t < length(r->tables, sizeof(struct table)); t++) {
        const struct table *table = table_at(r, t);
        const struct dm_text_span span = {table->start, table->end};
        if (!dm_buf_add(out, &span, sizeof span))
            return DM_EMEMORY;
        if ((limit -= ITEM_COST + (int64_t)(span.end - span.start)) < 0)
            return DM_EINPUT;
    }
    return DM_OK;
}

int dm_text_html_tables(const char *p, size_t n, int kind, const char **text, struct dm_buf *out)
{
    struct reader r = {.html = {.p = p, .n = n}, .markup = kind == DM_TABLES_MARKUP};
    struct dm_html_token t;
    r.html.others = true;
    r.html.foreign = !r.markup;
    r.failed = !begin(&r);
    while (!r.failed) {
        dm_html_next(&r.html, &t);
        if (t.kind == DM_HTML_END)
            break;
        take_token(&r, &t);
    }
    while (!r.failed && r.open->n)
        pop(&r);
    if (r.failed)
        return DM_EMEMORY;
    *text = r.text->p;
    return r.markup ? write_markup(&r, out) : write_tables(&r, kind == DM_TABLES_ALL, out);
}
