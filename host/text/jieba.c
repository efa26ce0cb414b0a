/* The dictionary, and the words that are in it.
 *
 * A run of ideographs, ASCII letters, digits and +#&._%- is cut so that the words' shares have the
 * greatest product, from right to left. Characters that are words by themselves only, several in a
 * row, go through the model of jieba_hmm.c. */
#include "text/jieba.h"
#include "text/chars.h"
#include "text/intern.h"
#include "text/scratch.h"
#include "text/tally.h"

#include <math.h>
#include <stdlib.h>

static double *weight_of(const struct dm_jieba *j, uint32_t node)
{
    return (double *)(void *)j->weights.p + node;
}

enum { NO_WORD = 1 };

/* What a byte of ASCII is to a run: 0 when it ends it. BEGINS: it begins words of the dictionary of
 * two characters of ASCII or more. KNOWN: such a word may be in the run. */
enum { SIGN = 1, DIGIT = 2, LETTER = 4, BEGINS = 8, KNOWN = 16 };

/* Sets a word's count, which stands in its weight until all are read. */
static bool add_word(struct dm_jieba *j, const char *p, size_t n, double count)
{
    static const double none = NO_WORD;
    uint32_t node = 0;
    for (size_t i = 0, size; i < n; i += size) {
        node = dm_trie_add(&j->trie, node, dm_char_read(p + i, &size));
        if (!node)
            return false;
        while (j->weights.n < j->trie.nodes * sizeof none)
            if (!dm_buf_add(&j->weights, &none, sizeof none))
                return false;
    }
    *weight_of(j, node) = count > 0 ? -count : NO_WORD;
    return true;
}

/* Reads lines "word count tag"; false when memory is short. */
static bool read_words(struct dm_jieba *j, const char *p, size_t n, double *total)
{
    for (size_t at = 0, end; at < n; at = end + 1) {
        const char *newline = memchr(p + at, '\n', n - at);
        end = newline ? (size_t)(newline - p) : n;
        const char *space = memchr(p + at, ' ', end - at);
        if (!space || space == p + at)
            continue;
        double count = 0;
        for (const char *d = space + 1; d < p + end && *d >= '0' && *d <= '9'; d++)
            count = count * 10 + (*d - '0');
        *total += count;
        if (!add_word(j, p + at, (size_t)(space - p) - at, count))
            return false;
    }
    return true;
}

/* Sorts the bytes of ASCII, and tells which pairs of them begin words. */
static void sort_bytes(struct dm_jieba *j)
{
    for (const char *sign = "+#&._%-"; *sign; sign++)
        j->kinds[(unsigned char)*sign] = SIGN;
    for (unsigned c = '0'; c <= 'z'; c++)
        if (dm_jieba_is_alnum(c))
            j->kinds[c] = c <= '9' ? DIGIT : LETTER;
    for (uint32_t a = 0; a < 0x80; a++)
        for (uint32_t b = 0; j->kinds[a] && j->first[a] && b < 0x80; b++)
            if (dm_trie_child(&j->trie, j->first[a], b)) {
                j->pairs[a][b >> 6] |= (uint64_t)1 << (b & 63);
                j->kinds[a] |= BEGINS;
            }
}

static bool load(struct dm_jieba *j, const char *words, size_t n, const char *emissions, size_t m)
{
    static const double none = NO_WORD;
    double total = 0;
    if (!dm_trie_init(&j->trie) || !dm_buf_add(&j->weights, &none, sizeof none) ||
        !read_words(j, words, n, &total) || !dm_jieba_read_emissions(j, emissions, m))
        return false;
    double log_total = log(total);
    j->unknown = log(1) - log_total;
    for (uint32_t c = 0; c <= DM_JIEBA_LAST; c++)
        j->first[c] = dm_trie_child(&j->trie, 0, c);
    sort_bytes(j);
    for (uint32_t i = 0; i < j->trie.nodes; i++)
        if (*weight_of(j, i) < 0)
            *weight_of(j, i) = log(-*weight_of(j, i)) - log_total;
    return true;
}

struct dm_jieba *dm_jieba_create(const char *words, size_t n, const char *emissions, size_t m)
{
    struct dm_jieba *j = calloc(1, sizeof *j);
    if (j && load(j, words, n, emissions, m))
        return j;
    dm_jieba_destroy(j);
    return NULL;
}

void dm_jieba_destroy(struct dm_jieba *j)
{
    if (!j)
        return;
    dm_trie_finish(&j->trie);
    dm_buf_finish(&j->weights);
    for (int i = 0; i < DM_JIEBA_STATES; i++)
        free(j->emit[i]);
    free(j);
}

void dm_jieba_add(struct dm_jieba_run *run, size_t from, size_t to)
{
    dm_jieba_add_bytes(run, run->base + run->offsets[from], run->base + run->offsets[to]);
}

