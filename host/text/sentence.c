/* Data-Juicer's remove_repeat_sentences. A sentence of a line ends
 *
 *   ([.。！!？\?])([^’”])                  after group 1,
 *   (\…{2})([^’”])                         after group 1, and
 *   ([.。！!？\?\.{6}\…{2}][’”])([^’”])   after group 1;
 *
 * the peer substitutes these one after the other, each without overlaps. None sees what another
 * inserted, so that one pass finds them all, which keeps for each pattern where its next match may
 * start. (A fourth pattern, six dots, never matches what the first leaves. In the brackets of the
 * last one the figures and braces are characters like the others.)
 *
 * A sentence whose key was seen before is dropped. Keys lie one behind the other, and a hash table
 * holds their numbers; an equal hash is verified. */
#include "text/chars.h"
#include "text/scratch.h"

#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

enum { STOP = 1, DOTS = 2, BEFORE_QUOTE = 4, QUOTE = 8 };

struct key {
    uint64_t hash;
    size_t at, n;
};

/* The sentences seen. */
struct seen {
    struct dm_buf *keys, *text;
    uint32_t *slots; /* number of the key, from 1 */
    size_t nslots;
    uint64_t seed;
};

struct repeats {
    const char *p;
    const struct dm_repeat_options *options;
    struct seen seen;
    struct dm_buf *out;
    bool dropped;
};

static unsigned kind_at(const char *p)
{
    switch (*p) {
    case '.':
    case '!':
    case '?':
        return STOP | BEFORE_QUOTE;
    case '{':
    case '}':
    case '2':
    case '6':
        return BEFORE_QUOTE;
    case (char)0xE2:
        if (memcmp(p, "…", 3) == 0)
            return DOTS | BEFORE_QUOTE;
        return memcmp(p, "’", 3) == 0 || memcmp(p, "”", 3) == 0 ? QUOTE : 0;
    case (char)0xE3:
        return memcmp(p, "。", 3) == 0 ? STOP | BEFORE_QUOTE : 0;
    case (char)0xEF:
        return memcmp(p, "！", 3) == 0 || memcmp(p, "？", 3) == 0 ? STOP | BEFORE_QUOTE : 0;
    default:
        return 0;
    }
}

/* Where each pattern's next match may start. */
struct cuts {
    size_t stop, dots, quote;
};

/* The place of a cut when a character that is no quote stands there: goes to *cut, and where the
 * pattern may match next to *next. */
static bool cut_at(const char *p, size_t end, size_t at, size_t *next, size_t *cut)
{
    if (at >= end || kind_at(p + at) & QUOTE)
        return false;
    *cut = at;
    *next = at + dm_char_size(p[at]);
    return true;
}

/* End of the sentence that starts at i, within the line that ends at `end`. */
static size_t sentence_end(const char *p, size_t i, size_t end, struct cuts *from)
{
    size_t cut;
    for (size_t after; i < end; i = after) {
        after = i + dm_char_size(p[i]);
        unsigned kind = kind_at(p + i), next;
        if (!kind || after >= end)
            continue;
        next = kind_at(p + after);
        if ((kind & STOP) && i >= from->stop && cut_at(p, end, after, &from->stop, &cut))
            return cut;
        if ((kind & DOTS) && (next & DOTS) && i >= from->dots &&
            cut_at(p, end, after + 3, &from->dots, &cut))
            return cut;
        if ((kind & BEFORE_QUOTE) && (next & QUOTE) && i >= from->quote &&
            cut_at(p, end, after + 3, &from->quote, &cut))
            return cut;
    }
    return end;
}

