/* First every place is listed where one of the texts stands (an occurrence), in the order of the
 * text; each occurrence waits for a call of its text, which replaces those of which nothing has
 * been replaced yet. An occurrence whose neighbour does not fit is blocked, and joins them when the
 * neighbour is replaced: then a mark stands there, which always fits. */
#include "text/swaps.h"
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

enum { NONE = UINT32_MAX };
enum { BLOCKED_BEFORE = 1, BLOCKED_AFTER = 2, REPLACED = 4 };
enum {
    MARK_TAKEN = 1,
    MARK_END = 2
}; /* a byte that was replaced; a place where an occurrence ends */

struct occurrence {
    size_t start;
    uint32_t bytes, text, next, below;
    uint32_t state; /* BLOCKED_... | REPLACED */
};

struct text {
    uint64_t hash; /* 0: an empty place */
    size_t start;
    uint32_t bytes;
    uint32_t first, last; /* the occurrences that a call would replace, in order, */
    uint32_t late;        /* and a heap of those that were released before some of these */
};

struct state {
    const struct dm_swap *swap;
    const char *p;
    size_t n, longest;
    struct text *texts;
    size_t mask;
    uint8_t *seen; /* for eight times as many values of the hash whether a text has it */
    uint8_t *marks;
    struct dm_buf *found;       /* struct occurrence, in the order of the text */
    bool first[256], last[256]; /* bytes that texts begin and end with */
    bool lengths[DM_SWAP_LONGEST + 1];
};

static uint64_t add_byte(uint64_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 0x100000001B3;
}

static uint64_t hash_of(const char *p, size_t n)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t i = 0; i < n; i++)
        hash = add_byte(hash, p[i]);
    return hash | 1;
}

static struct occurrence *occurrence(const struct state *s, uint32_t i)
{
    return (struct occurrence *)(void *)s->found->p + i;
}

static uint32_t count(const struct state *s)
{
    return (uint32_t)(s->found->n / sizeof(struct occurrence));
}

/* The text with these bytes, or the empty place for it. */
static struct text *find_text(const struct state *s, uint64_t hash, size_t start, size_t bytes)
{
    for (size_t i = (hash ^ hash >> 32) & s->mask;; i = (i + 1) & s->mask) {
        struct text *t = &s->texts[i];
        if (!t->hash || (t->hash == hash && t->bytes == bytes &&
                         memcmp(s->p + t->start, s->p + start, bytes) == 0))
            return t;
    }
}

static size_t seen_byte(const struct state *s, uint64_t hash)
{
    return hash >> 24 & s->mask;
}

static uint8_t seen_bit(uint64_t hash)
{
    return (uint8_t)(1u << (hash >> 61));
}

static bool list_texts(struct state *s, const struct dm_text_span *calls, size_t n)
{
    size_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    s->texts = dm_scratch_room(DM_SCRATCH_ENTRIES, slots * (sizeof *s->texts + 1));
    if (!s->texts)
        return false;
    memset(s->texts, 0, slots * (sizeof *s->texts + 1));
    s->seen = (uint8_t *)(s->texts + slots);
    s->mask = slots - 1;
    for (size_t i = 0; i < n; i++) {
        size_t bytes = calls[i].end - calls[i].start;
        uint64_t hash = hash_of(s->p + calls[i].start, bytes);
        s->seen[seen_byte(s, hash)] |= seen_bit(hash);
        *find_text(s, hash, calls[i].start, bytes) =
            (struct text){hash, calls[i].start, (uint32_t)bytes, NONE, NONE, NONE};
        s->first[(unsigned char)s->p[calls[i].start]] = true;
        s->last[(unsigned char)s->p[calls[i].end - 1]] = true;
        s->lengths[bytes] = true;
        s->longest = bytes > s->longest ? bytes : s->longest;
    }
    return true;
}

/* Two heaps as one. A heap is its first occurrence; below it hang others, chained by `next`, each a
 * heap. */
static uint32_t merge(const struct state *s, uint32_t a, uint32_t b)
{
    if (a == NONE || b == NONE)
        return a == NONE ? b : a;
    uint32_t first = a < b ? a : b, second = a < b ? b : a;
    occurrence(s, second)->next = occurrence(s, first)->below;
    occurrence(s, first)->below = second;
    return first;
}

/* What is left of a heap without its first occurrence: pairs are merged, then the pairs (a pairing
 * heap: Fredman, Sedgewick, Sleator, Tarjan 1986). */
static uint32_t rest(const struct state *s, uint32_t heap)
{
    uint32_t pairs = NONE, all = NONE;
    for (uint32_t a = occurrence(s, heap)->below, next; a != NONE; a = next) {
        uint32_t b = occurrence(s, a)->next;
        next = b == NONE ? NONE : occurrence(s, b)->next;
        uint32_t pair = merge(s, a, b);
        occurrence(s, pair)->next = pairs;
        pairs = pair;
    }
    for (uint32_t next; pairs != NONE; pairs = next) {
        next = occurrence(s, pairs)->next;
        all = merge(s, all, pairs);
    }
    return all;
}

/* Lets an occurrence wait for a call of its text. */
static void wait(const struct state *s, uint32_t i)
{
    struct text *t = &s->texts[occurrence(s, i)->text];
    if (t->first == NONE)
        t->first = t->last = i;
    else if (t->last < i)
        t->last = occurrence(s, t->last)->next = i;
    else
        t->late = merge(s, t->late, i);
}