/* The best cut of a run, none of whose characters is beyond DM_JIEBA_LAST: next[i] is where the
 * word ends that starts at i. */
static void find_route(const struct dm_jieba *j, const uint32_t *points, size_t n, double *best,
                       uint32_t *next)
{
    best[n] = 0;
    for (size_t i = n; i-- > 0;) {
        next[i] = 0;
        uint32_t node = j->first[points[i]];
        for (size_t k = i; node != 0; node = k < n ? dm_trie_child(&j->trie, node, points[k]) : 0) {
            double weight = *weight_of(j, node);
            k++;
            if (weight >= NO_WORD)
                continue;
            weight += best[k];
            if (!next[i] || weight >= best[i]) {
                best[i] = weight;
                next[i] = (uint32_t)k;
            }
        }
        if (!next[i]) {
            best[i] = j->unknown + best[i + 1];
            next[i] = (uint32_t)(i + 1);
        }
    }
}

static bool is_word(const struct dm_jieba *j, const uint32_t *points, size_t from, size_t to)
{
    uint32_t node = 0;
    for (size_t i = from; i < to; i++)
        if ((node = dm_trie_child(&j->trie, node, points[i])) == 0)
            return false;
    return *weight_of(j, node) < NO_WORD;
}

/* Adds characters that no longer word covers. */
static void add_singles(const struct dm_jieba *j, struct dm_jieba_run *run, size_t from, size_t to)
{
    if (to - from > 1 && !is_word(j, run->points, from, to)) {
        dm_jieba_add_unknown(j, run, from, to);
        return;
    }
    for (; from < to; from++)
        dm_jieba_add(run, from, from + 1);
}

static void add_route(const struct dm_jieba *j, struct dm_jieba_run *run, size_t n,
                      const uint32_t *next)
{
    size_t single = 0; /* start of the characters that wait */
    for (size_t i = 0; i < n; i = next[i]) {
        if (next[i] - i == 1)
            continue;
        add_singles(j, run, single, i);
        dm_jieba_add(run, i, next[i]);
        single = next[i];
    }
    add_singles(j, run, single, n);
}

/* Cuts a run of n characters that starts at p. */
static bool cut_run(const struct dm_jieba *j, const char *p, size_t n, struct dm_jieba_run *run)
{
    size_t room = n + 1;
    double *best = dm_scratch_room(DM_SCRATCH_MARKS,
                                   room * (sizeof *best + 3 * sizeof(uint32_t) + DM_JIEBA_STATES));
    if (!best)
        return false;
    uint32_t *points = (void *)(best + room), *offsets = points + room, *next = offsets + room;
    size_t at = 0, size;
    for (size_t i = 0; i < n; i++, at += size) {
        offsets[i] = (uint32_t)at;
        points[i] = dm_char_read(p + at, &size);
    }
    offsets[n] = (uint32_t)at;
    run->points = points;
    run->offsets = offsets;
    run->back = (uint8_t *)(next + room);
    find_route(j, points, n, best, next);
    add_route(j, run, n, next);
    return !run->failed;
}

/* Whether two neighbours of ASCII begin a word of the dictionary. */
static bool has_pair(const struct dm_jieba *j, const char *p, size_t from, size_t to)
{
    for (size_t i = from; i + 1 < to; i++) {
        unsigned char c = (unsigned char)p[i + 1];
        if (c < 0x80 && (unsigned char)p[i] < 0x80 &&
            j->pairs[(unsigned char)p[i]][c >> 6] >> (c & 63) & 1)
            return true;
    }
    return false;
}

/* Where the run ends that begins at `at`. *kinds: what is in it. */
static size_t run_end(const struct dm_jieba *j, const char *p, size_t n, size_t at, unsigned *kinds)
{
    size_t start = at, size;
    unsigned found = 0, kind;
    for (;; at += size) {
        for (; at < n && (kind = j->kinds[(unsigned char)p[at]]); at++)
            found |= kind;
        if (at == n || !dm_jieba_is_han(dm_char_read(p + at, &size)))
            break;
        found |= KNOWN;
    }
    if ((found & (BEGINS | KNOWN)) == BEGINS && has_pair(j, p, start, at))
        found |= KNOWN;
    *kinds = found;
    return at;
}

int dm_jieba_cut(const struct dm_jieba *j, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_jieba_run run = {.out = out, .text = p};
    unsigned kinds;
    dm_buf_clear(out);
    for (size_t at = 0, end; at < n && !run.failed; at = end) {
        end = run_end(j, p, n, at, &kinds);
        run.base = at;
        if (kinds & KNOWN) {
            if (!cut_run(j, p + at, (size_t)dm_text_length(p + at, end - at), &run))
                return DM_EMEMORY;
        } else if (kinds & SIGN && end - at > 1) {
            dm_jieba_add_ascii(&run, at, end);
        } else {
            if (!kinds)
                end += n - at > 1 && p[at] == '\r' && p[at + 1] == '\n' ? 2 : dm_char_size(p[at]);
            dm_jieba_add_bytes(&run, at, end);
        }
    }
    return run.failed ? DM_EMEMORY : DM_OK;
}

