/* Which chunks of a text say most about the same: Okapi BM25 over jieba's words (Robertson and
 * others, 1994), as DataMate computes it. Sums are taken in its order, and products and quotients
 * too, since another order might give another last digit and so another chunk.
 *
 * A word's postings are the chunks that have it, so that a query looks at no other: a chunk's sum
 * still grows in the order of the query's words. */
#include "text/jieba.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = DM_RELATE_MOST };
static const double K1 = 1.5, B = 0.75, EPSILON = 0.25;

struct word {
    uint32_t having;   /* chunks that are left and have it */
    uint32_t seen;     /* the pass that met it last */
    uint32_t first, n; /* postings */
};

struct posting {
    uint32_t chunk, count;
};

struct chunk {
    size_t first, n;                  /* words */
    size_t first_distinct, ndistinct; /* each word once */
    bool used;
};

struct relation {
    struct chunk chunks[MOST];
    uint32_t n, pass;
    double logs[MOST + 1];
    struct dm_buf words, distinct; /* uint32_t */
    struct word *table;
    struct posting *postings;
};

static const uint32_t *words_of(const struct relation *r, const struct chunk *c)
{
    return (const uint32_t *)(const void *)r->words.p + c->first;
}

static const uint32_t *distinct_of(const struct relation *r, const struct chunk *c)
{
    return (const uint32_t *)(const void *)r->distinct.p + c->first_distinct;
}

/* Cuts the chunks into words; *nwords is one more than the greatest number of a word. */
static int read_chunks(struct relation *r, const struct dm_jieba *j, const char *p,
                       const uint32_t *ends, uint32_t *nwords)
{
    struct dm_buf numbers = {0};
    int status = DM_OK;
    *nwords = 0;
    for (uint32_t i = 0, start = 0; i < r->n && status == DM_OK; start = ends[i++]) {
        struct chunk *c = &r->chunks[i];
        status = dm_jieba_number(j, p + start, ends[i] - start, i == 0, &numbers);
        c->first = r->words.n / sizeof(uint32_t);
        c->n = numbers.n / sizeof(uint32_t);
        if (status == DM_OK && !dm_buf_add(&r->words, numbers.p, numbers.n))
            status = DM_EMEMORY;
        for (size_t k = 0; status == DM_OK && k < c->n; k++)
            if (words_of(r, c)[k] >= *nwords)
                *nwords = words_of(r, c)[k] + 1;
    }
    dm_buf_finish(&numbers);
    return status;
}

/* Lists each chunk's words once, in order, and counts the chunks that have a word. */
static bool list_distinct(struct relation *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        struct chunk *c = &r->chunks[i];
        const uint32_t *words = words_of(r, c);
        c->first_distinct = r->distinct.n / sizeof(uint32_t);
        r->pass++;
        for (size_t k = 0; k < c->n; k++) {
            struct word *w = &r->table[words[k]];
            if (w->seen == r->pass)
                continue;
            w->seen = r->pass;
            w->having++;
            c->ndistinct++;
            if (!dm_buf_add(&r->distinct, &words[k], sizeof words[k]))
                return false;
        }
    }
    return true;
}

static bool make_postings(struct relation *r, uint32_t nwords)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < nwords; i++) {
        r->table[i].first = total;
        total += r->table[i].having;
    }
    r->postings = malloc((total + 1) * sizeof *r->postings);
    if (!r->postings)
        return false;
    for (uint32_t i = 0; i < r->n; i++) {
        const uint32_t *words = words_of(r, &r->chunks[i]);
        for (size_t k = 0; k < r->chunks[i].n; k++) {
            struct word *w = &r->table[words[k]];
            struct posting *last = r->postings + w->first + w->n;
            if (w->n && last[-1].chunk == i)
                last[-1].count++;
            else
                r->postings[w->first + w->n++] = (struct posting){i, 1};
        }
    }
    return true;
}

