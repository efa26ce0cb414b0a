/* Cuts words, and counts the n-grams of words that repeat. */
#include "text/words.h"
#include "text/chars.h"
#include "text/grams.h"
#include "text/hash.h"
#include "text/scratch.h"

/* Of a byte: what it is to a word, when it is ASCII. */
enum { LETTER, SPECIAL, SEPARATOR, WIDE };

/* Work spaces larger than this are not kept for small texts. */
enum { KEEP_BYTES = 1 << 20 };

static struct dm_buf text, words; /* in small letters; struct dm_word */

static const uint8_t *byte_kinds(void)
{
    static uint8_t kinds[256];
    if (kinds[' '])
        return kinds;
    for (unsigned c = 0; c < 256; c++)
        kinds[c] = c >= 0x80 ? WIDE : dm_class_has(dm_classes()->special, c) ? SPECIAL : LETTER;
    kinds[' '] = kinds['\n'] = kinds['\t'] = SEPARATOR;
    return kinds;
}

double dm_text_word_count(const char *p, size_t n)
{
    const uint8_t *kinds = byte_kinds();
    const uint64_t *special = dm_classes()->special;
    size_t count = 0, size = 1;
    bool within = false; /* a word: something that is not special came after the last separator */
    for (size_t i = 0; i < n; i += size, size = 1) {
        uint8_t kind = kinds[(unsigned char)p[i]];
        if (kind == WIDE)
            kind = dm_class_has(special, dm_char_read(p + i, &size)) ? SPECIAL : LETTER;
        count += kind == LETTER && !within;
        within = kind == LETTER || (within && kind == SPECIAL);
    }
    return (double)count;
}

/* First byte from `at` on that belongs to no separator, or n. */
static size_t skip_separators(const uint8_t *kinds, const char *p, size_t n, size_t at)
{
    while (at < n && kinds[(unsigned char)p[at]] == SEPARATOR)
        at++;
    return at;
}

static size_t find_separator(const uint8_t *kinds, const char *p, size_t n, size_t at)
{
    while (at < n && kinds[(unsigned char)p[at]] != SEPARATOR)
        at++;
    return at;
}

/* Takes special characters from both ends. */
static void strip_special(const char *p, size_t *start, size_t *end)
{
    const uint64_t *special = dm_classes()->special;
    size_t size;
    while (*start < *end && dm_class_has(special, dm_char_read(p + *start, &size)))
        *start += size;
    while (*start < *end && dm_class_has(special, dm_char_before(p + *end, &size)))
        *end -= size;
}

static bool cut_words(const char *p, size_t n)
{
    const uint8_t *kinds = byte_kinds();
    const uint64_t *keys = dm_hash_keys();
    dm_buf_clear(&words);
    for (size_t i = skip_separators(kinds, p, n, 0); i < n; i = skip_separators(kinds, p, n, i)) {
        size_t start = i, end = find_separator(kinds, p, n, i);
        i = end;
        strip_special(p, &start, &end);
        if (start == end)
            continue;
        struct dm_word word = {(uint32_t)start, (uint32_t)(end - start), 0};
        word.hash = dm_hash(keys, p + start, end - start);
        if (!dm_buf_add(&words, &word, sizeof word))
            return false;
    }
    return true;
}

static void shrink(struct dm_buf *b, size_t bytes)
{
    if (b->cap > KEEP_BYTES && bytes < KEEP_BYTES)
        dm_buf_finish(b);
    dm_buf_clear(b);
}

double dm_words_read(const char *p, size_t n)
{
    shrink(&text, n);
    shrink(&words, n);
    if (n > UINT32_MAX / 4)
        return DM_EINPUT;
    int changed = dm_text_lower(p, n, &text);
    if (changed < 0 || (!changed && !dm_buf_add(&text, p, n)))
        return DM_EMEMORY;
    if (!cut_words(text.p, text.n))
        return DM_EMEMORY;
    return (double)(words.n / sizeof(struct dm_word));
}

struct dm_words dm_words_last(void)
{
    struct dm_words w = {text.p, (const void *)words.p, words.n / sizeof(struct dm_word)};
    return w;
}

static bool same_word(const struct dm_words *w, size_t a, size_t b)
{
    const struct dm_word *x = &w->list[a], *y = &w->list[b];
    return x->hash == y->hash && x->bytes == y->bytes &&
           memcmp(w->text + x->start, w->text + y->start, x->bytes) == 0;
}

/* Gives every word the number of the first one like it. The table has a slot for each two words at
 * least, and holds numbers from 1. */
static bool number_words(const struct dm_words *w, uint32_t *numbers)
{
    size_t slots = 256;
    while (slots < 2 * w->n)
        slots *= 2;
    uint32_t *table = dm_scratch_room(DM_SCRATCH_PIECES, slots * sizeof *table);
    if (!table)
        return false;
    memset(table, 0, slots * sizeof *table);
    for (size_t i = 0; i < w->n; i++) {
        size_t slot = (size_t)w->list[i].hash & (slots - 1);
        while (table[slot] && !same_word(w, table[slot] - 1, i))
            slot = (slot + 1) & (slots - 1);
        if (!table[slot])
            table[slot] = (uint32_t)i + 1;
        numbers[i] = table[slot] - 1;
    }
    return true;
}

int dm_words_repetition(double rep_len, double *ratio)
{
    struct dm_words w = dm_words_last();
    *ratio = 0;
    if (rep_len < 1 || rep_len > (double)w.n)
        return DM_OK;
    uint32_t *numbers = dm_scratch_room(DM_SCRATCH_UNITS, w.n * sizeof *numbers);
    if (!numbers || !number_words(&w, numbers))
        return DM_EMEMORY;
    struct dm_grams g = {.units = numbers, .len = (size_t)rep_len, .n = w.n + 1 - (size_t)rep_len};
    int status = dm_grams_note(&g, true);
    if (status == DM_OK)
        *ratio = (double)(g.repeats + dm_grams_count(&g)) / (double)g.n;
    return status;
}
