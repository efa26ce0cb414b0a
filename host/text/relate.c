/* Which chunks of a text say most about the same: Okapi BM25 over jieba's words (Robertson and
 * others, 1994), as DataMate computes it. Sums are taken in its order, and products and quotients
 * too, since another order might give another last digit and so another chunk.
 *
 * A word's postings are the chunks that are left and have it, so that a query looks at no other: a
 * chunk's sum still grows in the order of the query's words. What a word adds to a chunk is
 * computed once for each query, however often it is in it. */
#include "text/jieba.h"
#include "base/error.h"
#include "text/scratch.h"

#include <math.h>

enum { MOST = DM_RELATE_MOST };
static const double K1 = 1.5, B = 0.75, EPSILON = 0.25;

struct word {
    uint32_t seen;          /* the pass that met it last */
    uint32_t first, having; /* postings: the chunks that are left and have it, in no order */
};

struct posting {
    uint32_t chunk, count;
    double adds; /* to the chunk's sum, each time that the query has the word */
};

/* A word of a chunk, and how often it is in there. */
struct entry {
    uint32_t word, count;
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
    struct dm_buf *words;    /* uint32_t */
    struct dm_buf *distinct; /* struct entry */
    struct word *table;
    struct posting *postings;
};

static const uint32_t *words_of(const struct relation *r, const struct chunk *c)
{
    return (const uint32_t *)(const void *)r->words->p + c->first;
}

static struct entry *distinct_of(const struct relation *r, const struct chunk *c)
{
    return (struct entry *)(void *)r->distinct->p + c->first_distinct;
}

/* Cuts the chunks into words; *nwords is one more than the greatest number of a word. */
static int read_chunks(struct relation *r, const struct dm_jieba *j, const char *p,
                       const struct dm_text_span *chunks, uint32_t *nwords)
{
    *nwords = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        struct chunk *c = &r->chunks[i];
        c->first = r->words->n / sizeof(uint32_t);
        int status = dm_jieba_number(j, p + chunks[i].start, chunks[i].end - chunks[i].start,
                                     i == 0, r->words);
        if (status != DM_OK)
            return status;
        c->n = r->words->n / sizeof(uint32_t) - c->first;
        for (size_t k = 0; k < c->n; k++)
            if (words_of(r, c)[k] >= *nwords)
                *nwords = words_of(r, c)[k] + 1;
    }
    return DM_OK;
}

/* Lists each chunk's words once, in order, and counts the chunks that have a word. */
static bool list_distinct(struct relation *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        struct chunk *c = &r->chunks[i];
        c->first_distinct = r->distinct->n / sizeof(struct entry);
        if (!dm_buf_reserve(r->distinct, c->n * sizeof(struct entry)))
            return false;
        const uint32_t *words = words_of(r, c);
        struct entry *list = distinct_of(r, c);
        r->pass++;
        for (size_t k = 0; k < c->n; k++) {
            struct word *w = &r->table[words[k]];
            if (w->seen != r->pass) {
                w->seen = r->pass;
                w->having++;
                w->first = (uint32_t)c->ndistinct;
                list[c->ndistinct++] = (struct entry){words[k], 0};
            }
            list[w->first].count++;
        }
        r->distinct->n += c->ndistinct * sizeof *list;
    }
    return true;
}

static bool make_postings(struct relation *r, uint32_t nwords)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < nwords; i++) {
        r->table[i].first = total;
        total += r->table[i].having;
        r->table[i].having = 0;
    }
    r->postings = dm_scratch_room(DM_SCRATCH_ROWS, (total + 1) * sizeof *r->postings);
    if (!r->postings)
        return false;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct entry *list = distinct_of(r, &r->chunks[i]);
        for (size_t k = 0; k < r->chunks[i].ndistinct; k++) {
            struct word *w = &r->table[list[k].word];
            r->postings[w->first + w->having++] =
                (struct posting){.chunk = i, .count = list[k].count};
        }
    }
    return true;
}

