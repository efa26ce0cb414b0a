/* Data-Juicer's character repetition: how much of a text its most frequent n-grams make up.
 *
 * With D distinct n-grams of which S occur once, and k = min(floor(sqrt(D)), D - S), the ratio is
 * the sum of the k largest counts over the number of n-grams. The n-grams go through a hash table
 * that holds the place where each was first seen; an equal hash is verified on the text, so the
 * result is exact. Hash keys are random for each process, so that no text can be made to collide;
 * the result does not depend on them.
 *
 * A text with at most 128 different code points beyond ASCII is first spelled with one byte for
 * each code point, which most languages fit; any other becomes an array of 32-bit units. The table
 * is not cleared between texts: entries carry a base that grows by the length of the text, and
 * lower ones are empty.
 *
 * Whether the ratio is below a bound is mostly settled without the table: each n-gram adds to a
 * counter that its hash picks. No n-gram occurs more often than its counter says, so the sum of the
 * k largest counters bounds the sum of the k largest counts. That sum needs no sorting: with r(v)
 * the number of counters that reached v, it is min(k, r(1)) + min(k, r(2)) + ... */
#include "text/chars.h"
#include "text/scratch.h"

#include <math.h>
#include <sys/random.h>

/* The units of a text and the state of the count. */
struct grams {
    const void *units; /* uint8_t or uint32_t */
    size_t n;          /* n-grams */
    size_t len;        /* units in one */
    uint32_t *table, *again;
    unsigned shift;
    uint32_t mask, base;
    size_t repeats; /* entries of again: first places of n-grams that were seen again */
};

static uint64_t keys[3];
static uint32_t next_base;

static void make_keys(void)
{
    if (keys[0])
        return;
    if (getrandom(keys, sizeof keys, GRND_NONBLOCK) != (ssize_t)sizeof keys) {
        keys[0] = 0x9E3779B97F4A7C15;
        keys[1] = 0xC2B2AE3D27D4EB4F;
        keys[2] = 0xD6E8FEB86659FD93;
    }
    for (int i = 0; i < 3; i++)
        keys[i] |= 1;
}

static uint64_t load8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

enum kind { SHORT, BYTES, WORDS }; /* bytes in n-grams of 8 to 16; bytes; 32-bit units */

static inline __attribute__((always_inline)) bool same(const struct grams *g, size_t a, size_t b,
                                                       enum kind kind)
{
    const uint8_t *p = g->units;
    if (kind == SHORT)
        return load8(p + a) == load8(p + b) &&
               load8(p + a + g->len - 8) == load8(p + b + g->len - 8);
    size_t unit = kind == WORDS ? 4 : 1;
    return memcmp(p + a * unit, p + b * unit, g->len * unit) == 0;
}

/* Notes the n-gram that begins at unit i. */
static inline __attribute__((always_inline)) void note(struct grams *g, uint64_t hash, size_t i,
                                                       enum kind kind)
{
    uint32_t slot = (uint32_t)(hash >> g->shift), seen;
    for (; (seen = g->table[slot]) >= g->base; slot = (slot + 1) & g->mask) {
        if (same(g, seen - g->base, i, kind)) {
            g->again[g->repeats++] = seen - g->base;
            return;
        }
    }
    g->table[slot] = g->base + (uint32_t)i;
}

enum { AHEAD = 32 }; /* n-grams whose slots are fetched before they are looked at */

static void note_short(struct grams *all)
{
    struct grams g = *all; /* a copy that stays in registers */
    const uint8_t *p = g.units, *end = p + g.len - 8;
    uint64_t a = keys[0], b = keys[1], hashes[AHEAD];
    for (size_t i = 0; i < g.n; i += AHEAD) {
        size_t n = g.n - i < AHEAD ? g.n - i : AHEAD;
        for (size_t k = 0; k < n; k++) {
            hashes[k] = load8(p + i + k) * a + load8(end + i + k) * b;
        }
        for (size_t k = 0; k < n; k++)
            note(&g, hashes[k], i + k, SHORT);
    }
    *all = g;
}

static inline __attribute__((always_inline)) uint32_t unit(const struct grams *g, size_t i,
                                                           enum kind kind)
{
    return kind == WORDS ? ((const uint32_t *)g->units)[i] : ((const uint8_t *)g->units)[i];
}

/* The hash is a polynomial that rolls along the units. */
static inline __attribute__((always_inline)) void note_rolling(struct grams *all, enum kind kind)
{
    struct grams g = *all;
    uint64_t hash = 0, top = 1;
    for (size_t i = 0; i < g.len; i++) {
        hash = hash * keys[2] + unit(&g, i, kind);
        top *= i ? keys[2] : 1;
    }
    for (size_t i = 0;; i++) {
        note(&g, hash * keys[0], i, kind);
        if (i + 1 == g.n)
            break;
        hash = (hash - unit(&g, i, kind) * top) * keys[2] + unit(&g, i + g.len, kind);
    }
    *all = g;
}

