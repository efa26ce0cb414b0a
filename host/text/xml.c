/* DataMate's XMLTagCleaner: a document as indented text, by way of the maps that Python's xmltodict
 * makes.
 *
 * An element is a map of its attributes ("@name"), its children and its text ("#text"); without
 * attributes and children it is its text, or nothing. Children of one name form a list in the place
 * of the first. */
#include "base/error.h"
#include "base/library.h"
#include "text/scratch.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <xxhash.h>

/* expat's functions without their prefix; it is loaded with the first text. */
#define FUNCTIONS(X)                                                                               \
    X(ErrorString)                                                                                 \
    X(GetCurrentColumnNumber)                                                                      \
    X(GetCurrentLineNumber)                                                                        \
    X(GetErrorCode)                                                                                \
    X(Parse)                                                                                       \
    X(ParserCreate)                                                                                \
    X(ParserFree)                                                                                  \
    X(SetCharacterDataHandler)                                                                     \
    X(SetElementHandler)                                                                           \
    X(SetEntityDeclHandler)                                                                        \
    X(SetUserData)                                                                                 \
    X(StopParser)

static struct expat {
#define X(name) __typeof__(&XML_##name) name;
    FUNCTIONS(X)
#undef X
} expat;

static const struct dm_symbol symbols[] = {
#define X(name) {"XML_" #name, offsetof(struct expat, name)},
    FUNCTIONS(X)
#undef X
};

static struct dm_library library = {.file = "libexpat.so.1",
                                    .package = "libexpat1",
                                    .table = &expat,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

int dm_xml_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}

/* Levels of maps that are written; Python's recursion ends near there, and elements further down
 * are not read. Indentation may make a text longer, but not without bounds. */
enum { DEEPEST = 950, MOST_GROWTH = 64, ANY_GROWTH = 1 << 20 };

enum kind { NOTHING, TEXT, MAP };

/* A value under its key. Indices into `nodes`; 0, the document, stands for none. */
struct node {
    struct dm_text_span key, text; /* in `text` */
    enum kind kind;
    uint32_t parent, next;    /* the map it is in, the next key of that map */
    uint32_t first, last;     /* of a map: its keys */
    uint32_t twin, last_twin; /* the next value under this key, the last one */
    uint32_t chunk, last_chunk;
};

/* A piece of an element's text. */
struct chunk {
    struct dm_text_span span;
    uint32_t next;
};

struct document {
    XML_Parser parser;
    struct dm_buf nodes, chunks, text;
    uint32_t *table; /* of child nodes, by parent and key; 0 is empty */
    size_t slots, used;
    uint32_t current, depth; /* the element that is open; how many are */
    bool entities;           /* some were declared, which is forbidden */
    bool deep;               /* an element is too far down to be written */
    bool failed;             /* memory ran short */
};

static struct node *node_at(const struct document *d, uint32_t i)
{
    return (struct node *)(void *)d->nodes.p + i;
}

static struct chunk *chunk_at(const struct document *d, uint32_t i)
{
    return (struct chunk *)(void *)d->chunks.p + i;
}

static void stop(struct document *d)
{
    d->failed = true;
    expat.StopParser(d->parser, XML_FALSE);
}

static struct dm_text_span add_text(struct document *d, const char *prefix, const char *p, size_t n)
{
    struct dm_text_span span = {d->text.n, 0};
    if (!dm_buf_puts(&d->text, prefix) || !dm_buf_add(&d->text, p, n))
        stop(d);
    span.end = d->text.n;
    return span;
}

static uint32_t add_node(struct document *d, struct dm_text_span key, uint32_t parent)
{
    struct node node = {.key = key, .parent = parent};
    uint32_t i = (uint32_t)(d->nodes.n / sizeof node);
    if (!dm_buf_add(&d->nodes, &node, sizeof node)) {
        stop(d);
        return 0;
    }
    return i;
}

/* Puts a key at the end of a map. */
static void append(struct document *d, uint32_t map, uint32_t i)
{
    struct node *m = node_at(d, map);
    if (m->last)
        node_at(d, m->last)->next = i;
    else
        m->first = i;
    m->last = i;
    m->kind = MAP;
}

static void append_text(struct document *d, uint32_t map, struct dm_text_span key,
                        struct dm_text_span text)
{
    uint32_t i = add_node(d, key, map);
    if (!i)
        return;
    node_at(d, i)->kind = TEXT;
    node_at(d, i)->text = text;
    append(d, map, i);
}

static bool same_key(const struct document *d, const struct node *a, const struct node *b)
{
    size_t bytes = a->key.end - a->key.start;
    return a->parent == b->parent && bytes == b->key.end - b->key.start &&
           memcmp(d->text.p + a->key.start, d->text.p + b->key.start, bytes) == 0;
}

