#include "run/counts.h"
#include "run/split.h"
#include "test.h"

#include <stdlib.h>

static struct dm_wire wire_of(const struct dm_buf *b)
{
    const unsigned char *p = (const unsigned char *)b->p;
    return (struct dm_wire){.p = p, .end = p + b->n};
}

static void test_fields(void)
{
    struct dm_buf b = {0};
    size_t n;
    dm_put_u8(&b, 200);
    dm_put_u32(&b, 4000000000u);
    dm_put_u64(&b, UINT64_MAX - 1);
    dm_put_text(&b, "file@12");
    struct dm_wire w = wire_of(&b);
    ok(dm_get_u8(&w) == 200 && dm_get_u32(&w) == 4000000000u && dm_get_u64(&w) == UINT64_MAX - 1,
       "numbers");
    const char *text = dm_get_bytes(&w, &n);
    ok(n == 7 && memcmp(text, "file@12", 7) == 0 && !w.bad, "text");
    ok(dm_get_u64(&w) == 0 && w.bad, "reading past the end is marked");
    dm_buf_finish(&b);
}

static void test_frame(void)
{
    struct dm_buf b = {0};
    size_t at = dm_frame_begin(&b, DM_GRANT);
    dm_put_u64(&b, 7);
    dm_frame_end(&b, at);
    ok(dm_frame_size(b.p, b.n) == (int64_t)b.n, "whole");
    for (size_t n = 0; n < b.n; n++)
        ok(dm_frame_size(b.p, n) == 0, "%zu bytes are not enough", n);
    memset(b.p, 0xff, 4);
    ok(dm_frame_size(b.p, b.n) == -1, "a length over the limit is refused");
    memset(b.p, 0, 4);
    ok(dm_frame_size(b.p, b.n) == -1, "a length without a type is refused");
    dm_buf_finish(&b);
}

static void test_split(void)
{
    struct dm_range range = {
        .path = strdup("a.jsonl"), .name = strdup("a.jsonl"), .start = 5, .end = 90};
    struct dm_skip skip = {.range = 0, .offset = 17, .reason = strdup("crashed")};
    struct dm_split s = {
        .id = 3, .attempt = 2, .ranges = &range, .nranges = 1, .skips = &skip, .nskips = 1};
    struct dm_split back;
    struct dm_error err;
    struct dm_buf b = {0};
    ok(dm_split_put(&b, &s), "written");
    struct dm_wire w = wire_of(&b);
    ok(dm_split_get(&w, &back, &err) == DM_OK, "read back");
    ok(back.id == 3 && back.attempt == 2 && back.nranges == 1 && back.nskips == 1, "numbers");
    ok(strcmp(back.ranges[0].path, "a.jsonl") == 0 && back.ranges[0].end == 90, "range");
    ok(back.skips[0].offset == 17 && strcmp(back.skips[0].reason, "crashed") == 0, "skip");
    dm_split_finish(&back);
    for (size_t n = 0; n < b.n; n++) {
        struct dm_wire cut = {.p = (unsigned char *)b.p, .end = (unsigned char *)b.p + n};
        ok(dm_split_get(&cut, &back, &err) == DM_EINPUT, "cut at %zu", n);
    }
    s.nranges = 0;
    dm_buf_clear(&b);
    ok(dm_split_put(&b, &s), "written");
    w = wire_of(&b);
    ok(dm_split_get(&w, &back, &err) == DM_EINPUT, "a split of no input is refused");
    free(range.path);
    free(range.name);
    free(skip.reason);
    dm_buf_finish(&b);
}

static void test_counts(void)
{
    struct dm_counts a, b;
    struct dm_buf bytes = {0};
    char reason[32];
    ok(dm_counts_init(&a, 2) && dm_counts_init(&b, 2), "made");
    a.rows = 10;
    a.ops[1].dropped = 4;
    for (int i = 0; i < 40; i++) {
        snprintf(reason, sizeof reason, "reason %d", i);
        ok(dm_counts_reason(&a, 1, false, reason, strlen(reason), 1), "counted");
    }
    ok(a.nreasons == DM_REASONS_PER_OP + 1, "reasons are bounded: %u", a.nreasons);
    ok(a.reasons[DM_REASONS_PER_OP].n == 40 - DM_REASONS_PER_OP, "the others are counted together");
    ok(dm_counts_put(&bytes, &a), "written");
    struct dm_wire w = wire_of(&bytes);
    dm_counts_get(&w, &b);
    ok(!w.bad && b.rows == 10 && b.ops[1].dropped == 4 && b.nreasons == a.nreasons, "read back");
    ok(dm_counts_reason(&a, 0, true, "cut\0off", 7, 1) &&
           dm_counts_reason(&a, 0, true, "cut", 3, 1) && a.reasons[a.nreasons - 1].n == 2,
       "a reason ends at its first NUL");
    a.reasons[0].op = 2;
    dm_buf_clear(&bytes);
    ok(dm_counts_put(&bytes, &a), "written");
    w = wire_of(&bytes);
    dm_counts_get(&w, &b);
    ok(w.bad, "a reason of an operator that there is not is refused");
    a.reasons[0].op = 1;
    b.rows = 10;
    b.ops[1].dropped = 4;
    ok(dm_counts_add(&b, &a) && b.rows == 20 && b.ops[1].dropped == 8, "added");
    dm_counts_finish(&a);
    dm_counts_finish(&b);
    dm_buf_finish(&bytes);
}

int main(void)
{
    test_fields();
    test_frame();
    test_split();
    test_counts();
    return test_end("wire");
}