static int note_all(struct grams *g, bool wide)
{
    size_t slots = 1024;
    unsigned bits = 10;
    for (; slots < 2 * g->n; bits++)
        slots *= 2;
    size_t cap = dm_scratch_get(DM_SCRATCH_TABLE)->cap;
    g->table = dm_scratch_room(DM_SCRATCH_TABLE, slots * sizeof *g->table);
    g->again = dm_scratch_room(DM_SCRATCH_LIST, g->n * sizeof *g->again);
    if (!g->table || !g->again)
        return DM_EMEMORY;
    struct dm_buf *room = dm_scratch_get(DM_SCRATCH_TABLE);
    if (room->cap != cap || next_base > UINT32_MAX - g->n || next_base == 0) {
        memset(room->p, 0, room->cap);
        next_base = 1;
    }
    g->base = next_base;
    next_base += (uint32_t)g->n;
    g->mask = (uint32_t)(slots - 1);
    g->shift = 64 - bits;
    if (wide)
        note_rolling(g, WORDS);
    else if (g->len >= 8 && g->len <= 16)
        note_short(g);
    else
        note_rolling(g, BYTES);
    return DM_OK;
}

/* Turns the list of repeats into the counts of the n-grams that occur more than once; returns how
 * many. The table is done with and lends its memory: no count reaches the next base. */
static size_t count_repeats(struct grams *g)
{
    uint32_t *count = g->table, *again = g->again;
    size_t m = 0;
    for (size_t i = 0; i < g->repeats; i++)
        count[again[i]] = 1;
    for (size_t i = 0; i < g->repeats; i++)
        count[again[i]]++;
    for (size_t i = 0; i < g->repeats; i++) {
        uint32_t first = again[i];
        if (count[first])
            again[m++] = count[first];
        count[first] = 0;
    }
    return m;
}

static size_t how_many_from(const uint32_t *counts, size_t m, uint64_t least)
{
    size_t n = 0;
    for (size_t i = 0; i < m; i++)
        n += counts[i] >= least;
    return n;
}

/* Sum of the k largest of m counts, 0 < k <= m. The k-th largest is found bit by bit, so that the
 * time is linear whatever their order. */
static uint64_t sum_largest(const uint32_t *counts, size_t m, size_t k)
{
    uint64_t least = 0, sum = 0;
    for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
        if (how_many_from(counts, m, least | bit) >= k)
            least |= bit;
    size_t larger = 0;
    for (size_t i = 0; i < m; i++) {
        if (counts[i] > least) {
            sum += counts[i];
            larger++;
        }
    }
    return sum + (k - larger) * least;
}

static double ratio_of(struct grams *g)
{
    size_t distinct = g->n - g->repeats, m = count_repeats(g);
    size_t k = (size_t)sqrt((double)distinct);
    if (k >= m)
        return (double)(g->repeats + m) / (double)g->n;
    return (double)sum_largest(g->again, m, k) / (double)g->n;
}

/* Small codes for the code points of a text that are not ASCII. */
enum { ALPHABET_SLOTS = 256, ALPHABET = 128 };
struct alphabet {
    uint32_t chars[ALPHABET_SLOTS];
    uint8_t codes[ALPHABET_SLOTS];
    unsigned used;
};

/* The byte that stands for c, or 0 when 128 others are in use. */
static inline uint8_t code_of(struct alphabet *a, uint32_t c)
{
    uint32_t slot = (c * 0x9E3779B1u) >> 24;
    while (a->chars[slot] != c) {
        if (!a->chars[slot]) {
            if (a->used == ALPHABET)
                return 0;
            a->chars[slot] = c;
            a->codes[slot] = (uint8_t)(0x80 + a->used++);
            break;
        }
        slot = (slot + 1) & (ALPHABET_SLOTS - 1);
    }
    return a->codes[slot];
}

static const uint64_t high_bits = 0x8080808080808080u;

/* Copies ASCII from p to out, up to the first other byte; returns the bytes. */
static inline size_t copy_ascii(const char *p, size_t n, uint8_t *out)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t v = load8((const uint8_t *)p + i);
        if (v & high_bits)
            break;
        memcpy(out + i, &v, sizeof v);
    }
    for (; i < n && (unsigned char)p[i] < 0x80; i++)
        out[i] = (uint8_t)p[i];
    return i;
}

/* Spells the text with a byte for each code point; returns how many, or 0 when its alphabet is too
 * large. */
