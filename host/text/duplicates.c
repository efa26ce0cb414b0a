/* How much of a text repeats what stood in it before, as the rules of Gopher (Rae et al. 2021,
 * arXiv:2112.11446, table A1) and FineWeb (Penedo et al. 2024, arXiv:2406.17557) ask: lines,
 * paragraphs, n-grams of words.
 *
 * An n-gram can only occur twice where both the (n-1)-grams in it do. So with each n there are
 * fewer places to look at, mostly none from some n on; the time is that of finding the words that
 * occur twice, and some passes over rests. */
#include "text/chars.h"
#include "text/hash.h"
#include "text/scratch.h"
#include "text/tally.h"

/* Parts ------------------------------------------------------------------------------------------
 */

/* Counts a part. */
static bool count_part(struct dm_tally *t, const char *p, size_t n, struct dm_duplicates *out)
{
    struct dm_piece *piece = dm_tally_add(t, p, n);
    if (!piece)
        return false;
    out->parts++;
    if (piece->count++ > 0) {
        out->duplicates++;
        out->chars += dm_text_length(p, n);
    }
    return true;
}

static bool is_blank(const char *p, size_t n)
{
    struct dm_text_span span;
    dm_text_strip(p, n, &span);
    return span.start == span.end;
}

/* The first run of at least `least` newlines from `at` on, or the end; its end goes to *behind. */
static size_t find_break(const char *p, size_t n, size_t at, size_t least, size_t *behind)
{
    for (const char *q; at < n && (q = memchr(p + at, '\n', n - at)) != NULL; at = *behind) {
        size_t start = (size_t)(q - p);
        for (*behind = start + 1; *behind < n && p[*behind] == '\n';)
            ++*behind;
        if (*behind - start >= least)
            return start;
    }
    *behind = n + 1;
    return n;
}

int dm_text_duplicates(const char *p, size_t n, int kind, struct dm_duplicates *out)
{
    struct dm_tally t = {0};
    bool ok = true;
    *out = (struct dm_duplicates){0};
    if (kind == DM_PARAGRAPHS) {
        struct dm_text_span span;
        dm_text_strip(p, n, &span);
        p += span.start;
        n = span.end - span.start;
    }
    for (size_t at = 0, end, behind; ok && at <= n; at = behind) {
        end = find_break(p, n, at, kind == DM_PARAGRAPHS ? 2 : 1, &behind);
        if (kind != DM_FULL_LINES || !is_blank(p + at, end - at))
            ok = count_part(&t, p + at, end - at, out);
    }
    dm_tally_finish(&t);
    return ok ? DM_OK : DM_EMEMORY;
}

/* N-grams ----------------------------------------------------------------------------------------
 */

struct word {
    uint32_t start, bytes;
    uint32_t before; /* code points of the words before it */
    uint32_t number; /* of the word, from 1; 0 for one that occurs once */
    uint32_t rank;   /* the same for the n-gram that begins here */
};

/* N-grams that are the same. */
struct group {
    uint64_t key;
    uint32_t first, count; /* the first word of the first of them */
};

struct text {
    const char *p;
    struct word *words; /* one more than there are, for the code points before it */
    size_t n;
    struct dm_buf *groups;
    uint32_t *slots, *places, *fresh; /* places: words at which n-grams that occur twice begin */
    size_t nplaces;
};

static struct group *groups_of(const struct text *t)
{
    return (struct group *)(void *)t->groups->p;
}

/* Finds the words. */
static bool read_words(struct text *t, size_t bytes)
{
    struct dm_buf *list = dm_scratch_get(DM_SCRATCH_ENTRIES);
    uint32_t chars = 0;
    dm_buf_clear(list);
    for (size_t i = 0, size; i < bytes;) {
        struct word w = {.start = (uint32_t)i, .before = chars};
        for (; i < bytes && !dm_char_is_space(dm_char_read(t->p + i, &size)); i += size)
            chars++;
        w.bytes = (uint32_t)i - w.start;
        if (w.bytes && !dm_buf_add(list, &w, sizeof w))
            return false;
        if (i < bytes)
            i += dm_char_size(t->p[i]);
    }
    t->n = list->n / sizeof *t->words;
    struct word last = {.before = chars};
    if (!dm_buf_add(list, &last, sizeof last))
        return false;
    t->words = (struct word *)(void *)list->p;
    return true;
}

static bool is_same_word(const struct text *t, uint32_t a, uint32_t b)
{
    const struct word *x = &t->words[a], *y = &t->words[b];
    return x->bytes == y->bytes && memcmp(t->p + x->start, t->p + y->start, x->bytes) == 0;
}

/* Adds the n-gram at word `at` to its group; returns the group's number from 1, or 0 when memory is
 * short. Keys of words are hashes, which are verified; those of longer n-grams are exact. */
