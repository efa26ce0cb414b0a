/* Conversion between traditional and simplified Chinese, in OpenCC's steps
 * (https://github.com/BYVoid/OpenCC) and with its dictionaries.
 *
 * A text is cut into segments first: the longest entries of a dictionary, from left to right, and
 * what stands between them. Each segment then goes through the steps, which replace the longest
 * entries in it; of the dictionaries of a step the first one that has an entry counts. */
#include "text/charset.h"
#include "text/scratch.h"
#include "text/trie.h"

#include <stdlib.h>

enum { MOST_STEPS = 3, MOST_DICTIONARIES = 4 };

/* A work space that outgrew this is given back after each text. */
enum { KEEP_BYTES = 1 << 20 };

/* The value of an entry, in `text`; of a node without an entry `bytes` is 0. */
struct value {
    uint32_t start, bytes;
};

struct dm_dictionary {
    struct dm_trie trie;
    struct dm_buf values; /* struct value for each node */
    struct dm_buf text;
};

struct step {
    const struct dm_dictionary *dictionaries[MOST_DICTIONARIES];
    size_t n;
    struct dm_charset *first; /* code points that entries begin with */
};

struct dm_converter {
    struct step steps[MOST_STEPS + 1]; /* 0 cuts into segments */
    size_t nsteps;
    struct dm_buf between[MOST_STEPS]; /* what step i made of a segment */
};

static struct value *value_of(const struct dm_dictionary *d, uint32_t node)
{
    return (struct value *)(void *)d->values.p + node;
}

static bool add_entry(struct dm_dictionary *d, const char *key, size_t n, const char *value,
                      size_t bytes)
{
    uint32_t node = 0;
    for (size_t i = 0, size; i < n; i += size) {
        struct value none = {0, 0};
        node = dm_trie_add(&d->trie, node, dm_char_read(key + i, &size));
        while (d->values.n < d->trie.nodes * sizeof none)
            if (!dm_buf_add(&d->values, &none, sizeof none))
                return false;
        if (!node)
            return false;
    }
    *value_of(d, node) = (struct value){(uint32_t)d->text.n, (uint32_t)bytes};
    return dm_buf_add(&d->text, value, bytes);
}

/* A line: key, tab, values; the first value counts. */
static bool add_line(struct dm_dictionary *d, const char *p, size_t n)
{
    const char *tab = memchr(p, '\t', n);
    if (!tab || tab == p)
        return true;
    const char *value = tab + 1, *end = memchr(value, ' ', n - (size_t)(value - p));
    size_t bytes = end ? (size_t)(end - value) : n - (size_t)(value - p);
    return bytes == 0 || add_entry(d, p, (size_t)(tab - p), value, bytes);
}

struct dm_dictionary *dm_dictionary_create(const char *p, size_t n)
{
    struct dm_dictionary *d = calloc(1, sizeof *d);
    bool ok = d && dm_trie_init(&d->trie) &&
              dm_buf_add(&d->values, &(struct value){0, 0}, sizeof(struct value));
    for (size_t at = 0, end; ok && at < n; at = end + 1) {
        const char *newline = memchr(p + at, '\n', n - at);
        end = newline ? (size_t)(newline - p) : n;
        ok = add_line(d, p + at, end - at);
    }
    if (ok)
        return d;
    dm_dictionary_destroy(d);
    return NULL;
}

void dm_dictionary_destroy(struct dm_dictionary *d)
{
    if (!d)
        return;
    dm_trie_finish(&d->trie);
    dm_buf_finish(&d->values);
    dm_buf_finish(&d->text);
    free(d);
}

struct dm_converter *dm_converter_create(void)
{
    return calloc(1, sizeof(struct dm_converter));
}

void dm_converter_destroy(struct dm_converter *k)
{
    if (!k)
        return;
    for (size_t i = 0; i <= MOST_STEPS; i++)
        dm_charset_destroy(k->steps[i].first);
    for (size_t i = 0; i < MOST_STEPS; i++)
        dm_buf_finish(&k->between[i]);
    free(k);
}

static bool add_first_points(const struct dm_dictionary *d, struct dm_buf *ranges)
{
    for (size_t i = 0; i <= d->trie.mask; i++) {
        uint64_t key = d->trie.edges[i].key;
        if (!key || key > 1 << 21)
            continue;
        uint32_t range[2] = {(uint32_t)(key - 1), (uint32_t)(key - 1)};
        if (!dm_buf_add(ranges, range, sizeof range))
            return false;
    }
    return true;
}

