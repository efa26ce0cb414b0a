/* Reading JSON: every kernel accepts, refuses and decodes what the slow reader of naive_json.h
 * does. */
#include "json_kernels.h"
#include "json/tree.h"
#include "json/write.h"
#include "naive_sample.h"
#include "test.h"

#include <limits.h>
#include <math.h>

static const struct dm_json_kernel *kernel;
static struct dm_sample *sample;
static unsigned long compared;

/* A row in memory of its own: its newline and the 64 bytes behind it, nothing more. */
static char *make_row(const char *p, size_t n)
{
    char *row = malloc(n + 1 + DM_JSON_SLACK);
    memcpy(row, p, n);
    row[n] = '\n';
    memset(row + n + 1, '"', DM_JSON_SLACK);
    return row;
}

static void check_accepted(const char *row, const char *end, const struct naive *want)
{
    struct dm_buf out = {0};
    const char *what = naive_differs(sample, 0, want);
    ok(!what, "%s differs in %.80s", what ? what : "", row);
    ok(!dm_sample_touched(sample), "reading does not edit");
    ok(dm_sample_write(sample, &out, NULL) == DM_OK && out.n == want->raw.n &&
           memcmp(out.p, want->raw.p, out.n) == 0,
       "written as it was read");
    ok(*end == '\n', "the end is the newline");
    dm_buf_finish(&out);
}

/* Reads a row with the kernel and the slow reader; true when they take it. */
static bool compare(const char *p, size_t n, unsigned depth)
{
    struct naive_reader reader = {0};
    struct dm_json_limits limits = {.depth = depth};
    struct dm_error err;
    const char *end;
    char *row = make_row(p, n);
    struct naive *want = naive_parse(&reader, p, n, depth ? depth : DM_JSON_DEPTH);
    if (want && want->kind != DM_OBJECT)
        want = NULL;
    int rc = dm_sample_parse(sample, row, &end, &limits, false, &err);
    compared++;
    if (rc != (want ? DM_OK : DM_EINPUT))
        ok(false, "%s: %.*s", want ? err.text : "accepted", n > 200 ? 200 : (int)n, p);
    else if (want)
        check_accepted(row, end, want);
    else if (end != row + n || sample->values[0].child)
        ok(false, "after a failure: the end of the row, and an empty object: %.80s", row);
    naive_finish(&reader);
    free(row);
    return want != NULL;
}

/* A value inside of a row. */
static bool compare_value(const char *value)
{
    char row[600];
    int n = snprintf(row, sizeof row, "{\"k\":%s}", value);
    return compare(row, (size_t)n, 0);
}

