/* Editing samples: by hand with the bytes that must come out, and at random against a second tree.
 */
#include "json/index.h"
#include "json_kernels.h"
#include "naive_edit.h"
#include "test.h"

static struct dm_sample *sample;

/* Goes down by keys and positions with dots between: "a.1.b". */
static uint32_t find(const char *path, char *last)
{
    char part[32];
    uint32_t at = 0;
    for (;; path++) {
        size_t n = strcspn(path, ".");
        memcpy(part, path, n);
        part[n] = 0;
        path += n;
        if (!*path)
            break;
        at = sample->values[at].kind == DM_ARRAY ? dm_sample_at(sample, at, atof(part))
                                                 : dm_sample_find(sample, at, part, n);
    }
    strcpy(last, part);
    return at;
}

/* One edit: "path=JSON", "path-" removes the field, "path<" the last element. */
static int edit(const char *what)
{
    char path[64], last[32];
    size_t n = strcspn(what, "=-<");
    memcpy(path, what, n);
    path[n] = 0;
    uint32_t at = find(path, last);
    if (what[n] == '-')
        return dm_sample_remove(sample, at, last, strlen(last));
    if (what[n] == '<')
        return dm_sample_pop(sample, at);
    int value = dm_sample_make_json(sample, what + n + 1, strlen(what + n + 1), NULL);
    if (value < 0)
        return value;
    if (sample->values[at].kind == DM_ARRAY)
        return dm_sample_put_at(sample, at, atof(last), (uint32_t)value, NULL);
    return dm_sample_put(sample, at, last, strlen(last), (uint32_t)value, NULL);
}

/* What is written after these edits, separated by ';'. */
static void check(const char *row, const char *edits, const char *want)
{
    struct dm_buf out = {0};
    char one[128];
    ok(dm_sample_parse_text(sample, row, strlen(row), NULL, NULL) == DM_OK, "%s", row);
    while (*edits) {
        size_t n = strcspn(edits, ";");
        memcpy(one, edits, n);
        one[n] = 0;
        ok(edit(one) == DM_OK, "%s of %s", one, row);
        edits += n + (edits[n] == ';');
    }
    ok(dm_sample_write(sample, &out, NULL) == DM_OK, "written");
    ok(out.n == strlen(want) && memcmp(out.p, want, out.n) == 0, "%.*s should be %s", (int)out.n,
       out.p, want);
    dm_buf_finish(&out);
}

static void test_bytes_kept(void)
{
    static const char odd[] = "{ \"n\" :  1.50,\t\"t\\u0065xt\": \"\\u00e9\" , \"z\":[ 1 ,2 ]  }";
    check(odd, "", odd);
    check(odd, "new=1",
          "{ \"n\" :  1.50,\t\"t\\u0065xt\": \"\\u00e9\" , \"z\":[ 1 ,2 ],\"new\":1  }");
    check(odd, "text=2", "{ \"n\" :  1.50,\t\"t\\u0065xt\": 2 , \"z\":[ 1 ,2 ]  }");
    check(odd, "n=2", "{ \"n\" :  2,\t\"t\\u0065xt\": \"\\u00e9\" , \"z\":[ 1 ,2 ]  }");
    check(odd, "n-", "{\"t\\u0065xt\": \"\\u00e9\" , \"z\":[ 1 ,2 ]  }");
    check(odd, "text-", "{ \"n\" :  1.50 , \"z\":[ 1 ,2 ]  }");
    check(odd, "z-", "{ \"n\" :  1.50,\t\"t\\u0065xt\": \"\\u00e9\"  }");
    check(odd, "n-;text-;z-", "{}");
    check(odd, "n-;text-;z-;n=1", "{\"n\":1  }");
    check(odd, "z.1=7", "{ \"n\" :  1.50,\t\"t\\u0065xt\": \"\\u00e9\" , \"z\":[ 7 ,2 ]  }");
    check(odd, "z.3=7", "{ \"n\" :  1.50,\t\"t\\u0065xt\": \"\\u00e9\" , \"z\":[ 1 ,2,7 ]  }");
    check(odd, "z.1<", "{ \"n\" :  1.50,\t\"t\\u0065xt\": \"\\u00e9\" , \"z\":[ 1 ]  }");
    check(odd, "z.1<;z.1<", "{ \"n\" :  1.50,\t\"t\\u0065xt\": \"\\u00e9\" , \"z\":[]  }");
    check(odd, "missing-", odd);
}