/* Where in the table a node's key is, or would be. */
static uint32_t *slot_of(const struct document *d, const struct node *node)
{
    size_t bytes = node->key.end - node->key.start;
    uint64_t hash = XXH3_64bits_withSeed(d->text.p + node->key.start, bytes, node->parent);
    for (size_t i = hash & (d->slots - 1);; i = (i + 1) & (d->slots - 1))
        if (!d->table[i] || same_key(d, node_at(d, d->table[i]), node))
            return &d->table[i];
}

static bool grow_table(struct document *d)
{
    uint32_t *old = d->table;
    size_t slots = d->slots;
    d->slots = slots ? 2 * slots : 64;
    d->table = calloc(d->slots, sizeof *d->table);
    if (!d->table) {
        d->table = old;
        d->slots = slots;
        return false;
    }
    for (size_t i = 0; i < slots; i++)
        if (old[i])
            *slot_of(d, node_at(d, old[i])) = old[i];
    free(old);
    return true;
}

/* Puts an element into its parent, behind others of its name. */
static void attach(struct document *d, uint32_t i)
{
    if (2 * d->used >= d->slots && !grow_table(d)) {
        stop(d);
        return;
    }
    struct node *node = node_at(d, i);
    uint32_t *slot = slot_of(d, node);
    if (!*slot) {
        *slot = i;
        d->used++;
        append(d, node->parent, i);
        return;
    }
    struct node *first = node_at(d, *slot);
    node_at(d, first->last_twin ? first->last_twin : *slot)->twin = i;
    first->last_twin = i;
}

static void XMLCALL on_start(void *data, const char *name, const char **attributes)
{
    struct document *d = data;
    if (++d->depth > DEEPEST + 1) {
        d->deep = true;
        expat.StopParser(d->parser, XML_FALSE);
        return;
    }
    uint32_t i = add_node(d, add_text(d, "", name, strlen(name)), d->current);
    if (!i)
        return;
    d->current = i;
    for (; *attributes && !d->failed; attributes += 2) {
        struct dm_text_span key = add_text(d, "@", attributes[0], strlen(attributes[0]));
        append_text(d, i, key, add_text(d, "", attributes[1], strlen(attributes[1])));
    }
}

static void XMLCALL on_text(void *data, const char *p, int n)
{
    struct document *d = data;
    struct chunk chunk = {add_text(d, "", p, (size_t)n), 0};
    struct node *node = node_at(d, d->current);
    if (node->last_chunk && chunk_at(d, node->last_chunk)->span.end == chunk.span.start) {
        chunk_at(d, node->last_chunk)->span.end = chunk.span.end;
        return;
    }
    uint32_t i = (uint32_t)(d->chunks.n / sizeof chunk);
    if (!dm_buf_add(&d->chunks, &chunk, sizeof chunk)) {
        stop(d);
        return;
    }
    if (node->last_chunk)
        chunk_at(d, node->last_chunk)->next = i;
    else
        node->chunk = i;
    node->last_chunk = i;
}

/* The chunks of an element as one, without white space at the ends. */
static struct dm_text_span whole_text(struct document *d, const struct node *node)
{
    struct dm_text_span span = {0, 0}, inner;
    if (node->chunk == node->last_chunk) {
        if (node->chunk)
            span = chunk_at(d, node->chunk)->span;
    } else {
        span.start = d->text.n;
        for (uint32_t i = node->chunk; i && !d->failed; i = chunk_at(d, i)->next) {
            struct dm_text_span piece = chunk_at(d, i)->span;
            if (!dm_buf_reserve(&d->text, piece.end - piece.start))
                stop(d);
            else
                dm_buf_add(&d->text, d->text.p + piece.start, piece.end - piece.start);
        }
        span.end = d->text.n;
    }
    dm_text_strip(d->text.p + span.start, span.end - span.start, &inner);
    return (struct dm_text_span){span.start + inner.start, span.start + inner.end};
}

static void XMLCALL on_end(void *data, const char *name)
{
    struct document *d = data;
    uint32_t i = d->current;
    (void)name;
    struct dm_text_span text = whole_text(d, node_at(d, i));
    bool any = text.end > text.start;
    if (any && node_at(d, i)->kind == MAP)
        append_text(d, i, add_text(d, "#text", "", 0), text);
    struct node *node = node_at(d, i);
    if (any && node->kind != MAP) {
        node->kind = TEXT;
        node->text = text;
    }
    d->current = node->parent;
    d->depth--;
    if (!d->failed)
        attach(d, i);
}