static void test_valid(void)
{
    static const char *const values[] = {
        "0",
        "-0",
        "-0.0",
        "1",
        "10",
        "123456789012345",
        "1234567890123456",
        "9007199254740992",
        "9007199254740993",
        "-9007199254740993",
        "12345678901234567890123",
        "1.5",
        "1E5",
        "1e+5",
        "1e-5",
        "1.25e10",
        "0e0",
        "0.0001",
        "1e400",
        "-1e400",
        "1e-400",
        "4.9e-324",
        "1.7976931348623157e308",
        "100000000000000000000000000000000000000000000000000.5",
        "true",
        "false",
        "null",
        "\"\"",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800\\ud800\\udc00\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\\\udc00\"",
        "\"\\\\ud800\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\x7f\"",
        "\"\xC3\xA9\"",
        "\"/\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1]",
        "[ 1 , 2 ]",
        "[[],{},[{}]]",
        "{\"\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"\\u0061\":3}",
        "{\"\\ud800\":1}",
        " \t\r1 \t\r",
        "{ \"a\" : [ true , { \"b\" : null } ] }",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        ok(compare_value(values[i]), "valid: %s", values[i]);
    ok(compare(" \t\r{}\r \t", 7, 0), "blanks around");
}

static void test_invalid(void)
{
    static const char *const values[] = {
        "",
        "01",
        "-",
        "-x",
        "+1",
        "1.",
        ".5",
        "1.e5",
        "1e",
        "1e+",
        "1e5.5",
        "0x10",
        "00",
        "-01",
        "1_0",
        "NaN",
        "Infinity",
        "-Infinity",
        "tru",
        "True",
        "truex",
        "nul",
        "nulll",
        "falsee",
        "undefined",
        "\"",
        "\"\\\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u123g\"",
        "\"\\u\"",
        "\"\\u 123\"",
        "\"\\U0041\"",
        "\"\\'\"",
        "\"\t\"",
        "\"\x1f\"",
        "\"\x01\"",
        "'a'",
        "[",
        "[1",
        "[1,",
        "[,]",
        "[1,]",
        "[1 2]",
        "[1}",
        "{",
        "{]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,,\"b\":2}",
        "[1],[2]",
        "1 2",
        "/**/1",
        "1//",
        "\xEF\xBB\xBF"
        "1",
        "\f1",
        "\v1",
        "\xC2\xA0"
        "1",
        "\"\xC3\"",
        "\"\xFF\"",
        "\"\xED\xA0\x80\"",
        "\"\xC0\x80\"",
        "\"\xF4\x90\x80\x80\"",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        ok(!compare_value(values[i]), "invalid: %s", values[i]);
    static const char *const rows[] = {"", " ", "1", "[]", "null", "\"a\"", "{}{}", "{} x", "x{}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ok(!compare(rows[i], strlen(rows[i]), 0), "no row: %s", rows[i]);
    ok(!compare("{\0}", 3, 0) && !compare("{\"a\0\":1}", 8, 0) && !compare("{}\0", 3, 0), "NUL");
}

/* Every odd piece at every place of a block, in a value, a key and an element behind others. */
static void test_offsets(void)
{
    static const char *const pieces[] = {
        "",
        "\"",
        "\\\"",
        "\\\\",
        "\\n",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\ude00\\n",
        "\\ud800\\\\u",
        "\\u12",
        "\\u123x",
        "\\q",
        "\x1f",
        "\x7f",
        "\xC3\xA9",
        "\xF0\x9F\x98\x80",
        "\xC3",
        "\\",
        "\\\\\\\"",
        "\\u0022\\u005c",
    };
    char filler[160], row[512];
    memset(filler, 'x', sizeof filler);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        for (int at = 0; at < 134; at++)
            for (int behind = 0; behind < 8; behind += 7) {
                int n = snprintf(row, sizeof row, "{\"%.*s%s%.*s\":[0,\"%.*s%s%.*s\"]}", at, filler,
                                 pieces[i], behind, filler, at, filler, pieces[i], behind, filler);
                compare(row, (size_t)n, 0);
            }
}

/* Runs of backslashes of every length from every place: the carry between blocks. */
static void test_backslashes(void)
{
    char row[512];
    for (size_t at = 0; at < 70; at++)
        for (size_t run = 1; run < 140; run++) {
            char *p = row;
            p += sprintf(p, "{\"k\":\"");
            memset(p, 'x', at);
            memset(p + at, '\\', run);
            p += at + run;
            p += sprintf(p, "\"%s", run % 3 ? "}" : ",\"b\":\"\\\\\"}");
            compare(row, (size_t)(p - row), 0);
        }
}

static const char odd_row[] =
    "{\"id\" : -12.50e+3, \"t\\u00e9xt\":\"a\\\"b\\\\ \xE6\x95\xB0 \\ud83d\\ude00\", \"list\":[1, "
    "[], {\"x\":null}, true,false ,\"\"],\"big\":123456789012345678901, \"id\":0.1 ,\"e\":{ } }";

/* Any byte stands behind a backslash, with the string's end near or blocks away. */
static void test_escapes(void)
{
    for (int c = 0; c <= UCHAR_MAX; c++)
        for (int more = 0; more <= 200; more += 200) {
            char row[256];
            int n = sprintf(row, "{\"k\":\"\\x0041%0*d\"}", more, 0);
            row[7] = (char)c;
            if (c != '\n') /* which ends a row */
                compare(row, (size_t)n, 0);
        }
}

static void test_cut_and_changed(void)
{
    static const char bytes[] = "\"\\{}[]:, \t0e.-u\x1f\x80\xC3x";
    size_t n = sizeof odd_row - 1;
    char row[sizeof odd_row];
    ok(compare(odd_row, n, 0), "the odd row is valid");
    for (size_t i = 0; i < n; i++) {
        ok(!compare(odd_row, i, 0), "cut at %zu", i);
        memcpy(row, odd_row, n);
        memmove(row + i, row + i + 1, n - i - 1);
        compare(row, n - 1, 0);
        for (size_t b = 0; b < sizeof bytes; b++) {
            memcpy(row, odd_row, n);
            row[i] = bytes[b];
            compare(row, n, 0);
        }
    }
}

/* `levels` containers around a number, or around nothing. */
static bool deep_row(unsigned levels, bool objects, bool empty, unsigned limit)
{
    char *row = malloc(levels * 6 + 8), *p = row + sprintf(row, "{\"a\":");
    for (unsigned i = 1; i < levels; i++)
        p += sprintf(p, "%s", i + 1 == levels && empty ? "[" : objects ? "{\"a\":" : "[");
    if (!empty || levels == 1)
        *p++ = '1';
    for (unsigned i = levels - 1; i > 0; i--)
        *p++ = objects && !(i + 1 == levels && empty) ? '}' : ']';
    *p++ = '}';
    bool taken = compare(row, (size_t)(p - row), limit);
    free(row);
    return taken;
}

static void test_depth(void)
{
    static const unsigned limits[] = {1, 2, 3, 64, 65, 512, 5000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (int kind = 0; kind < 4; kind++) {
            ok(deep_row(limits[i], kind & 1, kind & 2, limits[i]), "%u levels", limits[i]);
            ok(!deep_row(limits[i] + 1, kind & 1, kind & 2, limits[i]), "over %u", limits[i]);
        }
    ok(deep_row(512, false, false, 0) && !deep_row(513, false, false, 0), "512 unless told");
}

static void test_messages(void)
{
    static const char *const cases[][2] = {
        {"{\"a\":01}", "not valid JSON: malformed number, at byte 7 of the row"},
        {"{\"a\":\"\\q\"}", "not valid JSON: unknown escape in a string, at byte 8 of the row"},
        {"{\"a\":\"\\u12\"}",
         "not valid JSON: \\u without four hexadecimal digits, at byte 11 of the row"},
        {"{\"a\":\"\t\"}",
         "not valid JSON: raw control character in a string, at byte 7 of the row"},
        {"{\"a\":\"", "not valid JSON: string without closing quote, at byte 7 of the row"},
        {"{\"a\" 1}", "not valid JSON: expected ':' after the key, at byte 6 of the row"},
        {"{a:1}", "not valid JSON: expected a key in quotes, at byte 2 of the row"},
        {"{\"a\":1 2}", "not valid JSON: expected ',' or the closing bracket after the value, at "
                        "byte 8 of the row"},
        {"{\"a\":}", "not valid JSON: expected a value, at byte 6 of the row"},
        {"{\"a\":nul}", "not valid JSON: expected true, false or null, at byte 6 of the row"},
        {" {} x", "not valid JSON: text after the end of the value, at byte 5 of the row"},
        {"{\"a\":\"\xC3\"}", "not valid UTF-8, at byte 7 of the row"},
        {"[]", "the row is an array, not an object"},
        {"[[[]]]", "nested deeper than 2 levels, at byte 3 of the row"},
    };
    struct dm_json_limits limits = {.depth = 2};
    struct dm_error err;
    const char *end;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *row = make_row(cases[i][0], strlen(cases[i][0]));
        ok(dm_sample_parse(sample, row, &end, &limits, false, &err) == DM_EINPUT, "refused");
        ok(strcmp(err.text, cases[i][1]) == 0, "%s: %s", cases[i][0], err.text);
        free(row);
    }
}

/* Quotes n bytes that end at the end of their memory and reads them back. */
static void round_trip(const char *p, size_t n)
{
    struct dm_buf row = {0};
    struct dm_span span;
    char *exact = malloc(n ? n : 1);
    memcpy(exact, p, n);
    dm_buf_puts(&row, "{\"k\":");
    ok(dm_json_quote(&row, exact, n), "quoted");
    dm_buf_puts(&row, "}");
    ok(compare(row.p, row.n, 0), "what was quoted is valid");
    ok(dm_sample_parse_text(sample, row.p, row.n, NULL, NULL) == DM_OK &&
           dm_sample_string(sample, sample->values[0].child, &span, NULL) == DM_OK && span.n == n &&
           memcmp(span.p, p, n) == 0,
       "and reads back, %zu bytes", n);
    dm_buf_finish(&row);
    free(exact);
}

static void test_quoting(void)
{
    char text[300];
    for (int c = 0; c < 0x80; c++)
        for (size_t at = 0; at < 130; at += c < 0x24 || c == '\\' ? 1 : 43) {
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            round_trip(text, at + 1);
            round_trip(text, 130);
        }
    for (size_t n = 0; n < 260; n++) {
        memset(text, n % 2 ? '"' : 1, n);
        round_trip(text, n);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(i * 37 % 128);
        round_trip(text, n);
    }
    struct dm_buf out = {0};
    ok(dm_json_quote(&out, "\"\\/\b\f\n\r\t\x01\x1f\x7f\xC3\xA9", 13), "quoted");
    const char *want = "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xC3\xA9\"";
    ok(out.n == strlen(want) && memcmp(out.p, want, out.n) == 0, "least escaping: %.*s", (int)out.n,
       out.p);
    dm_buf_finish(&out);
}

static void test_number(double x, const char *want)
{
    struct dm_buf out = {0};
    ok(dm_json_number(&out, x) && dm_buf_putc(&out, 0), "written");
    double back = strtod(out.p, NULL);
    ok(memcmp(&back, &x, sizeof x) == 0, "%s reads back as %.17g, not %.17g", out.p, back, x);
    ok(compare_value(out.p), "%s is valid", out.p);
    ok(!want || strcmp(out.p, want) == 0, "%s should be %s", out.p, want);
    dm_buf_finish(&out);
}

static void test_numbers(void)
{
    test_number(0, "0");
    test_number(-0.0, "-0");
    test_number(42, "42");
    test_number(-1e15, "-1000000000000000");
    test_number(9007199254740992.0, "9007199254740992");
    test_number(0.1, "0.1");
    test_number(1.0 / 3, "0.3333333333333333");
    test_number(0.1 + 0.2, "0.30000000000000004");
    test_number(1e21, "1e+21");
    uint64_t bits = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        double x;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&x, &bits, sizeof x);
        if (isfinite(x))
            test_number(x, NULL);
    }
}

/* The best kernel is one that the machine runs, and it is the last that can be asked for. */
static void test_choice(void)
{
    const struct dm_json_kernel *best = NULL;
    for (int i = 0; i < KERNELS; i++)
        best = kernel_at(i) ? kernel_at(i) : best;
    dm_json_force_kernel(NULL);
    ok(dm_json_kernel() == best, "the best kernel is taken");
}

int main(void)
{
    sample = dm_sample_create();
    for (int i = 0; i < KERNELS; i++) {
        kernel = kernel_at(i);
        if (!kernel)
            continue;
        dm_json_force_kernel(kernel);
        test_valid();
        test_invalid();
        test_offsets();
        test_backslashes();
        test_escapes();
        test_cut_and_changed();
        test_depth();
        test_messages();
        test_quoting();
        test_numbers();
    }
    test_choice();
    ok(compared > 20000, "%lu rows compared", compared);
    dm_sample_destroy(sample);
    return test_end("json");
}
