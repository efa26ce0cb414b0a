/* Words that are not in the dictionary: a hidden Markov model with four states of a character: it
 * begins a word, is in the middle, ends it, or is one by itself. Viterbi's algorithm finds the most
 * likely states. */
#include "text/jieba.h"
#include "lua/ffi.h"

#include <stdlib.h>
#include <string.h>

#define NEVER (-3.14e100)
enum { B = DM_JIEBA_BEGIN, E = DM_JIEBA_END, M = DM_JIEBA_MIDDLE, S = DM_JIEBA_SINGLE };
enum { HAN = DM_JIEBA_LAST - DM_JIEBA_FIRST + 1 };

/* finalseg/prob_start.py and prob_trans.py. */
static const double start[DM_JIEBA_STATES] = {
    [B] = -0.26268660809250016, [E] = NEVER, [M] = NEVER, [S] = -1.4652633398537678};
static const double step[DM_JIEBA_STATES][DM_JIEBA_STATES] = {
    [B] = {[E] = -0.510825623765990, [M] = -0.916290731874155},
    [E] = {[B] = -0.5897149736854513, [S] = -0.8085250474669937},
    [M] = {[E] = -0.33344856811948514, [M] = -1.2603623820268226},
    [S] = {[B] = -0.7211965654669841, [S] = -0.6658631448798212},
};
static const uint8_t before[DM_JIEBA_STATES][2] = {
    [B] = {E, S}, [E] = {B, M}, [M] = {B, M}, [S] = {E, S}};

static bool make_tables(struct dm_jieba *j)
{
    for (int state = 0; state < DM_JIEBA_STATES; state++) {
        j->emit[state] = malloc(HAN * sizeof(double));
        if (!j->emit[state])
            return false;
        for (size_t i = 0; i < HAN; i++)
            j->emit[state][i] = NEVER;
    }
    return true;
}

bool dm_jieba_read_emissions(struct dm_jieba *j, const char *p, size_t n)
{
    static const char letters[] = {[B] = 'B', [E] = 'E', [M] = 'M', [S] = 'S'};
    const char *end = p + n, *quote;
    double *table = NULL;
    if (!make_tables(j))
        return false;
    for (; (quote = memchr(p, '\'', (size_t)(end - p))) != NULL && end - quote > 9; p = quote + 2) {
        const char *letter = memchr(letters, quote[1], sizeof letters);
        if (letter && quote[2] == '\'') {
            table = j->emit[letter - letters];
        } else if (table && quote[1] == '\\' && quote[2] == 'u') {
            unsigned long c = strtoul(quote + 3, NULL, 16);
            if (c >= DM_JIEBA_FIRST && c <= DM_JIEBA_LAST)
                table[c - DM_JIEBA_FIRST] = strtod(quote + 9, NULL);
            quote += 7;
        }
    }
    return true;
}

/* Writes for each character and state the state before it, and returns the last character's state.
 */
static uint8_t viterbi(const struct dm_jieba *j, const uint32_t *points, size_t n, uint8_t *back)
{
    double now[DM_JIEBA_STATES], then[DM_JIEBA_STATES];
    for (int y = 0; y < DM_JIEBA_STATES; y++)
        now[y] = start[y] + j->emit[y][points[0] - DM_JIEBA_FIRST];
    for (size_t i = 1; i < n; i++) {
        memcpy(then, now, sizeof then);
        for (int y = 0; y < DM_JIEBA_STATES; y++) {
            uint8_t low = before[y][0], high = before[y][1]; /* of equals the later letter wins */
            double emit = j->emit[y][points[i] - DM_JIEBA_FIRST];
            double a = then[low] + step[low][y] + emit, b = then[high] + step[high][y] + emit;
            back[i * DM_JIEBA_STATES + (size_t)y] = b >= a ? high : low;
            now[y] = b >= a ? b : a;
        }
    }
    return now[S] >= now[E] ? S : E;
}

/* Adds the words of ideographs. The states go into the first byte of each character's room. */
static void add_han(const struct dm_jieba *j, struct dm_jieba_run *run, size_t from, size_t to)
{
    uint8_t *back = run->back, state = viterbi(j, run->points + from, to - from, back);
    for (size_t i = to - from; i-- > 0;) {
        uint8_t previous = back[i * DM_JIEBA_STATES + state];
        back[i * DM_JIEBA_STATES] = state;
        state = previous;
    }
    size_t begin = from, done = from;
    for (size_t i = from; i < to; i++) {
        state = back[(i - from) * DM_JIEBA_STATES];
        if (state == B)
            begin = i;
        if (state == E || state == S) {
            dm_jieba_add(run, state == E ? begin : i, i + 1);
            done = i + 1;
        }
    }
    if (done < to)
        dm_jieba_add(run, done, to);
}

static size_t skip_alnum(const char *p, size_t at, size_t to)
{
    while (at < to && dm_jieba_is_alnum((unsigned char)p[at]))
        at++;
    return at;
}

static size_t skip_digits(const char *p, size_t at, size_t to)
{
    while (at < to && p[at] >= '0' && p[at] <= '9')
        at++;
    return at;
}

void dm_jieba_add_ascii(struct dm_jieba_run *run, size_t from, size_t to)
{
    const char *p = run->text;
    for (size_t at = from, end; at < to; at = end) {
        end = skip_alnum(p, at, to);
        if (end == at) {
            while (end < to && !dm_jieba_is_alnum((unsigned char)p[end]))
                end++;
        } else {
            if (end + 1 < to && p[end] == '.' && skip_digits(p, end + 1, to) > end + 1)
                end = skip_digits(p, end + 1, to);
            if (end < to && p[end] == '%')
                end++;
        }
        dm_jieba_add_bytes(run, at, end);
    }
}

void dm_jieba_add_unknown(const struct dm_jieba *j, struct dm_jieba_run *run, size_t from,
                          size_t to)
{
    for (size_t end = from; from < to; from = end) {
        bool han = dm_jieba_is_han(run->points[from]);
        while (end < to && dm_jieba_is_han(run->points[end]) == han)
            end++;
        if (han)
            add_han(j, run, from, end);
        else
            dm_jieba_add_ascii(run, run->base + run->offsets[from], run->base + run->offsets[end]);
    }
}