/* The numbers of words; those of one byte, which are most, are found without a hash. */
struct numbers {
    struct dm_intern words;
    uint32_t bytes[0x80]; /* from 1 */
};

static bool begin_numbers(struct numbers *s)
{
    memset(s->bytes, 0, sizeof s->bytes);
    return dm_intern_begin(&s->words);
}

static int64_t number_of(struct numbers *s, const char *p, size_t n)
{
    if (n > 1)
        return dm_intern_add(&s->words, p, n);
    uint32_t *known = &s->bytes[(unsigned char)*p];
    int64_t number = *known ? *known - 1 : dm_intern_add(&s->words, p, n);
    *known = (uint32_t)(number + 1);
    return number;
}

int dm_jieba_number(const struct dm_jieba *j, const char *p, size_t n, bool begin,
                    struct dm_buf *out)
{
    static struct numbers numbers; /* in work spaces, of which there is one set */
    struct dm_buf *words = dm_scratch_get(DM_SCRATCH_FOUND);
    int status = begin && !begin_numbers(&numbers) ? DM_EMEMORY : dm_jieba_cut(j, p, n, words);
    const struct dm_text_span *w = (const void *)words->p;
    for (size_t i = 0; status == DM_OK && i < words->n / sizeof *w; i++) {
        int64_t number = number_of(&numbers, p + w[i].start, w[i].end - w[i].start);
        uint32_t id = (uint32_t)number;
        if (number < 0 || !dm_buf_add(out, &id, sizeof id))
            status = DM_EMEMORY;
    }
    return status;
}

/* Whether a word has several characters, all of them letters. */
static bool is_phrase(const struct dm_jieba *j, const char *p, size_t n)
{
    if (n == dm_char_size(*p))
        return false;
    for (size_t i = 0, size; i < n; i += size) {
        unsigned char c = (unsigned char)p[i];
        size = 1;
        if (c < 0x80 ? !(j->kinds[c] & LETTER) : !dm_jieba_is_han(dm_char_read(p + i, &size)))
            return false;
    }
    return true;
}

static int tally_phrases(struct dm_tally *t, const struct dm_jieba *j, const char *p,
                         const struct dm_buf *words, const struct dm_tally *stop, double *share)
{
    const struct dm_text_span *w = (const void *)words->p;
    size_t most = 0, total = 0;
    for (size_t i = 0; i < words->n / sizeof *w; i++) {
        const char *word = p + w[i].start;
        size_t bytes = w[i].end - w[i].start;
        if (!is_phrase(j, word, bytes))
            continue;
        struct dm_piece *piece = dm_tally_add(t, word, bytes);
        if (!piece)
            return DM_EMEMORY;
        if (!piece->count && dm_tally_find(stop, word, bytes))
            piece->count = SIZE_MAX;
        if (piece->count == SIZE_MAX)
            continue;
        most = ++piece->count > most ? piece->count : most;
        total++;
    }
    *share = total ? (double)most / (double)total : 0;
    return DM_OK;
}

/* The pieces point into `text`. */
struct dm_stop_words {
    struct dm_tally words;
    char *text;
};

struct dm_stop_words *dm_stop_words_create(const char *p, size_t n)
{
    struct dm_stop_words *stop = calloc(1, sizeof *stop);
    bool ok = stop && (stop->text = malloc(n + 1)) != NULL;
    if (ok)
        memcpy(stop->text, p, n);
    for (size_t at = 0, end; ok && at < n; at = end + 1) {
        const char *newline = memchr(p + at, '\n', n - at);
        end = newline ? (size_t)(newline - p) : n;
        ok = dm_tally_add(&stop->words, stop->text + at, end - at) != NULL;
    }
    if (ok)
        return stop;
    dm_stop_words_destroy(stop);
    return NULL;
}

void dm_stop_words_destroy(struct dm_stop_words *stop)
{
    if (!stop)
        return;
    dm_tally_finish(&stop->words);
    free(stop->text);
    free(stop);
}

int dm_jieba_phrase_share(const struct dm_jieba *j, const char *p, size_t n,
                          const struct dm_stop_words *stop, double *share)
{
    struct dm_buf *words = dm_scratch_get(DM_SCRATCH_FOUND);
    struct dm_tally phrases = {0};
    int status = dm_jieba_cut(j, p, n, words);
    if (status == DM_OK)
        status = tally_phrases(&phrases, j, p, words, &stop->words, share);
    dm_tally_finish(&phrases);
    return status;
}