static uint32_t add_to_group(struct text *t, uint64_t key, uint32_t at, size_t mask, bool words)
{
    size_t slot = dm_hash_fold(key ^ dm_hash_keys()[0], dm_hash_keys()[1]) & mask;
    for (; t->slots[slot]; slot = (slot + 1) & mask) {
        struct group *g = &groups_of(t)[t->slots[slot] - 1];
        if (g->key == key && (!words || is_same_word(t, g->first, at))) {
            g->count++;
            return t->slots[slot];
        }
    }
    struct group fresh = {key, at, 1};
    if (!dm_buf_add(t->groups, &fresh, sizeof fresh))
        return 0;
    return t->slots[slot] = (uint32_t)(t->groups->n / sizeof fresh);
}

/* Clears the table of groups for so many n-grams; returns its mask. */
static size_t begin_groups(struct text *t, size_t ngrams)
{
    size_t slots = 16;
    while (slots < 2 * ngrams)
        slots *= 2;
    memset(t->slots, 0, slots * sizeof *t->slots);
    dm_buf_clear(t->groups);
    return slots - 1;
}

/* Keeps the places whose groups, in t->fresh, have more than one n-gram. */
static void keep_repeated(struct text *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->nplaces; i++) {
        uint32_t rank = t->fresh[i];
        bool repeated = rank && groups_of(t)[rank - 1].count > 1;
        t->words[t->places[i]].rank = repeated ? rank : 0;
        if (repeated)
            t->places[kept++] = t->places[i];
    }
    t->nplaces = kept;
}

/* Groups single words. */
static bool group_words(struct text *t)
{
    const uint64_t *keys = dm_hash_keys();
    size_t mask = begin_groups(t, t->n);
    t->nplaces = t->n;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct word *w = &t->words[i];
        t->places[i] = i;
        t->fresh[i] = add_to_group(t, dm_hash(keys, t->p + w->start, w->bytes), i, mask, true);
        if (!t->fresh[i])
            return false;
    }
    keep_repeated(t);
    for (size_t i = 0; i < t->n; i++)
        t->words[i].number = t->words[i].rank;
    return true;
}

/* Groups n-grams, after those of n - 1. */
static bool group_ngrams(struct text *t, size_t n)
{
    size_t mask = begin_groups(t, t->nplaces);
    for (size_t i = 0; i < t->nplaces; i++) {
        uint32_t at = t->places[i];
        bool may = at + n <= t->n && t->words[at + 1].rank;
        uint64_t key = may ? (uint64_t)t->words[at].rank << 32 | t->words[at + n - 1].number : 0;
        t->fresh[i] = may ? add_to_group(t, key, at, mask, false) : 0;
        if (may && !t->fresh[i])
            return false;
    }
    keep_repeated(t);
    return true;
}

/* Code points of the words from `at` on. */
static double chars_of(const struct text *t, size_t at, size_t words)
{
    return t->words[at + words].before - t->words[at].before;
}

/* Code points of the most frequent n-gram with single spaces, times its count; of equals the first
 * counts. */
static double top_chars(const struct text *t, size_t n)
{
    struct group top = {0, 0, 1};
    if (t->n < n)
        return 0;
    for (size_t i = 0; i < t->groups->n / sizeof top; i++)
        if (groups_of(t)[i].count > top.count)
            top = groups_of(t)[i];
    return (chars_of(t, top.first, n) + (double)(n - 1)) * top.count;
}

/* Code points of n-grams that stood before, none of which overlap; spaces do not count. Where one
 * is found, those that begin inside of it do not count as seen. */
static double duplicate_chars(const struct text *t, size_t n)
{
    double chars = 0;
    size_t next = 0;
    for (size_t i = 0; i < t->nplaces; i++) {
        size_t at = t->places[i];
        struct group *g = &groups_of(t)[t->words[at].rank - 1];
        if (at < next)
            continue;
        next = at + 1;
        if (g->count == 0) {
            chars += chars_of(t, at, n);
            next = at + n;
        }
        g->count = 0;
    }
    return chars;
}

int dm_text_word_grams(const char *p, size_t n, size_t most, double *top, double *duplicate)
{
    struct text t = {.p = p, .groups = dm_scratch_get(DM_SCRATCH_FOUND)};
    if (n >= UINT32_MAX / 4)
        return DM_EINPUT;
    if (!read_words(&t, n))
        return DM_EMEMORY;
    size_t slots = 4 * t.n + 16;
    t.slots = dm_scratch_room(DM_SCRATCH_SLOTS, slots * sizeof *t.slots);
    t.places = dm_scratch_room(DM_SCRATCH_UNITS, 2 * t.n * sizeof *t.places + 1);
    if (!t.slots || !t.places)
        return DM_EMEMORY;
    t.fresh = t.places + t.n;
    for (size_t k = 1; k <= most; k++) {
        if (!(k == 1 ? group_words(&t) : group_ngrams(&t, k)))
            return DM_EMEMORY;
        top[k] = top_chars(&t, k);
        duplicate[k] = duplicate_chars(&t, k);
    }
    return DM_OK;
}