/* Makes the set of code points with which entries of the step begin. */
static bool set_first(struct step *step)
{
    struct dm_buf ranges = {0};
    bool ok = true;
    for (size_t i = 0; i < step->n && ok; i++)
        ok = add_first_points(step->dictionaries[i], &ranges);
    dm_charset_destroy(step->first);
    step->first =
        ok ? dm_charset_create((const void *)ranges.p, ranges.n / (2 * sizeof(uint32_t))) : NULL;
    dm_buf_finish(&ranges);
    return step->first != NULL;
}

int dm_converter_add(struct dm_converter *k, int step, const struct dm_dictionary *d)
{
    if (step < 0 || step > MOST_STEPS || k->steps[step].n == MOST_DICTIONARIES)
        return DM_EUSAGE;
    struct step *s = &k->steps[step];
    s->dictionaries[s->n++] = d;
    if ((size_t)step > k->nsteps)
        k->nsteps = (size_t)step;
    return set_first(s) ? DM_OK : DM_EMEMORY;
}

/* The longest entry at the beginning of a text: its bytes, or 0; the value goes to *value. */
static size_t match(const struct dm_dictionary *d, const char *p, size_t n, struct dm_span *value)
{
    size_t bytes = 0, size;
    uint32_t node = 0;
    for (size_t i = 0; i < n; i += size) {
        node = dm_trie_child(&d->trie, node, dm_char_read(p + i, &size));
        if (!node)
            break;
        const struct value *v = value_of(d, node);
        if (v->bytes) {
            bytes = i + size;
            *value = (struct dm_span){d->text.p + v->start, v->bytes};
        }
    }
    return bytes;
}

static size_t match_any(const struct step *s, const char *p, size_t n, struct dm_span *value)
{
    size_t bytes = 0;
    for (size_t i = 0; i < s->n && bytes == 0; i++)
        bytes = match(s->dictionaries[i], p, n, value);
    return bytes;
}

/* The first entry from byte `at` on, or n; its bytes go to *bytes. */
static size_t find_entry(const struct step *s, const char *p, size_t n, size_t at, size_t *bytes,
                         struct dm_span *value)
{
    size_t size;
    uint32_t c;
    for (;; at += size) {
        at = dm_charset_find(s->first, p, n, at, &size, &c);
        if (at >= n)
            return n;
        *bytes = match_any(s, p + at, n - at, value);
        if (*bytes)
            return at;
    }
}

static bool run_step(const struct step *s, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_span value = {NULL, 0};
    for (size_t at = 0, entry, bytes = 0; at < n; at = entry + bytes) {
        entry = find_entry(s, p, n, at, &bytes, &value);
        if (!dm_buf_add(out, p + at, entry - at))
            return false;
        if (entry == n)
            break;
        if (!dm_buf_add(out, value.p, value.n))
            return false;
    }
    return true;
}

static bool run_steps(struct dm_converter *k, const char *p, size_t n, struct dm_buf *out)
{
    for (size_t i = 1; i < k->nsteps; i++) {
        struct dm_buf *made = &k->between[i - 1];
        dm_buf_clear(made);
        if (!run_step(&k->steps[i], p, n, made))
            return false;
        p = made->p;
        n = made->n;
    }
    return run_step(&k->steps[k->nsteps], p, n, out);
}

static bool convert(struct dm_converter *k, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_span value;
    for (size_t at = 0, entry, bytes = 0; at < n; at = entry + bytes) {
        entry = find_entry(&k->steps[0], p, n, at, &bytes, &value);
        bytes = entry < n ? bytes : 0;
        if ((entry > at && !run_steps(k, p + at, entry - at, out)) ||
            (bytes && !run_steps(k, p + entry, bytes, out)))
            return false;
        if (!bytes)
            break;
    }
    return true;
}

int dm_converter_convert(struct dm_converter *k, const char *p, size_t n, struct dm_buf *out)
{
    dm_buf_clear(out);
    bool ok = dm_buf_reserve(out, n) && convert(k, p, n, out);
    for (size_t i = 0; i < MOST_STEPS; i++)
        if (k->between[i].cap > KEEP_BYTES)
            dm_buf_finish(&k->between[i]);
    if (!ok)
        return DM_EMEMORY;
    return out->n != n || memcmp(out->p, p, n) != 0;
}