static void XMLCALL on_entity(void *data, const char *name, int is_parameter, const char *value,
                              int n, const char *base, const char *system, const char *public,
                              const char *notation)
{
    struct document *d = data;
    (void)name, (void)is_parameter, (void)value, (void)n, (void)base, (void)system, (void)public;
    (void)notation;
    d->entities = true;
    expat.StopParser(d->parser, XML_FALSE);
}

/* Writing: what a key's value is worth, at an indentation. False: it is too deep, or too much. */
struct writer {
    const struct document *d;
    struct dm_buf *out;
    size_t most;
};

static bool write_map(const struct writer *w, const struct node *map, size_t indent);

static bool add_span(const struct writer *w, struct dm_text_span span)
{
    return dm_buf_add(w->out, w->d->text.p + span.start, span.end - span.start);
}

static bool write_bare(const struct writer *w, const struct node *node)
{
    return node->kind == TEXT ? add_span(w, node->text) : dm_buf_puts(w->out, "None");
}

static bool add_indent(const struct writer *w, size_t indent)
{
    if (!dm_buf_reserve(w->out, indent))
        return false;
    memset(w->out->p + w->out->n, ' ', indent);
    w->out->n += indent;
    return w->out->n <= w->most;
}

static bool write_list(const struct writer *w, const struct node *node, size_t indent)
{
    for (;; node = node_at(w->d, node->twin)) {
        if (node->kind == MAP ? !dm_buf_putc(w->out, '\n') || !write_map(w, node, indent + 2)
                              : !write_bare(w, node))
            return false;
        if (!node->twin)
            return true;
    }
}

static bool write_key(const struct writer *w, const struct node *node, size_t indent)
{
    if (!add_indent(w, indent) || !add_span(w, node->key) || !dm_buf_puts(w->out, ": "))
        return false;
    if (node->twin)
        return write_list(w, node, indent);
    if (node->kind == MAP)
        return dm_buf_putc(w->out, '\n') && write_map(w, node, indent + 1);
    return write_bare(w, node) && dm_buf_putc(w->out, '\n');
}

static bool write_map(const struct writer *w, const struct node *map, size_t indent)
{
    if (indent > DEEPEST)
        return false;
    for (uint32_t i = map->first; i; i = node_at(w->d, i)->next)
        if (!write_key(w, node_at(w->d, i), indent))
            return false;
    return true;
}

static int fail_deep(struct dm_error *err)
{
    return dm_fail(err, DM_EUSAGE, "maximum recursion depth exceeded");
}

static int parse(struct document *d, const char *p, size_t n, struct dm_error *err)
{
    expat.SetUserData(d->parser, d);
    expat.SetElementHandler(d->parser, on_start, on_end);
    expat.SetCharacterDataHandler(d->parser, on_text);
    expat.SetEntityDeclHandler(d->parser, on_entity);
    if (expat.Parse(d->parser, p, (int)n, 1) == XML_STATUS_OK)
        return DM_OK;
    if (d->failed)
        return DM_EMEMORY;
    if (d->entities)
        return dm_fail(err, DM_EUSAGE, "entities are disabled");
    if (d->deep)
        return fail_deep(err);
    return dm_fail(err, DM_EINPUT, "%s: line %lu, column %lu",
                   expat.ErrorString(expat.GetErrorCode(d->parser)),
                   (unsigned long)expat.GetCurrentLineNumber(d->parser),
                   (unsigned long)expat.GetCurrentColumnNumber(d->parser));
}

static int convert(struct document *d, const char *p, size_t n, struct dm_buf *out,
                   struct dm_error *err)
{
    struct node root = {.kind = MAP};
    struct chunk none = {0};
    struct writer w = {d, out, n * MOST_GROWTH + ANY_GROWTH};
    if (!dm_buf_add(&d->nodes, &root, sizeof root) || !dm_buf_add(&d->chunks, &none, sizeof none) ||
        !dm_buf_reserve(&d->text, n))
        return DM_EMEMORY;
    int status = parse(d, p, n, err);
    if (status < 0)
        return status;
    dm_buf_clear(out);
    return write_map(&w, node_at(d, 0), 0) ? 1 : fail_deep(err);
}

int dm_text_xml(const char *p, size_t n, struct dm_buf *out, struct dm_error *err)
{
    struct document d = {0};
    if (n > INT_MAX)
        return dm_fail(err, DM_EUSAGE, "the text is too large");
    if (dm_xml_load(err))
        return DM_EUSAGE;
    d.parser = expat.ParserCreate(NULL);
    int status = d.parser ? convert(&d, p, n, out, err) : DM_EMEMORY;
    if (status == DM_EMEMORY)
        dm_fail_memory(err);
    expat.ParserFree(d.parser);
    dm_buf_finish(&d.nodes);
    dm_buf_finish(&d.chunks);
    dm_buf_finish(&d.text);
    free(d.table);
    return status;
}