/* The first occurrence that waits, or NONE; it waits no longer. */
static uint32_t take(const struct state *s, struct text *t)
{
    uint32_t i = t->late;
    if (t->first < i) { /* NONE is the greatest number */
        i = t->first;
        t->first = occurrence(s, i)->next;
    } else if (i != NONE) {
        t->late = rest(s, i);
    }
    return i;
}

static bool add_occurrence(struct state *s, struct text *t, size_t start, uint32_t state)
{
    size_t size, end = start + t->bytes;
    if (!s->swap->may_follow(dm_char_at(s->p, s->n, end, &size)))
        state |= BLOCKED_AFTER;
    struct occurrence o = {start, t->bytes, (uint32_t)(t - s->texts), NONE, NONE, state};
    if (!dm_buf_add(s->found, &o, sizeof o))
        return false;
    s->marks[end] |= MARK_END;
    if (!state)
        wait(s, count(s) - 1);
    return true;
}

/* Whether an occurrence that ends at byte `end` is worth a look. */
static bool may_end(const struct state *s, size_t end)
{
    size_t size;
    if (!s->last[(unsigned char)s->p[end - 1]] || (end < s->n && dm_char_continues(s->p[end])))
        return false;
    return s->swap->adjoining || s->swap->may_follow(dm_char_at(s->p, s->n, end, &size));
}

/* Lists the occurrences that start at `at`. */
static bool list_at(struct state *s, size_t at)
{
    uint32_t state = s->swap->may_precede(dm_char_left(s->p, at)) ? 0 : BLOCKED_BEFORE;
    if (state && !(s->marks[at] & MARK_END))
        return true;
    uint64_t hash = 0xCBF29CE484222325;
    for (size_t bytes = 1; bytes <= s->longest && at + bytes <= s->n; bytes++) {
        hash = add_byte(hash, s->p[at + bytes - 1]);
        if (!s->lengths[bytes] || !(s->seen[seen_byte(s, hash)] & seen_bit(hash)) ||
            !may_end(s, at + bytes))
            continue;
        struct text *t = find_text(s, hash | 1, at, bytes);
        if (t->hash && !add_occurrence(s, t, at, state))
            return false;
    }
    return true;
}

static bool list_occurrences(struct state *s)
{
    s->marks = dm_scratch_room(DM_SCRATCH_MARKS, s->n + 1);
    if (!s->marks)
        return false;
    memset(s->marks, 0, s->n + 1);
    for (size_t i = 0; i < s->n; i++)
        if (s->first[(unsigned char)s->p[i]] && !list_at(s, i))
            return false;
    return true;
}

static void unblock(const struct state *s, uint32_t i, uint32_t why)
{
    struct occurrence *o = occurrence(s, i);
    if (!(o->state & why))
        return;
    o->state &= ~why;
    if (!o->state)
        wait(s, i);
}

/* Releases the neighbours of an occurrence that was replaced: those that end or begin where it
 * does. */
static void release_neighbours(const struct state *s, uint32_t i)
{
    const struct occurrence *o = occurrence(s, i);
    size_t end = o->start + o->bytes;
    for (uint32_t k = i; k-- > 0 && occurrence(s, k)->start + s->longest >= o->start;)
        if (occurrence(s, k)->start + occurrence(s, k)->bytes == o->start)
            unblock(s, k, BLOCKED_AFTER);
    if (!(s->marks[end] & MARK_END))
        return;
    for (uint32_t k = i + 1; k < count(s) && occurrence(s, k)->start <= end; k++)
        if (occurrence(s, k)->start == end)
            unblock(s, k, BLOCKED_BEFORE);
}

static bool replace(const struct state *s, uint32_t i)
{
    struct occurrence *o = occurrence(s, i);
    if (memchr(s->marks + o->start, MARK_TAKEN, o->bytes) ||
        memchr(s->marks + o->start, MARK_TAKEN | MARK_END, o->bytes))
        return false;
    for (size_t k = 0; k < o->bytes; k++)
        s->marks[o->start + k] |= MARK_TAKEN;
    o->state |= REPLACED;
    return true;
}

/* A call: what is released meanwhile waits for another one. */
static void run_call(const struct state *s, struct text *t)
{
    uint32_t done = NONE;
    for (uint32_t i; !(done != NONE && s->swap->once) && (i = take(s, t)) != NONE;) {
        if (!replace(s, i))
            continue;
        occurrence(s, i)->next = done;
        done = i;
    }
    for (; done != NONE; done = occurrence(s, done)->next)
        release_neighbours(s, done);
}

static int write_out(const struct state *s, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(s->p, s->n, out);
    for (uint32_t i = 0; i < count(s); i++) {
        const struct occurrence *o = occurrence(s, i);
        if (o->state & REPLACED)
            dm_rewrite_put(&w, o->start, o->start + o->bytes, s->swap->mark, strlen(s->swap->mark));
    }
    return dm_rewrite_end(&w);
}

int dm_swap_all(const struct dm_swap *swap, const char *p, size_t n, const struct dm_buf *calls,
                struct dm_buf *out)
{
    struct state s = {.swap = swap, .p = p, .n = n, .found = dm_scratch_get(DM_SCRATCH_FOUND)};
    const struct dm_text_span *spans = (const void *)calls->p;
    size_t ncalls = calls->n / sizeof *spans;
    dm_buf_clear(s.found);
    if (ncalls == 0)
        return 0;
    if (!list_texts(&s, spans, ncalls) || !list_occurrences(&s))
        return DM_EMEMORY;
    for (size_t i = 0; i < ncalls; i++) {
        size_t bytes = spans[i].end - spans[i].start;
        run_call(&s, find_text(&s, hash_of(p + spans[i].start, bytes), spans[i].start, bytes));
    }
    return write_out(&s, out);
}