/* Appends the letters, figures, Chinese characters, TABs and spaces of a text. */
static void add_plain(struct dm_buf *out, const char *p, size_t n)
{
    for (size_t i = 0, size; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        bool keep = c < 128 ? (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                                  c == '\t' || c == '\n' || c == ' '
                            : c >= 0x4E00 && c <= 0x9FA5;
        if (keep) {
            memcpy(out->p + out->n, p + i, size);
            out->n += size;
        }
    }
}

/* Appends the key of a sentence to the keys' text. */
static bool add_key(struct repeats *r, const char *p, size_t n)
{
    struct dm_buf *lower = dm_scratch_get(DM_SCRATCH_LOWER), *text = r->seen.text;
    struct dm_text_span span;
    dm_text_strip(p, n, &span);
    p += span.start;
    n = span.end - span.start;
    if (r->options->lowercase) {
        int changed = dm_text_lower(p, n, lower);
        if (changed < 0)
            return false;
        if (changed) {
            p = lower->p;
            n = lower->n;
        }
    }
    if (!r->options->plain)
        return dm_buf_add(text, p, n);
    if (!dm_buf_reserve(text, n))
        return false;
    add_plain(text, p, n);
    return true;
}

static uint32_t *find_slot(const struct seen *s, const struct key *key)
{
    size_t mask = s->nslots - 1, i = key->hash & mask;
    const struct key *keys = (const struct key *)(const void *)s->keys->p;
    for (; s->slots[i]; i = (i + 1) & mask) {
        const struct key *k = &keys[s->slots[i] - 1];
        if (k->hash == key->hash && k->n == key->n &&
            memcmp(s->text->p + k->at, s->text->p + key->at, k->n) == 0)
            break;
    }
    return &s->slots[i];
}

/* Makes the table larger and enters all keys anew. */
static bool grow(struct seen *s)
{
    size_t nslots = s->nslots ? s->nslots * 4 : 64, count = s->keys->n / sizeof(struct key);
    const struct key *keys = (const struct key *)(const void *)s->keys->p;
    s->slots = dm_scratch_room(DM_SCRATCH_SLOTS, nslots * sizeof *s->slots);
    if (!s->slots)
        return false;
    memset(s->slots, 0, nslots * sizeof *s->slots);
    s->nslots = nslots;
    for (size_t i = 0; i < count; i++)
        *find_slot(s, &keys[i]) = (uint32_t)i + 1;
    return true;
}

/* Whether the key that begins at `at` of the keys' text is new. 0: it is not, and is taken back.
 * Below zero: memory ran short. */
static int enter(struct seen *s, size_t at)
{
    struct key key = {0, at, s->text->n - at};
    key.hash = XXH3_64bits_withSeed(s->text->p + at, key.n, s->seed);
    size_t count = s->keys->n / sizeof key;
    if (2 * count >= s->nslots && !grow(s))
        return DM_EMEMORY;
    uint32_t *slot = find_slot(s, &key);
    if (*slot) {
        s->text->n = at;
        return 0;
    }
    *slot = (uint32_t)count + 1;
    return dm_buf_add(s->keys, &key, sizeof key) ? 1 : DM_EMEMORY;
}

/* Writes the sentence unless it is a repetition. */
static bool take_sentence(struct repeats *r, size_t start, size_t end)
{
    size_t at = r->seen.text->n;
    if (!add_key(r, r->p + start, end - start))
        return false;
    double length = dm_text_length(r->seen.text->p + at, r->seen.text->n - at);
    int fresh = 1;
    if (length < r->options->min_length)
        r->seen.text->n = at;
    else
        fresh = enter(&r->seen, at);
    if (fresh < 0)
        return false;
    r->dropped |= !fresh;
    return !fresh || dm_buf_add(r->out, r->p + start, end - start);
}

static bool take_line(struct repeats *r, size_t start, size_t end)
{
    struct cuts from = {0};
    while (start < end) {
        size_t stop = sentence_end(r->p, start, end, &from);
        if (!take_sentence(r, start, stop))
            return false;
        start = stop;
    }
    return true;
}

static uint64_t random_seed(void)
{
    static uint64_t seed;
    if (!seed && getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = 0x9E3779B97F4A7C15;
    return seed;
}

int dm_text_repeats(const char *p, size_t n, const struct dm_repeat_options *options,
                    struct dm_buf *out)
{
    struct repeats r = {.p = p, .options = options, .out = out};
    r.seen.keys = dm_scratch_get(DM_SCRATCH_KEYS);
    r.seen.text = dm_scratch_get(DM_SCRATCH_KEY_TEXT);
    r.seen.seed = random_seed();
    dm_buf_clear(r.seen.keys);
    dm_buf_clear(r.seen.text);
    dm_buf_clear(out);
    if (!dm_buf_reserve(r.seen.text, 1))
        return DM_EMEMORY;
    for (size_t i = 0; i < n;) {
        const char *newline = memchr(p + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - p) : n;
        if (!take_line(&r, i, end) || !dm_buf_add(out, "\n", newline != NULL))
            return DM_EMEMORY;
        i = end + 1;
    }
    return r.dropped;
}
