/* Sums over rows of a fastText model. The order of additions is fastText's, so that sums are equal
 * to the last bit but for what compilers do. */
#include "text/fasttext.h"

#include <string.h>

typedef float four __attribute__((vector_size(16)));

static float float_at(const char *p, int64_t i)
{
    float x;
    memcpy(&x, p + i * (int64_t)sizeof x, sizeof x);
    return x;
}

static void add_dense(const char *row, int32_t n, float *x)
{
    int32_t i = 0;
    for (; i + 4 <= n; i += 4) {
        four a, b;
        memcpy(&a, row + i * 4, sizeof a);
        memcpy(&b, x + i, sizeof b);
        b += a;
        memcpy(x + i, &b, sizeof b);
    }
    for (; i < n; i++)
        x[i] += float_at(row, i);
}

static int32_t part_size(const struct dm_fasttext_matrix *m, int32_t part)
{
    return part == m->parts - 1 ? m->last_part : m->part;
}

static const char *centroid(const struct dm_fasttext_matrix *m, int64_t row, int32_t part)
{
    int64_t code = m->codes[row * m->parts + part];
    int64_t at = (int64_t)part * DM_FASTTEXT_CENTROIDS * m->part + code * part_size(m, part);
    return m->centroids + at * (int64_t)sizeof(float);
}

static float norm_of(const struct dm_fasttext_matrix *m, int64_t row)
{
    return m->norms ? float_at(m->norm_centroids, m->norms[row]) : 1;
}

void dm_fasttext_add_row(const struct dm_fasttext_matrix *m, int64_t row, float *x)
{
    if (m->dense) {
        add_dense(m->dense + row * m->columns * (int64_t)sizeof(float), m->columns, x);
        return;
    }
    float norm = norm_of(m, row);
    for (int32_t part = 0; part < m->parts; part++) {
        const char *c = centroid(m, row, part);
        for (int32_t i = 0, n = part_size(m, part); i < n; i++)
            x[part * m->part + i] += norm * float_at(c, i);
    }
}

float dm_fasttext_dot_row(const struct dm_fasttext_matrix *m, int64_t row, const float *x)
{
    float sum = 0;
    if (m->dense) {
        const char *p = m->dense + row * m->columns * (int64_t)sizeof(float);
        for (int32_t i = 0; i < m->columns; i++)
            sum += float_at(p, i) * x[i];
        return sum;
    }
    for (int32_t part = 0; part < m->parts; part++) {
        const char *c = centroid(m, row, part);
        for (int32_t i = 0, n = part_size(m, part); i < n; i++)
            sum += x[part * m->part + i] * float_at(c, i);
    }
    return sum * norm_of(m, row);
}
