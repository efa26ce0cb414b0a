/* Reading a fastText model: arguments, names, buckets that were kept, and two matrices. Whatever
 * the file says is checked here, so that a damaged one is an error and nothing worse. */
#include "text/fasttext.h"

#include "base/error.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC = 793712314, OLDEST = 11, NEWEST = 12, SUPERVISED = 3, LONGEST_NGRAM = 64 };

struct cursor {
    const char *p, *end;
    bool bad; /* something did not fit */
};

static const char *take(struct cursor *c, int64_t count, size_t each)
{
    const char *p = c->p;
    if (c->bad || count < 0 || (uint64_t)count > (size_t)(c->end - c->p) / each) {
        c->bad = true;
        return NULL;
    }
    c->p += (size_t)count * each;
    return p;
}

static bool take_value(struct cursor *c, void *value, size_t n)
{
    const char *p = take(c, 1, n);
    if (p)
        memcpy(value, p, n);
    return p != NULL;
}

static int32_t take_i32(struct cursor *c)
{
    int32_t v = 0;
    take_value(c, &v, sizeof v);
    return v;
}

static int64_t take_i64(struct cursor *c)
{
    int64_t v = 0;
    take_value(c, &v, sizeof v);
    return v;
}

static bool take_flag(struct cursor *c)
{
    char v = 0;
    take_value(c, &v, sizeof v);
    return v != 0;
}

/* Returns whether it is a model of the kind that we read. */
static bool read_arguments(struct dm_fasttext *f, struct cursor *c)
{
    int32_t args[12], version = 0;
    double t;
    if (take_i32(c) != MAGIC || (version = take_i32(c)) < OLDEST || version > NEWEST)
        return false;
    for (int i = 0; i < 12; i++)
        args[i] = take_i32(c);
    take_value(c, &t, sizeof t);
    f->dimensions = args[0];
    f->ngrams = args[5];
    f->loss = args[6];
    f->buckets = args[8];
    f->shortest = args[9];
    f->longest = version == OLDEST ? 0 : args[10];
    return !c->bad && args[7] == SUPERVISED && f->dimensions > 0 && f->loss >= DM_FASTTEXT_HS &&
           f->loss <= DM_FASTTEXT_OVA && f->ngrams <= LONGEST_NGRAM &&
           f->longest <= LONGEST_NGRAM && f->buckets >= 0 &&
           (f->buckets > 0 || (f->longest <= 0 && f->ngrams <= 1));
}

/* A table for n entries that is at most half full; its mask goes to *mask. */
static void *create_table(size_t n, size_t each, uint32_t *mask)
{
    size_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    *mask = (uint32_t)(slots - 1);
    return calloc(slots, each);
}

static uint32_t hash_name(const struct dm_fasttext_word *w)
{
    uint32_t h = DM_FASTTEXT_SEED;
    for (uint32_t i = 0; i < w->n; i++)
        h = dm_fasttext_hash(h, w->p[i]);
    return h;
}

int32_t dm_fasttext_find(const struct dm_fasttext *f, const char *p, size_t n, uint32_t hash)
{
    for (uint32_t slot = hash & f->mask; f->slots[slot]; slot = (slot + 1) & f->mask) {
        const struct dm_fasttext_word *w = &f->names[f->slots[slot] - 1];
        if (w->n == n && memcmp(w->p, p, n) == 0)
            return f->slots[slot] - 1;
    }
    return -1;
}

static void add_name(struct dm_fasttext *f, int32_t i)
{
    uint32_t slot = hash_name(&f->names[i]) & f->mask;
    while (f->slots[slot])
        slot = (slot + 1) & f->mask;
    f->slots[slot] = i + 1;
}

/* The names: words first, then labels, each with how often it was seen. */
static int read_names(struct dm_fasttext *f, struct cursor *c, int64_t *counts)
{
    for (int32_t i = 0; i < f->words + f->labels; i++) {
        size_t left = (size_t)(c->end - c->p);
        const char *p = c->p, *nul = left ? memchr(p, 0, left) : NULL;
        if (!nul || nul - p > INT32_MAX)
            return DM_EINPUT;
        f->names[i] = (struct dm_fasttext_word){p, (uint32_t)(nul - p)};
        take(c, nul - p + 1, 1);
        int64_t count = take_i64(c);
        bool is_label = take_flag(c);
        if (c->bad || is_label != (i >= f->words))
            return DM_EINPUT;
        if (is_label)
            counts[i - f->words] = count;
        add_name(f, i);
    }
    return DM_OK;
}