static size_t spell_bytes(const char *p, size_t n, uint8_t *out)
{
    struct alphabet a = {.used = 0};
    size_t units = 0, size;
    for (size_t i = 0; i < n; i += size) {
        if ((unsigned char)p[i] < 0x80) {
            size = copy_ascii(p + i, n - i, out + units);
            units += size;
            continue;
        }
        uint8_t code = code_of(&a, dm_char_read(p + i, &size));
        if (!code)
            return 0;
        out[units++] = code;
    }
    return units;
}

static size_t spell_words(const char *p, size_t n, uint32_t *out)
{
    size_t units = 0, size;
    for (size_t i = 0; i < n; i += size)
        out[units++] = dm_char_read(p + i, &size);
    return units;
}

/* Spells the text and lays out its n-grams. Returns 1, 0 when there are none, or an error. */
static int lay_out(struct grams *g, const char *p, size_t n, double rep_len, bool *wide)
{
    size_t units = (size_t)dm_text_length(p, n);
    *g = (struct grams){.units = p};
    *wide = false;
    if (rep_len < 1 || rep_len > (double)units)
        return 0;
    if (units >= UINT32_MAX / 4)
        return DM_EINPUT;
    make_keys();
    if (units != n) {
        void *room = dm_scratch_room(DM_SCRATCH_UNITS, units * sizeof(uint32_t));
        if (!room)
            return DM_EMEMORY;
        *wide = spell_bytes(p, n, room) == 0;
        if (*wide)
            spell_words(p, n, room);
        g->units = room;
    }
    g->len = (size_t)rep_len;
    g->n = units - g->len + 1;
    return 1;
}

int dm_text_repetition(const char *p, size_t n, double rep_len, double *ratio)
{
    struct grams g;
    bool wide;
    int status = lay_out(&g, p, n, rep_len, &wide);
    *ratio = 0;
    if (status <= 0)
        return status;
    status = note_all(&g, wide);
    if (status == DM_OK)
        *ratio = ratio_of(&g);
    return status;
}

/* Counters of n-grams by their hashes, and how many counters have reached each value. */
struct tally {
    uint8_t *counters;
    unsigned shift;
    uint32_t reached[4][256]; /* four of them, so that one addition need not wait for the last */
};

static inline __attribute__((always_inline)) void count(struct tally *t, uint64_t hash, size_t i)
{
    t->reached[i & 3][++t->counters[hash >> t->shift]]++;
}

static void count_short(const struct grams *g, struct tally *t)
{
    const uint8_t *p = g->units, *end = p + g->len - 8;
    uint64_t a = keys[0], b = keys[1];
    size_t n = g->n;
    for (size_t i = 0; i < n; i++)
        count(t, load8(p + i) * a + load8(end + i) * b, i);
}

static inline __attribute__((always_inline)) void count_rolling(const struct grams *g,
                                                                struct tally *t, enum kind kind)
{
    uint64_t hash = 0, top = 1, key = keys[2], last = keys[0];
    size_t n = g->n, len = g->len;
    for (size_t i = 0; i < len; i++) {
        hash = hash * key + unit(g, i, kind);
        top *= i ? key : 1;
    }
    for (size_t i = 0; i < n; i++) {
        count(t, hash * last, i);
        if (i + 1 < n)
            hash = (hash - unit(g, i, kind) * top) * key + unit(g, i + len, kind);
    }
}

static uint64_t reached(const struct tally *t, unsigned value)
{
    return (uint64_t)t->reached[0][value] + t->reached[1][value] + t->reached[2][value] +
           t->reached[3][value];
}

/* The sum of the k largest counters above 1; SIZE_MAX when one ran over. */
static uint64_t sum_tally(const struct tally *t, uint64_t k)
{
    uint64_t sum = 0, several = reached(t, 2);
    k = k < several ? k : several;
    for (unsigned value = 1; value < 256; value++) {
        uint64_t counters = reached(t, value);
        sum += k < counters ? k : counters;
    }
    return reached(t, 0) ? SIZE_MAX : sum;
}

int dm_text_repetition_below(const char *p, size_t n, double rep_len, double most)
{
    struct grams g;
    bool wide;
    int status = lay_out(&g, p, n, rep_len, &wide);
    if (status <= 0)
        return status < 0 ? status : most > 0;
    unsigned log = 8;
    while (((size_t)1 << log) < 2 * g.n)
        log++;
    struct tally t = {.shift = 64 - log};
    t.counters = dm_scratch_room(DM_SCRATCH_LIST, (size_t)1 << log);
    if (!t.counters)
        return DM_EMEMORY;
    memset(t.counters, 0, (size_t)1 << log);
    if (wide)
        count_rolling(&g, &t, WORDS);
    else if (g.len >= 8 && g.len <= 16)
        count_short(&g, &t);
    else
        count_rolling(&g, &t, BYTES);
    uint64_t sum = sum_tally(&t, (uint64_t)sqrt((double)g.n));
    return (double)sum / (double)g.n < most;
}
