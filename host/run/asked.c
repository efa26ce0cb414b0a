#include "run/asked.h"

#include <math.h>

/* Latencies are counted in classes, each 2^(1/8) times as long as the one before: those of all
 * workers add up, and take the same room however many there are. The first class ends at 1 ms, the
 * last has no end. */
enum { CLASSES_PER_OCTAVE = 8 };

void dm_asked_request(struct dm_asked *asked, double ms)
{
    asked->requests++;
    double class = ms > 1 ? ceil(log2(ms) * CLASSES_PER_OCTAVE) : 0;
    asked->latency[class < DM_LATENCIES ? (int)class : DM_LATENCIES - 1]++;
}

void dm_asked_answer(struct dm_asked *asked, double tokens_in, double tokens_out, double cost)
{
    asked->tokens_in += (uint64_t)tokens_in;
    asked->tokens_out += (uint64_t)tokens_out;
    asked->cost += (uint64_t)cost;
}

double dm_asked_percentile(const struct dm_asked *asked, double share)
{
    uint64_t n = 0, sum = 0;
    for (int i = 0; i < DM_LATENCIES; i++)
        n += asked->latency[i];
    for (int i = 0; i < DM_LATENCIES && n; i++) {
        sum += asked->latency[i];
        if ((double)sum >= share * (double)n) /* the middle of the class */
            return exp2((i - 0.5) / CLASSES_PER_OCTAVE);
    }
    return 0;
}

/* An account as an array: all of it is 64 bits wide. */
enum { FIELDS = sizeof(struct dm_asked) / sizeof(uint64_t) };

void dm_asked_add(struct dm_asked *asked, const struct dm_asked *from)
{
    uint64_t sum[FIELDS], more[FIELDS];
    memcpy(sum, asked, sizeof sum);
    memcpy(more, from, sizeof more);
    for (int i = 0; i < FIELDS; i++)
        sum[i] += more[i];
    memcpy(asked, sum, sizeof sum);
}

bool dm_asked_is_empty(const struct dm_asked *asked)
{
    static const struct dm_asked none;
    return memcmp(asked, &none, sizeof none) == 0;
}

/* The fields that are not zero, each with its place: most latencies do not occur. */
static bool put_one(struct dm_buf *b, const struct dm_asked *asked)
{
    uint64_t fields[FIELDS];
    uint32_t n = 0;
    memcpy(fields, asked, sizeof fields);
    for (int i = 0; i < FIELDS; i++)
        n += fields[i] != 0;
    bool ok = dm_put_u32(b, n);
    for (int i = 0; i < FIELDS && ok; i++)
        if (fields[i])
            ok = dm_put_u8(b, (uint8_t)i) && dm_put_u64(b, fields[i]);
    return ok;
}

bool dm_asked_put(struct dm_buf *b, const struct dm_asked *asked, uint64_t n)
{
    uint32_t used = 0;
    for (uint64_t i = 0; i < n; i++)
        used += !dm_asked_is_empty(&asked[i]);
    bool ok = dm_put_u32(b, used);
    for (uint64_t i = 0; i < n && ok; i++)
        if (!dm_asked_is_empty(&asked[i]))
            ok = dm_put_u32(b, (uint32_t)i) && put_one(b, &asked[i]);
    return ok;
}

static void get_one(struct dm_wire *w, struct dm_asked *asked)
{
    uint64_t fields[FIELDS] = {0};
    uint32_t n = dm_get_u32(w);
    while (n-- && !w->bad) {
        uint8_t i = dm_get_u8(w);
        if (i >= FIELDS)
            w->bad = true;
        else
            fields[i] = dm_get_u64(w);
    }
    memcpy(asked, fields, sizeof fields);
}

static void get_all(struct dm_wire *w, struct dm_asked *asked, uint64_t n)
{
    uint32_t used = dm_get_u32(w);
    while (used-- && !w->bad) {
        struct dm_asked one;
        uint32_t i = dm_get_u32(w);
        if (i >= n)
            w->bad = true;
        get_one(w, &one);
        if (!w->bad && asked)
            dm_asked_add(&asked[i], &one);
    }
}

void dm_asked_get(struct dm_wire *w, struct dm_asked *asked, uint64_t n)
{
    struct dm_wire look = *w;
    get_all(&look, NULL, n);
    if (look.bad)
        *w = look;
    else
        get_all(w, asked, n);
}