/* How much a word tells: little when many chunks have it. */
static double tells(const struct relation *r, const struct word *w, uint32_t left)
{
    return r->logs[left - w->having] - r->logs[w->having];
}

static void use(struct relation *r, struct chunk *c)
{
    c->used = true;
    for (size_t k = 0; k < c->ndistinct; k++)
        r->table[distinct_of(r, c)[k]].having--;
}

/* What the words of `left` chunks tell in the mean, in the order in which they come first. False
 * when there are no words. */
static bool mean_of(struct relation *r, uint32_t left, double *mean)
{
    double sum = 0;
    size_t count = 0;
    r->pass++;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct chunk *c = &r->chunks[i];
        if (c->used)
            continue;
        for (size_t k = 0; k < c->ndistinct; k++) {
            struct word *w = &r->table[distinct_of(r, c)[k]];
            if (w->seen == r->pass)
                continue;
            w->seen = r->pass;
            sum += tells(r, w, left);
            count++;
        }
    }
    *mean = sum / (double)count;
    return count > 0;
}

/* The chunk that is left and fits the query best. DM_EINPUT when none has a word. */
static int find_best(struct relation *r, const struct chunk *query, uint32_t left, int32_t *best)
{
    double sums[MOST] = {0}, norms[MOST], mean, length = 0;
    if (!mean_of(r, left, &mean))
        return DM_EINPUT;
    for (uint32_t i = 0; i < r->n; i++)
        length += r->chunks[i].used ? 0 : (double)r->chunks[i].n;
    length /= left;
    for (uint32_t i = 0; i < r->n; i++)
        norms[i] = K1 * (1 - B + B * (double)r->chunks[i].n / length);
    for (size_t k = 0; k < query->n; k++) {
        const struct word *w = &r->table[words_of(r, query)[k]];
        if (!w->having)
            continue;
        double weight = tells(r, w, left);
        if (weight < 0)
            weight = EPSILON * mean;
        for (uint32_t i = w->first; i < w->first + w->n; i++) {
            const struct posting *p = &r->postings[i];
            sums[p->chunk] += weight * p->count * (K1 + 1) / (p->count + norms[p->chunk]);
        }
    }
    *best = -1;
    for (uint32_t i = 0; i < r->n; i++)
        if (!r->chunks[i].used && (*best < 0 || sums[i] > sums[*best]))
            *best = (int32_t)i;
    return DM_OK;
}

/* Puts each chunk with the best of those that follow and are left. */
static int pair_up(struct relation *r, struct dm_buf *out)
{
    uint32_t left = r->n;
    for (uint32_t i = 0; i < r->n; i++) {
        int32_t pair[2] = {(int32_t)i, -1};
        if (r->chunks[i].used)
            continue;
        use(r, &r->chunks[i]);
        int status = --left ? find_best(r, &r->chunks[i], left, &pair[1]) : DM_OK;
        if (status != DM_OK)
            return status;
        if (pair[1] >= 0) {
            use(r, &r->chunks[pair[1]]);
            left--;
        }
        if (!dm_buf_add(out, pair, sizeof pair))
            return DM_EMEMORY;
    }
    return DM_OK;
}

int dm_jieba_relate(const struct dm_jieba *j, const char *p, const uint32_t *ends, uint32_t n,
                    struct dm_buf *out)
{
    struct relation r = {.n = n};
    uint32_t nwords;
    if (n > MOST)
        return DM_EUSAGE;
    for (uint32_t k = 0; k <= MOST; k++)
        r.logs[k] = log(k + 0.5);
    dm_buf_clear(out);
    int status = read_chunks(&r, j, p, ends, &nwords);
    if (status == DM_OK) {
        r.table = calloc(nwords + 1, sizeof *r.table);
        status = r.table && list_distinct(&r) && make_postings(&r, nwords) ? pair_up(&r, out)
                                                                           : DM_EMEMORY;
    }
    free(r.table);
    free(r.postings);
    dm_buf_finish(&r.words);
    dm_buf_finish(&r.distinct);
    return status;
}
