/* A set of words, and which words of a text are in it. */
#include "text/words.h"
#include "text/hash.h"
#include "text/scratch.h"

#include <stdlib.h>

struct dm_wordset {
    struct dm_buf text;
    struct dm_word *slots; /* open addressing; bytes 0 marks a free one */
    size_t cap, n;         /* slots, a power of two; words */
    uint32_t longest;      /* bytes of the longest word */
};

struct dm_wordset *dm_wordset_create(void)
{
    return calloc(1, sizeof(struct dm_wordset));
}

void dm_wordset_destroy(struct dm_wordset *set)
{
    if (!set)
        return;
    dm_buf_finish(&set->text);
    free(set->slots);
    free(set);
}

/* The slot that holds the word, or the free one where it belongs. There must be a free one. */
static struct dm_word *find_slot(const struct dm_wordset *set, const char *p, size_t n,
                                 uint64_t hash)
{
    for (size_t i = (size_t)hash & (set->cap - 1);; i = (i + 1) & (set->cap - 1)) {
        struct dm_word *slot = &set->slots[i];
        if (!slot->bytes || (slot->hash == hash && slot->bytes == n &&
                             memcmp(set->text.p + slot->start, p, n) == 0))
            return slot;
    }
}

/* Sees to it that less than half of the slots are taken after one more word. */
static bool make_room(struct dm_wordset *set)
{
    if (2 * (set->n + 1) < set->cap)
        return true;
    struct dm_wordset larger = *set;
    larger.cap = set->cap ? 2 * set->cap : 64;
    larger.slots = calloc(larger.cap, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < set->cap; i++) {
        struct dm_word *word = &set->slots[i];
        if (word->bytes)
            *find_slot(&larger, set->text.p + word->start, word->bytes, word->hash) = *word;
    }
    free(set->slots);
    *set = larger;
    return true;
}

int dm_wordset_add(struct dm_wordset *set, const char *p, size_t n)
{
    uint64_t hash = dm_hash(dm_hash_keys(), p, n);
    if (n == 0)
        return DM_OK;
    if (n > UINT32_MAX / 4 || set->text.n > UINT32_MAX - n)
        return DM_EINPUT;
    if (!make_room(set))
        return DM_EMEMORY;
    struct dm_word *slot = find_slot(set, p, n, hash);
    if (slot->bytes)
        return DM_OK;
    struct dm_word word = {(uint32_t)set->text.n, (uint32_t)n, hash};
    if (!dm_buf_add(&set->text, p, n))
        return DM_EMEMORY;
    *slot = word;
    set->n++;
    if (word.bytes > set->longest)
        set->longest = word.bytes;
    return DM_OK;
}

static bool holds(const struct dm_wordset *set, const char *p, size_t n, uint64_t hash)
{
    return n <= set->longest && n > 0 && find_slot(set, p, n, hash)->bytes;
}

double dm_wordset_count(const struct dm_wordset *set)
{
    struct dm_words w = dm_words_last();
    size_t count = 0;
    for (size_t i = 0; i < w.n; i++)
        count += holds(set, w.text + w.list[i].start, w.list[i].bytes, w.list[i].hash);
    return (double)count;
}

double dm_wordset_find(const struct dm_wordset *set, double from, struct dm_span *word)
{
    struct dm_words w = dm_words_last();
    for (size_t i = (size_t)from; i < w.n; i++) {
        word->p = w.text + w.list[i].start;
        word->n = w.list[i].bytes;
        if (holds(set, word->p, word->n, w.list[i].hash))
            return (double)i;
    }
    return -1;
}

/* Writes `group` words from number `first` on to out with `join` between them. */
static bool join_words(const struct dm_words *w, size_t first, size_t group, struct dm_span join,
                       struct dm_buf *out)
{
    dm_buf_clear(out);
    for (size_t i = first; i < first + group; i++)
        if (!dm_buf_add(out, join.p, i > first ? join.n : 0) ||
            !dm_buf_add(out, w->text + w->list[i].start, w->list[i].bytes))
            return false;
    return true;
}

int dm_wordset_count_groups(const struct dm_wordset *set, double size, const char *join,
                            size_t join_bytes, double *count)
{
    struct dm_words w = dm_words_last();
    struct dm_buf *out = dm_text_out();
    const uint64_t *keys = dm_hash_keys();
    *count = 0;
    if (size < 1 || size > (double)w.n)
        return DM_OK;
    size_t group = (size_t)size, bytes = (group - 1) * join_bytes; /* of the group that ends at i */
    for (size_t i = 0; i < w.n; i++) {
        bytes += w.list[i].bytes;
        if (i + 1 < group)
            continue;
        size_t first = i + 1 - group;
        if (bytes <= set->longest) {
            if (!join_words(&w, first, group, (struct dm_span){join, join_bytes}, out))
                return DM_EMEMORY;
            *count += holds(set, out->p, out->n, dm_hash(keys, out->p, out->n));
        }
        bytes -= w.list[first].bytes;
    }
    return DM_OK;
}