/* How much a word tells: little when many chunks have it. */
static double tells(const struct relation *r, const struct word *w, uint32_t left)
{
    return r->logs[left - w->having] - r->logs[w->having];
}

static void use(struct relation *r, uint32_t i)
{
    struct chunk *c = &r->chunks[i];
    c->used = true;
    for (size_t k = 0; k < c->ndistinct; k++) {
        struct word *w = &r->table[distinct_of(r, c)[k].word];
        struct posting *p = r->postings + w->first;
        struct posting last = p[--w->having];
        for (; p->chunk != i; p++)
            ;
        *p = last;
    }
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
            struct word *w = &r->table[distinct_of(r, c)[k].word];
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

/* Sets what a word of the query adds to each chunk. */
static void weigh(struct relation *r, const struct word *w, double weight, const double *norms)
{
    struct posting *p = r->postings + w->first;
    for (uint32_t i = 0; i < w->having; i++)
        p[i].adds = weight * p[i].count * (K1 + 1) / (p[i].count + norms[p[i].chunk]);
}

/* How well each chunk that is left fits the query. */
static void sum_up(struct relation *r, const struct chunk *query, uint32_t left, double mean,
                   const double *norms, double *sums)
{
    r->pass++;
    for (size_t k = 0; k < query->n; k++) {
        struct word *w = &r->table[words_of(r, query)[k]];
        if (w->seen != r->pass) {
            double weight = tells(r, w, left);
            weigh(r, w, weight < 0 ? EPSILON * mean : weight, norms);
            w->seen = r->pass;
        }
        const struct posting *p = r->postings + w->first;
        for (uint32_t i = 0; i < w->having; i++)
            sums[p[i].chunk] += p[i].adds;
    }
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
    sum_up(r, query, left, mean, norms, sums);
    *best = -1;
    for (uint32_t i = 0; i < r->n; i++)
        if (!r->chunks[i].used && (*best < 0 || sums[i] > sums[*best]))
            *best = (int32_t)i;
    return DM_OK;
}

/* Puts each chunk with the best of those that follow and are left. */
static int pair_up(struct relation *r, int32_t (*pairs)[2])
{
    int npairs = 0;
    for (uint32_t i = 0, left = r->n; i < r->n; i++) {
        int32_t best = -1;
        if (r->chunks[i].used)
            continue;
        use(r, i);
        if (--left) {
            int status = find_best(r, &r->chunks[i], left, &best);
            if (status != DM_OK)
                return status;
            use(r, (uint32_t)best);
            left--;
        }
        pairs[npairs][0] = (int32_t)i;
        pairs[npairs++][1] = best;
    }
    return npairs;
}

int dm_jieba_relate(const struct dm_jieba *j, const char *p, const struct dm_text_span *chunks,
                    uint32_t n, int32_t (*pairs)[2])
{
    struct relation r = {.n = n,
                         .words = dm_scratch_get(DM_SCRATCH_LIST),
                         .distinct = dm_scratch_get(DM_SCRATCH_UNITS)};
    uint32_t nwords;
    if (n > MOST)
        return DM_EUSAGE;
    for (uint32_t k = 0; k <= MOST; k++)
        r.logs[k] = log(k + 0.5);
    dm_buf_clear(r.words);
    dm_buf_clear(r.distinct);
    int status = read_chunks(&r, j, p, chunks, &nwords);
    if (status != DM_OK)
        return status;
    r.table = dm_scratch_room(DM_SCRATCH_MATCHES, (nwords + 1) * sizeof *r.table);
    if (!r.table)
        return DM_EMEMORY;
    memset(r.table, 0, (nwords + 1) * sizeof *r.table);
    return list_distinct(&r) && make_postings(&r, nwords) ? pair_up(&r, pairs) : DM_EMEMORY;
}
