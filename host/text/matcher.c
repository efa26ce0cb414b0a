#include "text/matcher.h"
#include "text/trie.h"
#include "base/buf.h"

#include <stdlib.h>

enum { ROOT = 0 };

struct node {
    uint32_t point;          /* the code point that leads here */
    uint32_t fail;           /* the longest proper suffix of this prefix that is a prefix too */
    uint32_t child, sibling; /* ROOT: none */
    bool word;
};

struct dm_matcher {
    struct dm_trie trie;
    struct dm_buf nodes;
    struct dm_charset *skip, *first; /* first: code points that words begin with */
};

static struct node *node_at(const struct dm_matcher *m, uint32_t i)
{
    return (struct node *)(void *)m->nodes.p + i;
}

/* The child, or ROOT when there is none. */
static uint32_t child_of(const struct dm_matcher *m, uint32_t parent, uint32_t c)
{
    return dm_trie_child(&m->trie, parent, c);
}

static uint32_t add_child(struct dm_matcher *m, uint32_t parent, uint32_t c)
{
    uint32_t before = m->trie.nodes, i = dm_trie_add(&m->trie, parent, c);
    if (m->trie.nodes == before)
        return i;
    struct node new = {.point = c, .sibling = node_at(m, parent)->child};
    if (!dm_buf_add(&m->nodes, &new, sizeof new))
        return ROOT;
    node_at(m, parent)->child = i;
    return i;
}

static bool add_word(struct dm_matcher *m, const char *p, size_t n)
{
    uint32_t node = ROOT;
    for (size_t i = 0, size; i < n; i += size) {
        node = add_child(m, node, dm_char_read(p + i, &size));
        if (node == ROOT)
            return false;
    }
    node_at(m, node)->word = n > 0;
    return true;
}

/* Where a node falls back to whose parent falls back to `fail`. */
static uint32_t fail_of(const struct dm_matcher *m, uint32_t fail, uint32_t c)
{
    while (fail != ROOT && !child_of(m, fail, c))
        fail = node_at(m, fail)->fail;
    return child_of(m, fail, c);
}

/* Level by level, since a node falls back to a shorter one. */
static bool set_fails(struct dm_matcher *m)
{
    size_t count = m->nodes.n / sizeof(struct node), head = 0, tail = 1;
    uint32_t *queue = malloc(count * sizeof *queue);
    if (!queue)
        return false;
    queue[0] = ROOT;
    while (head < tail) {
        uint32_t parent = queue[head++];
        for (uint32_t i = node_at(m, parent)->child; i != ROOT; i = node_at(m, i)->sibling) {
            struct node *node = node_at(m, i);
            node->fail = parent == ROOT ? ROOT : fail_of(m, node_at(m, parent)->fail, node->point);
            queue[tail++] = i;
        }
    }
    free(queue);
    return true;
}

static struct dm_charset *first_points(const struct dm_matcher *m)
{
    struct dm_buf ranges = {0};
    struct dm_charset *set = NULL;
    bool ok = true;
    for (uint32_t i = node_at(m, ROOT)->child; i != ROOT && ok; i = node_at(m, i)->sibling) {
        uint32_t range[2] = {node_at(m, i)->point, node_at(m, i)->point};
        ok = dm_buf_add(&ranges, range, sizeof range);
    }
    if (ok)
        set = dm_charset_create((const void *)ranges.p, ranges.n / (2 * sizeof(uint32_t)));
    dm_buf_finish(&ranges);
    return set;
}

static bool add_words(struct dm_matcher *m, const char *words, size_t n)
{
    struct node root = {0};
    if (!dm_trie_init(&m->trie) || !dm_buf_add(&m->nodes, &root, sizeof root))
        return false;
    for (size_t at = 0, end; at < n; at = end + 1) {
        const char *newline = memchr(words + at, '\n', n - at);
        end = newline ? (size_t)(newline - words) : n;
        if (!add_word(m, words + at, end - at))
            return false;
    }
    return true;
}

struct dm_matcher *dm_matcher_create(const char *words, size_t n, const uint32_t *skip,
                                     size_t nskip)
{
    struct dm_matcher *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->skip = dm_charset_create(skip, nskip);
    if (m->skip && add_words(m, words, n) && set_fails(m) && (m->first = first_points(m)) != NULL)
        return m;
    dm_matcher_destroy(m);
    return NULL;
}

void dm_matcher_destroy(struct dm_matcher *m)
{
    if (!m)
        return;
    dm_charset_destroy(m->skip);
    dm_charset_destroy(m->first);
    dm_buf_finish(&m->nodes);
    dm_trie_finish(&m->trie);
    free(m);
}

/* Reads code point c; false when no match is under way behind it. */
static bool step(struct dm_match *t, uint32_t c)
{
    const struct dm_matcher *m = t->matcher;
    uint32_t next;
    while (!(next = child_of(m, t->node, c))) {
        if (t->node == ROOT)
            return false;
        t->node = node_at(m, t->node)->fail;
        if (t->node == ROOT)
            t->length = 0;
    }
    t->node = next;
    return true;
}

bool dm_match_next(struct dm_match *t)
{
    const struct dm_matcher *m = t->matcher;
    size_t size;
    uint32_t c;
    for (;; t->at += size) {
        if (t->node == ROOT)
            t->at = dm_charset_find(m->first, t->p, t->n, t->at, &size, &c);
        if (t->at >= t->n)
            return false;
        c = dm_char_read(t->p + t->at, &size);
        if (dm_charset_has(m->skip, c)) {
            t->length += t->length > 0;
            continue;
        }
        if (!step(t, c))
            continue;
        if (t->length++ == 0)
            t->start = t->at;
        if (!node_at(m, t->node)->word)
            continue;
        t->at += size;
        t->end = t->at;
        return true;
    }
}

double dm_matcher_count(const struct dm_matcher *m, const char *p, size_t n)
{
    struct dm_match t = dm_match_begin(m, p, n);
    size_t count = 0, size, length = 0;
    for (; t.at < n; t.at += size) {
        uint32_t c = dm_char_read(p + t.at, &size);
        if (dm_charset_has(m->skip, c))
            continue;
        t.length = length;
        length = step(&t, c) ? t.length + 1 : 0;
        if (length && node_at(m, t.node)->word) {
            count += length;
            length = 0;
        }
    }
    return (double)count;
}