/* Which rows the buckets have that were kept when the model was quantized. */
static int read_kept(struct dm_fasttext *f, struct cursor *c, int64_t n)
{
    f->pruned = n >= 0;
    if (n < 0)
        return DM_OK;
    if (n > (c->end - c->p) / 8)
        return DM_EINPUT;
    f->kept = create_table((size_t)n, sizeof *f->kept, &f->kept_mask);
    if (!f->kept)
        return DM_EMEMORY;
    for (int64_t i = 0; i < n; i++) {
        struct dm_fasttext_pair pair = {take_i32(c), take_i32(c)};
        if (pair.bucket < 0 || pair.bucket == INT32_MAX || pair.row < 0 || pair.row >= n)
            return DM_EINPUT;
        pair.bucket++;
        uint32_t slot = (uint32_t)pair.bucket & f->kept_mask;
        while (f->kept[slot].bucket)
            slot = (slot + 1) & f->kept_mask;
        f->kept[slot] = pair;
    }
    return DM_OK;
}

/* Huffman's tree of the labels, the frequent ones near the root, as fastText builds it: they come
 * in the order of their counts. */
static int build_tree(struct dm_fasttext *f, const int64_t *counts)
{
    const int64_t most = 1000000000000000;
    int32_t n = f->labels, leaf = n - 1, inner = n;
    int64_t sum = 0;
    f->tree = calloc((size_t)n * 2, sizeof *f->tree);
    if (!f->tree)
        return DM_EMEMORY;
    for (int32_t i = 0; i < 2 * n - 1; i++) {
        if (i < n && (counts[i] < 0 || counts[i] >= most - sum))
            return DM_EINPUT;
        sum += i < n ? counts[i] : 0;
        f->tree[i] = (struct dm_fasttext_node){-1, -1, i < n ? counts[i] : most};
    }
    for (int32_t i = n; i < 2 * n - 1; i++) {
        int32_t two[2];
        for (int k = 0; k < 2; k++)
            two[k] = leaf >= 0 && f->tree[leaf].count < f->tree[inner].count ? leaf-- : inner++;
        f->tree[i] = (struct dm_fasttext_node){two[0], two[1],
                                               f->tree[two[0]].count + f->tree[two[1]].count};
    }
    return DM_OK;
}

static int read_dictionary(struct dm_fasttext *f, struct cursor *c)
{
    int32_t size = take_i32(c);
    f->words = take_i32(c);
    f->labels = take_i32(c);
    take_i64(c);
    int64_t kept = take_i64(c);
    enum { LEAST = 10 }; /* bytes of an entry */
    if (c->bad || f->words < 0 || f->labels <= 0 || (int64_t)f->words + f->labels != size ||
        size > (c->end - c->p) / LEAST || f->labels > INT32_MAX / 2)
        return DM_EINPUT;
    int64_t *counts = calloc((size_t)f->labels, sizeof *counts);
    f->names = calloc((size_t)size, sizeof *f->names);
    f->slots = create_table((size_t)size, sizeof *f->slots, &f->mask);
    int rc = counts && f->names && f->slots ? read_names(f, c, counts) : DM_EMEMORY;
    if (rc == DM_OK)
        rc = read_kept(f, c, kept);
    if (rc == DM_OK && f->loss == DM_FASTTEXT_HS)
        rc = build_tree(f, counts);
    free(counts);
    return rc;
}

/* The numbers of the parts of a row, and their centroids; `columns` is what they must add up to. */
static const char *read_quantizer(struct cursor *c, int64_t columns, int32_t parts[3])
{
    int32_t all = take_i32(c);
    for (int i = 0; i < 3; i++)
        parts[i] = take_i32(c);
    if (c->bad || all != columns || parts[0] <= 0 || parts[1] <= 0 || parts[2] <= 0 ||
        parts[2] > parts[1] || (int64_t)(parts[0] - 1) * parts[1] + parts[2] != columns)
        c->bad = true;
    return take(c, (int64_t)all * DM_FASTTEXT_CENTROIDS, sizeof(float));
}

