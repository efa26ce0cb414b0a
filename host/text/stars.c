/* DataMate's word cleaners: what a matcher finds in a line becomes asterisks, one for each code
 * point, and so does every other place of the line where the same text stands; longer texts go
 * before shorter ones.
 *
 * Texts of one length are looked for together, with a hash that rolls over what is not yet
 * asterisks, so that a line is read once for each length that occurs in it. Skipped characters can
 * make a match as long as its line: one of over LONGEST bytes is not looked for elsewhere, which
 * bounds the number of lengths. */
#include "text/matcher.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#include <stdlib.h>

enum { LONGEST = 256 };

/* How long all matches are together, at most: each may hold those before it (matcher.h). */
enum { MOST_GROWTH = 64, ANY_GROWTH = 1 << 20 };

struct piece {
    size_t start, bytes, points;
};

struct line {
    const char *p;
    size_t n;
    struct piece *pieces; /* of all lengths, longer ones first */
    size_t npieces;
    char *marks; /* for each byte whether it becomes an asterisk */
};

/* Texts of one length: places in a hash table, one more than the piece's index, 0 being empty. */
struct group {
    const struct piece *pieces;
    uint32_t *table;
    size_t mask, bytes;
};

static int compare(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->points != y->points)
        return x->points < y->points ? 1 : -1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return (x->start > y->start) - (x->start < y->start);
}

/* Whether a match says no more than the one before it: the same text, or the beginning of a long
 * one. */
static bool is_covered(const char *p, const struct piece *before, const struct piece *now)
{
    return before->bytes == now->bytes &&
           memcmp(p + before->start, p + now->start, now->bytes) == 0;
}

static bool find_pieces(const struct dm_matcher *m, struct line *l, struct dm_buf *found)
{
    struct dm_match t = dm_match_begin(m, l->p, l->n);
    dm_buf_clear(found);
    while (dm_match_next(&t)) {
        struct piece now = {t.start, t.end - t.start, t.length};
        struct piece *before = (void *)(found->p + found->n);
        bool any = found->n > 0;
        if (any && is_covered(l->p, before - 1, &now))
            continue;
        if (any && before[-1].bytes > LONGEST && before[-1].start == now.start)
            before[-1] = now;
        else if (!dm_buf_add(found, &now, sizeof now))
            return false;
    }
    l->pieces = (void *)found->p;
    l->npieces = found->n / sizeof *l->pieces;
    if (l->npieces)
        qsort(l->pieces, l->npieces, sizeof *l->pieces, compare);
    return true;
}

static uint64_t roll(uint64_t hash, char c)
{
    return hash * 0x9E3779B97F4A7C15 + (unsigned char)c + 1;
}

static uint64_t hash_of(const char *p, size_t n)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < n; i++)
        hash = roll(hash, p[i]);
    return hash;
}

/* The place of a text of the group's length: it holds 0 when the text is none of the group's. */
static uint32_t *place_of(const struct group *g, const char *line, uint64_t hash, const char *text)
{
    for (size_t i = (hash ^ hash >> 29) & g->mask;; i = (i + 1) & g->mask)
        if (!g->table[i] || memcmp(line + g->pieces[g->table[i] - 1].start, text, g->bytes) == 0)
            return &g->table[i];
}

static bool make_group(struct group *g, const struct line *l, size_t n)
{
    size_t slots = 8;
    while (slots < 2 * n)
        slots *= 2;
    g->table = dm_scratch_room(DM_SCRATCH_ENTRIES, slots * sizeof *g->table);
    if (!g->table)
        return false;
    memset(g->table, 0, slots * sizeof *g->table);
    g->mask = slots - 1;
    for (size_t i = 0; i < n; i++) {
        const char *text = l->p + g->pieces[i].start;
        *place_of(g, l->p, hash_of(text, g->bytes), text) = (uint32_t)i + 1;
    }
    return true;
}

/* Marks every place where a text of the group stands free. */
static void mark_group(const struct group *g, const struct line *l)
{
    uint64_t hash = 0, top = 1;
    size_t width = 0; /* of the window that ends before byte i */
    for (size_t i = 1; i < g->bytes; i++)
        top *= 0x9E3779B97F4A7C15;
    for (size_t i = 0; i < l->n; i++) {
        if (l->marks[i]) {
            width = 0;
            hash = 0;
            continue;
        }
        if (width == g->bytes)
            hash -= top * ((unsigned char)l->p[i - width] + 1u);
        else
            width++;
        hash = roll(hash, l->p[i]);
        const char *text = l->p + i + 1 - width;
        if (width < g->bytes || !*place_of(g, l->p, hash, text))
            continue;
        memset(l->marks + i + 1 - width, 1, width);
        width = 0;
        hash = 0;
    }
}

/* Marks a piece where it was found, if all of it is free. */
static void mark_piece(const struct line *l, const struct piece *piece)
{
    if (!memchr(l->marks + piece->start, 1, piece->bytes))
        memset(l->marks + piece->start, 1, piece->bytes);
}

static bool mark_all(const struct line *l)
{
    for (size_t i = 0, next; i < l->npieces; i = next) {
        const struct piece *first = &l->pieces[i];
        for (next = i + 1; next < l->npieces && l->pieces[next].bytes == first->bytes &&
                           l->pieces[next].points == first->points;)
            next++;
        struct group g = {.pieces = first, .bytes = first->bytes};
        if (first->bytes > LONGEST) {
            for (size_t k = i; k < next; k++)
                mark_piece(l, &l->pieces[k]);
        } else if (make_group(&g, l, next - i)) {
            mark_group(&g, l);
        } else {
            return false;
        }
    }
    return true;
}

/* Stars the marked code points of a line that begins at byte `from` of the text. */
static void write_line(struct dm_rewrite *w, const struct line *l, size_t from)
{
    for (size_t i = 0, size; i < l->n; i += size) {
        size = dm_char_size(l->p[i]);
        if (l->marks[i])
            dm_rewrite_put(w, from + i, from + i + size, "*", 1);
    }
}

static bool star_line(const struct dm_matcher *m, struct dm_rewrite *w, size_t from, size_t end)
{
    struct line l = {.p = w->p + from, .n = end - from};
    if (!find_pieces(m, &l, dm_scratch_get(DM_SCRATCH_FOUND)))
        return false;
    if (l.npieces == 0)
        return true;
    l.marks = dm_scratch_room(DM_SCRATCH_MARKS, l.n);
    if (!l.marks)
        return false;
    memset(l.marks, 0, l.n);
    if (!mark_all(&l))
        return false;
    write_line(w, &l, from);
    return true;
}

int dm_matcher_star(const struct dm_matcher *m, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    for (size_t at = 0, end; at < n; at = end + 1) {
        const char *newline = memchr(p + at, '\n', n - at);
        end = newline ? (size_t)(newline - p) : n;
        if (!star_line(m, &w, at, end))
            return DM_EMEMORY;
    }
    return dm_rewrite_end(&w);
}

int dm_matcher_search(const struct dm_matcher *m, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_match t = dm_match_begin(m, p, n);
    size_t left = n * MOST_GROWTH + ANY_GROWTH;
    dm_buf_clear(out);
    while (dm_match_next(&t)) {
        struct dm_text_span span = {t.start, t.end};
        if (t.end - t.start > left)
            return DM_EINPUT;
        left -= t.end - t.start;
        if (!dm_buf_add(out, &span, sizeof span))
            return DM_EMEMORY;
    }
    return DM_OK;
}