static void test_duplicates(void)
{
    static const char twice[] = "{\"a\":1, \"b\":2,\"\\u0061\":3,\"c\":4}";
    check(twice, "a=9", "{\"a\":1, \"b\":2,\"\\u0061\":9,\"c\":4}");
    check(twice, "a-", "{\"b\":2,\"c\":4}");
    check(twice, "a-;a=5", "{\"b\":2,\"c\":4,\"a\":5}");
    check(twice, "c=0", "{\"a\":1, \"b\":2,\"\\u0061\":3,\"c\":0}");
}

static void test_depths(void)
{
    check("{}", "a={};a.b=[];a.b.1={\"c\":[ ]};a.b.1.c.1=\"x\"",
          "{\"a\":{\"b\":[{\"c\":[\"x\" ]}]}}");
    check("{\"a\":{\"b\":{\"c\":1}}}", "a.b.c-", "{\"a\":{\"b\":{}}}");
    check("[[1,2],[3]]", "1.1=0;2.1<;3=[]", "[[0,2],[],[]]");
    ok(dm_sample_parse_text(sample, "{\"a\":[1]}", 9, NULL, NULL) == DM_OK, "parsed");
    ok(edit("a.3=1") == DM_EUSAGE && edit("a.0=1") == DM_EUSAGE, "an array has no holes");
    ok(dm_sample_put(sample, dm_sample_find(sample, 0, "a", 1), "x", 1, 0, NULL) == DM_EUSAGE,
       "nor fields with names");
    ok(dm_sample_put_at(sample, 0, 1, 0, NULL) == DM_EUSAGE, "an object has no elements");
}

/* Values put into others must keep the whole within the limit. */
static void test_limit(void)
{
    struct dm_json_limits limits = {.depth = 4};
    ok(dm_sample_parse_text(sample, "{\"a\":{}}", 8, &limits, NULL) == DM_OK, "parsed");
    ok(edit("a.b=[[]]") == DM_OK, "four levels are within the limit");
    ok(edit("a.b=[[1],[[2]]]") == DM_EINPUT, "five are not");
    ok(edit("a.b=[[1],{\"c\":2}]") == DM_OK, "wide is not deep");
    ok(edit("a.b.2.c=[]") == DM_EINPUT && edit("a.b.2.c=0") == DM_OK, "nor is a number");
}

static void test_random(unsigned runs)
{
    static const char *const rows[] = {
        "{}",
        "{ \"a\" : [ 1 , [ ] , { } ] , \"b\":{\"text\":\"x\"} ,\"a\":null}",
        "[ [1,2], {\"a\":{\"b\":[[3]]}} ,\"\\ud800\", 1e2 ]",
        "{\"text\":\"\\u6570 \\n\",\"n\":1.50,\"\\u0062\":{},\"\\udc00\":[true,false]}",
    };
    uint64_t x = 88172645463325252u;
    uint8_t bytes[400];
    for (unsigned run = 0; run < runs; run++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = (uint8_t)(x >> 56);
            if (run % 2 && x >> 32 & 1) /* texts of ASCII more often than chance has them */
                bytes[i] &= 0x7F;
        }
        const char *row = rows[run % 4], *wrong;
        wrong = edits_run(sample, row, strlen(row), bytes, bytes + sizeof bytes);
        ok(!wrong, "run %u: %s", run, wrong);
    }
}

