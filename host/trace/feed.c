/* Rows of one file as they stand, for who looks at a few of them. */
#include "run/work_state.h"

#include <stdlib.h>
#include <xxhash.h>

struct feed {
    struct dm_feed head; /* first: Lua's pointer is ours */
    struct dm_input input;
    uint64_t sampled, place;
    bool damaged; /* and told so */
};

static struct feed *feed_of(struct dm_feed *feed)
{
    return (struct feed *)(void *)feed;
}

struct dm_feed *dm_feed_open(const char *path, double start, double row_bytes, uint64_t sampled,
                             struct dm_error *err)
{
    struct feed *f = calloc(1, sizeof *f);
    if (!f) {
        dm_fail_memory(err);
        return NULL;
    }
    f->sampled = sampled;
    f->place = XXH3_64bits(path, strlen(path));
    f->input.row_bytes = (size_t)row_bytes;
    const char *opened = strcmp(path, "-") == 0 ? DM_STANDARD_INPUT : path;
    if (dm_input_open(&f->input, opened, (uint64_t)start, err) == DM_OK)
        return &f->head;
    dm_feed_close(&f->head);
    return NULL;
}

void dm_feed_close(struct dm_feed *feed)
{
    if (!feed)
        return;
    dm_input_finish(&feed_of(feed)->input);
    free(feed);
}

static int give(struct feed *f, const char *p, const char *end, int what)
{
    f->head.p = p;
    f->head.n = (size_t)(end - p);
    f->head.offset = (double)dm_input_offset(&f->input);
    return what;
}

/* Steps over the line at the input's place. Returns DM_FEED_ROW, DM_FEED_LONG, or 0 for one that is
 * not given. */
static int take_line(struct feed *f)
{
    struct dm_input *in = &f->input;
    const char *p = in->buf + in->at;
    const char *end = memchr(p, '\n', in->complete - in->at);
    uint64_t place = f->place + dm_input_offset(in);
    f->head.number++;
    int what = 0;
    if (!dm_work_is_blank(p, end) && (!f->sampled || dm_work_mix(place) < f->sampled))
        what = give(f, p, end, DM_FEED_ROW);
    if (what && f->head.n > in->row_bytes) {
        f->head.n = DM_SHOWN_BYTES;
        what = DM_FEED_LONG;
    }
    dm_input_take(in, end);
    return what;
}

/* The piece of a row that stands before the damage of a compressed file. */
static int give_damage(struct feed *f, struct dm_error *err)
{
    struct dm_input *in = &f->input;
    if (!in->damage.status || f->damaged)
        return DM_FEED_END;
    f->damaged = true;
    f->head.number++;
    *err = in->damage;
    return give(f, in->buf + in->at, in->buf + in->filled, DM_FEED_DAMAGE);
}

int dm_feed_next(struct dm_feed *feed, struct dm_error *err)
{
    struct feed *f = feed_of(feed);
    for (;;) {
        while (dm_input_ready(&f->input)) {
            int what = take_line(f);
            if (what)
                return what;
        }
        int rc = f->damaged ? DM_INPUT_END : dm_input_fill(&f->input, err);
        if (rc < 0)
            return rc;
        if (rc == DM_INPUT_END)
            return give_damage(f, err);
        if (rc == DM_INPUT_LONG) {
            f->head.number++;
            const char *p = f->input.buf + f->input.at;
            return give(f, p, p + DM_SHOWN_BYTES, DM_FEED_LONG);
        }
    }
}
