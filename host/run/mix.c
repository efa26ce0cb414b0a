/* Mixtures: a number of rows of each source. A row is in when its dm_work_share is among the
 * smallest, so that the same ones are whoever reads them. Which share is the last is found by
 * counting shares by their first bits, and then looking at those with the same first bits as the
 * one that is wanted. */
#include "run/job.h"
#include "run/work_state.h"

#include <stdlib.h>
#include <xxhash.h>

enum { BITS = 16, BUCKETS = 1 << BITS };

struct tally {
    uint64_t *counts; /* by the first bits; NULL in the second pass */
    uint64_t rows;
    uint64_t bucket; /* in the second pass: whose shares are kept */
    struct dm_buf shares;
};

static bool note(struct tally *t, uint64_t place)
{
    uint64_t share = dm_work_share(place), bucket = share >> (64 - BITS);
    t->rows++;
    if (t->counts)
        t->counts[bucket]++;
    else if (bucket == t->bucket)
        return dm_buf_add(&t->shares, &share, sizeof share);
    return true;
}

/* Notes the complete rows in the buffer. */
static bool note_ready(struct tally *t, struct dm_input *in, uint64_t place)
{
    bool ok = true;
    while (dm_input_ready(in) && ok) {
        const char *p = in->buf + in->at, *end = memchr(p, '\n', in->complete - in->at);
        if (!dm_work_is_blank(p, end))
            ok = note(t, place + dm_input_offset(in));
        dm_input_take(in, end);
    }
    return ok;
}

static int note_file(struct tally *t, const char *path, uint64_t row_bytes, struct dm_error *err)
{
    struct dm_input in = {.row_bytes = row_bytes};
    uint64_t place = XXH3_64bits(path, strlen(path));
    int rc = dm_input_open(&in, path, 0, err);
    bool more = rc == DM_OK, ok = true;
    while (more && ok) {
        ok = note_ready(t, &in, place);
        rc = ok ? dm_input_fill(&in, err) : DM_OK;
        if (rc == DM_INPUT_LONG)
            ok = note(t, place + dm_input_offset(&in));
        more = rc > 0;
    }
    dm_input_finish(&in);
    return ok ? rc : dm_fail_memory(err);
}

/* Notes all rows of the inputs from number `first` on; of files that are rows, each is one. */
static int note_all(struct tally *t, const struct dm_job *job, const struct dm_inputs *in,
                    uint64_t first, struct dm_error *err)
{
    int rc = DM_OK;
    t->rows = 0;
    for (size_t i = first; i < in->n && rc == DM_OK; i++) {
        const char *path = dm_inputs_path(in, i);
        if (!in->documents)
            rc = note_file(t, path, job->settings.row_bytes, err);
        else if (!note(t, XXH3_64bits(path, strlen(path))))
            rc = dm_fail_memory(err);
    }
    return rc;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The bound below which `wanted` shares lie, of more than so many. */
static int find_bound(struct tally *t, const struct dm_job *job, const struct dm_inputs *in,
                      uint64_t first, uint64_t wanted, uint64_t *bound, struct dm_error *err)
{
    uint64_t *counts = t->counts;
    for (t->bucket = 0; counts[t->bucket] <= wanted; t->bucket++)
        wanted -= counts[t->bucket];
    t->counts = NULL;
    int rc = note_all(t, job, in, first, err);
    t->counts = counts;
    if (rc)
        return rc;
    uint64_t *shares = (uint64_t *)(void *)t->shares.p;
    size_t n = t->shares.n / sizeof *shares;
    if (wanted >= n)
        return dm_fail(err, DM_EIO, "the input has changed while its rows were counted");
    qsort(shares, n, sizeof *shares, by_value);
    *bound = shares[wanted] ? shares[wanted] : 1; /* 0 would stand for all rows */
    return DM_OK;
}

/* Has the rows read: all of them as often as there is room for all, and some of them once more. */
static int apply(struct tally *t, const struct dm_job *job, struct dm_inputs *in, uint64_t first,
                 uint64_t wanted, struct dm_error *err)
{
    uint64_t whole = wanted / t->rows, bound = 0;
    if (wanted > t->rows && job->kind == DM_TO_EACH)
        return dm_fail(err, DM_EUSAGE,
                       "a source of dm.mix has %llu rows, of which %llu are wanted: files that are "
                       "read more than once have no output of their own\n"
                       "write to one file or to a folder, or take a smaller total",
                       (unsigned long long)t->rows, (unsigned long long)wanted);
    int rc = DM_OK;
    if (wanted % t->rows)
        rc = find_bound(t, job, in, first, wanted % t->rows, &bound, err);
    if (!whole && !bound)
        bound = 1; /* no row's share is below it */
    return rc ? rc : dm_inputs_take(in, whole, bound, err);
}

int64_t dm_job_mix_inputs(struct dm_job *job, uint64_t first, uint64_t wanted, struct dm_error *err)
{
    struct dm_inputs *in = dm_job_inputs(job);
    struct tally t = {.counts = calloc(BUCKETS, sizeof *t.counts)};
    int rc = t.counts ? dm_inputs_sort(in, err) : dm_fail_memory(err);
    if (rc == DM_OK)
        rc = note_all(&t, job, in, first, err);
    if (rc == DM_OK && t.rows)
        rc = apply(&t, job, in, first, wanted, err);
    dm_buf_finish(&t.shares);
    free(t.counts);
    return rc ? rc : (int64_t)in->n;
}
