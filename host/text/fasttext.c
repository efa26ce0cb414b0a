/* What a fastText model says of a text: the mean of the rows of its words and of the pieces of
 * them, times a row for each label. */
#include "text/fasttext.h"

#include "base/buf.h"
#include "text/scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define END_OF_LINE "</s>"
#define LABEL "__label__"

struct sum {
    struct dm_fasttext *f;
    int64_t rows;            /* that were added */
    struct dm_buf *hashes;   /* of words, for groups of them */
    struct dm_buf *bordered; /* a word between < and > */
};

static void add(struct sum *s, int64_t row)
{
    dm_fasttext_add_row(&s->f->in, row, s->f->hidden);
    s->rows++;
}

static void add_bucket(struct sum *s, uint32_t bucket)
{
    const struct dm_fasttext *f = s->f;
    if (!f->pruned) {
        add(s, f->words + (int64_t)bucket);
        return;
    }
    uint32_t slot = (bucket + 1) & f->kept_mask;
    for (; f->kept[slot].bucket; slot = (slot + 1) & f->kept_mask)
        if ((uint32_t)f->kept[slot].bucket == bucket + 1) {
            add(s, f->words + (int64_t)f->kept[slot].row);
            return;
        }
}

static bool inside(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* The pieces of a word: all runs of `shortest` to `longest` characters, but for the borders alone.
 */
static void add_pieces(struct sum *s, const char *p, size_t n)
{
    const struct dm_fasttext *f = s->f;
    for (size_t i = 0; i < n; i++) {
        uint32_t hash = DM_FASTTEXT_SEED;
        if (inside(p[i]))
            continue;
        size_t j = i;
        for (int32_t k = 1; j < n && k <= f->longest; k++) {
            do
                hash = dm_fasttext_hash(hash, p[j++]);
            while (j < n && inside(p[j]));
            if (k >= f->shortest && !(k == 1 && (i == 0 || j == n)))
                add_bucket(s, hash % (uint32_t)f->buckets);
        }
    }
}

static int add_bordered(struct sum *s, const char *p, size_t n)
{
    dm_buf_clear(s->bordered);
    if (!dm_buf_reserve(s->bordered, n + 2))
        return DM_EMEMORY;
    dm_buf_putc(s->bordered, '<');
    dm_buf_add(s->bordered, p, n);
    dm_buf_putc(s->bordered, '>');
    add_pieces(s, s->bordered->p, s->bordered->n);
    return DM_OK;
}

static bool is_end(const char *p, size_t n)
{
    return n == sizeof END_OF_LINE - 1 && memcmp(p, END_OF_LINE, n) == 0;
}

static int add_word(struct sum *s, const char *p, size_t n)
{
    const struct dm_fasttext *f = s->f;
    uint32_t hash = DM_FASTTEXT_SEED;
    for (size_t i = 0; i < n; i++)
        hash = dm_fasttext_hash(hash, p[i]);
    int32_t id = dm_fasttext_find(f, p, n, hash);
    const size_t mark = sizeof LABEL - 1;
    if (id >= f->words || (id < 0 && n >= mark && memcmp(p, LABEL, mark) == 0))
        return DM_OK;
    if (id >= 0)
        add(s, id);
    if (f->ngrams > 1 && !dm_buf_add(s->hashes, &hash, sizeof hash))
        return DM_EMEMORY;
    if (f->longest <= 0 || is_end(p, n))
        return DM_OK;
    return add_bordered(s, p, n);
}

/* Groups of words that follow each other. */
static void add_groups(struct sum *s)
{
    const int32_t *hashes = (const int32_t *)(const void *)s->hashes->p;
    int64_t n = (int64_t)(s->hashes->n / sizeof *hashes);
    for (int64_t i = 0; i < n; i++) {
        uint64_t h = (uint64_t)hashes[i];
        for (int64_t j = i + 1; j < n && j < i + s->f->ngrams; j++) {
            h = h * 116049371u + (uint64_t)hashes[j];
            add_bucket(s, (uint32_t)(h % (uint64_t)s->f->buckets));
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0;
}

static int sum_words(struct sum *s, const char *p, size_t n)
{
    int rc = DM_OK;
    for (size_t i = 0; i < n && rc == DM_OK;) {
        size_t from = i;
        while (i < n && !is_blank(p[i]))
            i++;
        if (i > from && is_end(p + from, i - from))
            break; /* it ends a line wherever it stands */
        if (i > from)
            rc = add_word(s, p + from, i - from);
        else
            i++;
    }
    return rc ? rc : add_word(s, END_OF_LINE, sizeof END_OF_LINE - 1);
}

static int sum_rows(struct sum *s, const char *p, size_t n)
{
    memset(s->f->hidden, 0, (size_t)s->f->dimensions * sizeof(float));
    int rc = sum_words(s, p, n);
    if (rc == DM_OK)
        add_groups(s);
    for (int32_t i = 0; i < s->f->dimensions && s->rows; i++)
        s->f->hidden[i] *= (float)(1.0 / (double)s->rows);
    return rc;
}

/* fastText's logarithm, which has no pole. */
static float safe_log(float x)
{
    return (float)log((double)x + 1e-5);
}

/* fastText looks this up in a table of 512 steps from -8 to 8. */
static float stepped_sigmoid(float x)
{
    if (x < -8)
        return 0;
    if (x > 8)
        return 1;
    float at = (float)((int64_t)((x + 8) * 512 / 8 / 2) * 16) / 512 - 8;
    return (float)(1.0 / (1.0 + exp(-(double)at)));
}

static void compute_output(struct dm_fasttext *f)
{
    float most = -INFINITY, sum = 0;
    for (int32_t i = 0; i < f->labels; i++) {
        f->output[i] = dm_fasttext_dot_row(&f->out, i, f->hidden);
        if (f->loss != DM_FASTTEXT_SOFTMAX)
            f->output[i] = stepped_sigmoid(f->output[i]);
        most = fmaxf(most, f->output[i]);
    }
    for (int32_t i = 0; i < f->labels && f->loss == DM_FASTTEXT_SOFTMAX; i++) {
        f->output[i] = (float)exp((double)(f->output[i] - most));
        sum += f->output[i];
    }
    for (int32_t i = 0; i < f->labels && f->loss == DM_FASTTEXT_SOFTMAX; i++)
        f->output[i] /= sum;
}

/* The label of the greatest output, of equal ones the last; -1: there is none. */
static int32_t greatest(struct dm_fasttext *f, float *score)
{
    int32_t best = -1;
    compute_output(f);
    for (int32_t i = 0; i < f->labels; i++) {
        float x = safe_log(f->output[i]);
        if (x >= *score) {
            *score = x;
            best = i;
        }
    }
    return best;
}

/* The leaf of the likeliest way through the tree. Nodes that wait stand on a stack of our own. */
static int likeliest(const struct dm_fasttext *f, float *score, int32_t *best)
{
    struct waiting {
        int32_t node;
        float score;
    } *stack = dm_scratch_room(DM_SCRATCH_LIST, (size_t)f->labels * 2 * sizeof *stack);
    const float least = safe_log(0);
    size_t n = 0;
    if (!stack)
        return DM_EMEMORY;
    stack[n++] = (struct waiting){2 * f->labels - 2, 0};
    while (n) {
        struct waiting at = stack[--n];
        const struct dm_fasttext_node *node = &f->tree[at.node];
        if (at.score < least || at.score < *score)
            continue;
        if (node->left < 0) {
            *score = at.score;
            *best = at.node;
            continue;
        }
        float x = dm_fasttext_dot_row(&f->out, at.node - f->labels, f->hidden);
        x = (float)(1.0 / (1.0 + exp(-(double)x)));
        stack[n++] = (struct waiting){node->right, at.score + safe_log(x)};
        stack[n++] = (struct waiting){node->left, at.score + safe_log((float)(1.0 - (double)x))};
    }
    return DM_OK;
}

int dm_fasttext_guess(struct dm_fasttext *f, const char *p, size_t n,
                      struct dm_fasttext_guess *guess)
{
    struct sum s = {f, 0, dm_scratch_get(DM_SCRATCH_KEYS), dm_scratch_get(DM_SCRATCH_PIECES)};
    float score = -INFINITY;
    int32_t best = -1;
    dm_buf_clear(s.hashes);
    int rc = sum_rows(&s, p, n);
    if (rc == DM_OK && s.rows && f->loss == DM_FASTTEXT_HS)
        rc = likeliest(f, &score, &best);
    else if (rc == DM_OK && s.rows)
        best = greatest(f, &score);
    if (rc)
        return rc;
    const struct dm_fasttext_word *label = best < 0 ? NULL : &f->names[f->words + best];
    guess->label = label ? label->p : NULL;
    guess->label_bytes = label ? label->n : 0;
    guess->score = label ? (double)expf(score) : 0;
    return DM_OK;
}
