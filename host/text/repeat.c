/* Data-Juicer's character repetition: how much of a text its most frequent n-grams make up.
 *
 * With D distinct n-grams of which S occur once, and k = min(floor(sqrt(D)), D - S), the ratio is
 * the sum of the k largest counts over the number of n-grams.
 *
 * A text with at most 128 different code points beyond ASCII is first spelled with one byte for
 * each code point, which most languages fit; any other becomes an array of 32-bit units.
 *
 * Whether the ratio is below a bound is mostly settled without the table. An n-gram of len units,
 * wherever it stands, holds a block of len - s + 1 units that begins at a multiple of s, behind 0
 * to s - 1 of its units. For each of these distances, the k most frequent n-grams stand around at
 * most k different blocks, each time another; so they occur at most s times as often as the k most
 * frequent of the blocks at multiples of s. Each block adds to a counter that its hash picks. No
 * block occurs more often than its counter says, so the sum of the k largest counters bounds the
 * sum of the k largest counts. That sum needs no sorting: with r(v) the number of counters that
 * reached v, it is min(k, r(1)) + min(k, r(2)) + ... */
#include "text/chars.h"
#include "text/grams.h"
#include "text/hash.h"
#include "text/scratch.h"

#include <math.h>

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

static double ratio_of(struct dm_grams *g)
{
    size_t distinct = g->n - g->repeats, m = dm_grams_count(g);
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
        uint64_t v = dm_load8((const uint8_t *)p + i);
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
static int lay_out(struct dm_grams *g, const char *p, size_t n, double rep_len, bool *wide)
{
    size_t units = (size_t)dm_text_length(p, n);
    *g = (struct dm_grams){.units = p};
    *wide = false;
    if (rep_len < 1 || rep_len > (double)units)
        return 0;
    if (units >= UINT32_MAX / 4)
        return DM_EINPUT;
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

/* Notes the runs of a text. Returns 1, 0 when there are none, or an error. */
static int note_runs(struct dm_grams *g, const char *p, size_t n, double rep_len)
{
    bool wide;
    int status = lay_out(g, p, n, rep_len, &wide);
    if (status <= 0)
        return status;
    status = dm_grams_note(g, wide);
    return status == DM_OK ? 1 : status;
}

int dm_text_repetition(const char *p, size_t n, double rep_len, double *ratio)
{
    struct dm_grams g;
    int status = note_runs(&g, p, n, rep_len);
    *ratio = status > 0 ? ratio_of(&g) : 0;
    return status > 0 ? DM_OK : status;
}

int dm_text_repeated(const char *p, size_t n, double rep_len, double *share)
{
    struct dm_grams g;
    int status = note_runs(&g, p, n, rep_len);
    *share = status > 0 ? (double)(g.repeats + dm_grams_count(&g)) / (double)g.n : 0;
    return status > 0 ? DM_OK : status;
}

/* Counters of blocks by their hashes, and how many counters have reached each value. */
struct tally {
    uint8_t *counters;
    unsigned shift;
    uint32_t reached[4][256]; /* four of them, so that one addition need not wait for the last */
};

/* A counter stops at its highest value, which then is reached once for each further block. */
static inline __attribute__((always_inline)) void count(struct tally *t, uint64_t hash, size_t i)
{
    uint8_t *counter = &t->counters[hash >> t->shift];
    *counter = (uint8_t)(*counter + (*counter != UINT8_MAX));
    t->reached[i & 3][*counter]++;
}

/* The hash of a block. */
static inline uint64_t hash_of(const uint64_t *keys, const char *p, size_t n)
{
    if (n < 8 || n > 16)
        return dm_hash(keys, p, n);
    return dm_load8(p) * keys[0] + dm_load8(p + n - 8) * keys[1];
}

/* Counts blocks of so many bytes, `step` bytes apart. */
static void count_blocks(struct tally *t, const char *p, size_t n, size_t step, size_t blocks)
{
    const uint64_t *keys = dm_hash_keys();
    for (size_t i = 0; i < blocks; i++)
        count(t, hash_of(keys, p + i * step, n), i);
}

static uint64_t reached(const struct tally *t, unsigned value)
{
    return (uint64_t)t->reached[0][value] + t->reached[1][value] + t->reached[2][value] +
           t->reached[3][value];
}

/* A bound on the sum of the k largest counters: that sum itself, unless more than k of them reached
 * their highest value. */
static uint64_t sum_tally(const struct tally *t, uint64_t k)
{
    uint64_t sum = reached(t, UINT8_MAX);
    for (unsigned value = 1; value < UINT8_MAX; value++) {
        uint64_t counters = reached(t, value);
        sum += k < counters ? k : counters;
    }
    return sum;
}

/* Blocks stand SPARSE units apart, but next to each other for short n-grams and for few. They have
 * at most BLOCK_MOST units: what is longer costs more and tells little. */
enum { SPARSE = 3, SPARSE_LEN = 10, SPARSE_FROM = 512, BLOCK_MOST = 16 };

int dm_text_repetition_below(const char *p, size_t n, double rep_len, double most)
{
    struct dm_grams g;
    bool wide;
    int status = lay_out(&g, p, n, rep_len, &wide);
    if (status <= 0)
        return status < 0 ? status : most > 0;
    size_t unit = wide ? sizeof(uint32_t) : 1;
    size_t s = g.len < SPARSE_LEN || g.n < SPARSE_FROM ? 1 : SPARSE;
    size_t block = g.len - s + 1, blocks = (g.n + 2 * s - 2) / s;
    unsigned log = 8;
    while (((size_t)1 << log) < 2 * blocks)
        log++;
    struct tally t = {.shift = 64 - log};
    t.counters = dm_scratch_room(DM_SCRATCH_LIST, (size_t)1 << log);
    if (!t.counters)
        return DM_EMEMORY;
    memset(t.counters, 0, (size_t)1 << log);
    count_blocks(&t, g.units, unit * (block < BLOCK_MOST ? block : BLOCK_MOST), unit * s, blocks);
    uint64_t k = (uint64_t)sqrt((double)g.n), several = reached(&t, 2);
    uint64_t sum = s * sum_tally(&t, s == 1 && several < k ? several : k);
    return (double)sum / (double)g.n < most;
}