static void read_matrix(struct dm_fasttext_matrix *m, struct cursor *c, bool quantized,
                        int32_t columns)
{
    bool normed = quantized && take_flag(c);
    m->rows = take_i64(c);
    int64_t n = take_i64(c);
    m->columns = columns;
    c->bad = c->bad || n != columns || m->rows < 0 || m->rows > INT32_MAX;
    if (!quantized) {
        m->dense = c->bad ? NULL : take(c, m->rows * columns, sizeof(float));
        return;
    }
    int32_t size = take_i32(c), parts[3], one[3];
    m->codes = (const unsigned char *)take(c, size, 1);
    m->centroids = read_quantizer(c, columns, parts);
    m->parts = parts[0];
    m->part = parts[1];
    m->last_part = parts[2];
    c->bad = c->bad || m->rows * m->parts != size;
    if (!normed)
        return;
    m->norms = (const unsigned char *)take(c, m->rows, 1);
    m->norm_centroids = read_quantizer(c, 1, one);
}

/* How many rows the words and the buckets need. */
static int64_t rows_needed(const struct dm_fasttext *f)
{
    int64_t rows = f->words;
    if (!f->pruned)
        return rows + f->buckets;
    for (uint32_t i = 0; i <= f->kept_mask; i++)
        if (f->kept[i].bucket && f->words + (int64_t)f->kept[i].row >= rows)
            rows = f->words + (int64_t)f->kept[i].row + 1;
    return rows;
}

static int read_model(struct dm_fasttext *f)
{
    struct cursor c = {f->map, f->map + f->size, false};
    if (!read_arguments(f, &c))
        return DM_EUSAGE;
    int rc = read_dictionary(f, &c);
    if (rc)
        return rc;
    bool quantized = take_flag(&c);
    read_matrix(&f->in, &c, quantized, f->dimensions);
    bool out_quantized = take_flag(&c) && quantized;
    read_matrix(&f->out, &c, out_quantized, f->dimensions);
    if (c.bad || f->in.rows < rows_needed(f) ||
        f->out.rows < f->labels - (f->loss == DM_FASTTEXT_HS))
        return DM_EINPUT;
    f->hidden = calloc((size_t)f->dimensions, sizeof *f->hidden);
    f->output = calloc((size_t)f->labels, sizeof *f->output);
    return f->hidden && f->output ? DM_OK : DM_EMEMORY;
}

static int map_file(struct dm_fasttext *f, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return DM_EIO;
    bool ok = fstat(fd, &st) == 0;
    void *map = ok && st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                                     : MAP_FAILED;
    close(fd);
    if (map == MAP_FAILED)
        return ok && st.st_size == 0 ? DM_EUSAGE : DM_EIO;
    f->map = map;
    f->size = (size_t)st.st_size;
    return DM_OK;
}

struct dm_fasttext *dm_fasttext_open(const char *path, struct dm_error *err)
{
    struct dm_fasttext *f = calloc(1, sizeof *f);
    int rc = f ? map_file(f, path) : DM_EMEMORY;
    if (rc == DM_EIO)
        dm_fail_errno(err, rc, "%s", path);
    else if (rc == DM_OK)
        rc = read_model(f);
    if (rc == DM_OK)
        return f;
    if (rc == DM_EMEMORY)
        dm_fail_memory(err);
    else if (rc == DM_EUSAGE)
        dm_fail(err, rc, "%s is no fastText model of labels, as `fasttext supervised` writes one",
                path);
    else if (rc == DM_EINPUT)
        dm_fail(err, rc, "%s is a damaged fastText model", path);
    dm_fasttext_close(f);
    return NULL;
}

void dm_fasttext_close(struct dm_fasttext *f)
{
    if (!f)
        return;
    if (f->map)
        munmap((void *)(uintptr_t)f->map, f->size);
    free(f->names);
    free(f->slots);
    free(f->kept);
    free(f->tree);
    free(f->hidden);
    free(f->output);
    free(f);
}