/* Walks until the object has an index: it is looked up often enough. */
static void test_index_is_made(void)
{
    enum { MEMBERS = 1000, OFTEN = 40 };
    struct dm_buf row = {0};
    for (int i = 0; i < MEMBERS; i++)
        dm_buf_printf(&row, "%s\"k%d\":%d", i ? "," : "{", i, i);
    dm_buf_putc(&row, '}');
    ok(dm_sample_parse_text(sample, row.p, row.n, NULL, NULL) == DM_OK, "parsed");
    ok(dm_sample_find(sample, 0, "k7", 2) && !dm_index_of(sample, 0), "none for one look");
    for (int i = 0; i < OFTEN; i++)
        dm_sample_find(sample, 0, "k999", 4);
    ok(dm_index_of(sample, 0) != NULL, "one for many");
    ok(edit("k7-") == DM_OK && edit("k999=[]") == DM_OK, "edited");
    ok(!dm_sample_find(sample, 0, "k7", 2), "what has gone is not found");
    ok(sample->values[dm_sample_find(sample, 0, "k999", 4)].kind == DM_ARRAY, "nor what it was");
    ok(dm_sample_parse_text(sample, "{}", 2, NULL, NULL) == DM_OK && !dm_index_of(sample, 0),
       "it goes with the row");
    dm_buf_finish(&row);
}

/* Whether element i of the array says so. */
static bool says(double i, const char *text)
{
    uint32_t value = dm_sample_at(sample, 1, i);
    const struct dm_value *v = &sample->values[value];
    return value && v->len == strlen(text) && memcmp(dm_value_text(sample, v), text, v->len) == 0;
}

/* Reads a list from its end, which makes an index, and edits it. */
static void test_list_from_its_end(void)
{
    enum { ELEMENTS = 1000, MORE = 3000 };
    struct dm_buf row = {0};
    char text[16];
    for (int i = 1; i <= ELEMENTS; i++)
        dm_buf_printf(&row, "%s%d", i > 1 ? "," : "{\"l\":[", i);
    dm_buf_printf(&row, "]}");
    ok(dm_sample_parse_text(sample, row.p, row.n, NULL, NULL) == DM_OK, "parsed");
    for (int i = 1; i <= ELEMENTS; i++)
        ok(says(i, (sprintf(text, "%d", i), text)), "forwards: %d", i);
    ok(!dm_index_of(sample, 1), "none for one walk");
    for (int i = ELEMENTS; i; i--)
        ok(says(i, (sprintf(text, "%d", i), text)), "backwards: %d", i);
    ok(dm_index_of(sample, 1) != NULL, "one for many");
    ok(edit("l.500=true") == DM_OK && says(500, "true") && says(501, "501"), "replaced");
    for (int i = ELEMENTS + 1; i <= MORE; i++) {
        sprintf(text, "l.%d=%d", i, -i);
        ok(edit(text) == DM_OK, "added");
    }
    ok(says(MORE, "-3000") && says(500, "true") && !dm_sample_at(sample, 1, MORE + 1), "found");
    for (int i = MORE; i > 499; i--)
        ok(edit("l.<") == DM_OK && !dm_sample_at(sample, 1, i), "the last went: %d", i);
    ok(says(499, "499") && edit("l.500=0") == DM_OK && says(500, "0"), "one in its place");
    dm_buf_finish(&row);
}

static void test_edits(void)
{
    test_bytes_kept();
    test_duplicates();
    test_depths();
    test_limit();
    test_random(4000);
}

int main(void)
{
    sample = dm_sample_create();
    for (int i = 0; i < KERNELS; i++) {
        if (!kernel_at(i))
            continue;
        dm_json_force_kernel(kernel_at(i));
        dm_index_always = false;
        test_edits();
        dm_index_always = true;
        test_edits();
    }
    dm_index_always = false;
    test_index_is_made();
    test_list_from_its_end();
    dm_sample_destroy(sample);
    return test_end("json_edit");
}
