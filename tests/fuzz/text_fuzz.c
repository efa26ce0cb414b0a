/* The kernels on text: no crash, valid UTF-8 out, the same from vector paths and portable ones. */
#include "fuzz.h"
#include "lua/ffi.h"
#include "naive_utf8.h"
#include "text/scratch.h"

struct text {
    char *p;
    size_t n;
};

/* The valid characters of the bytes. */
static struct text make_text(const uint8_t *data, size_t n)
{
    struct text t = {malloc(n + 1), 0};
    must(t.p, "memory");
    for (size_t at = 0, size; at < n; at += size ? size : 1) {
        size = naive_char((const char *)data + at, n - at);
        memcpy(t.p + t.n, data + at, size);
        t.n += size;
    }
    char *exact = exact_copy(t.p, t.n);
    free(t.p);
    t.p = exact;
    return t;
}

static void must_be_text(const char *p, size_t n)
{
    must(naive_utf8(p, n) == n, "valid UTF-8, but for byte %zu", naive_utf8(p, n));
}

static size_t count_chars(struct text t)
{
    size_t chars = 0;
    for (size_t i = 0; i < t.n; i++)
        chars += ((unsigned char)t.p[i] & 0xC0) != 0x80;
    return chars;
}

/* Appends what a kernel made of the text. */
static void add_made(int rc, struct dm_buf *made, struct text t, struct dm_buf *results)
{
    must(rc == 0 || rc == 1, "status %d", rc);
    const char *p = rc ? made->p : t.p;
    size_t n = rc ? made->n : t.n;
    must_be_text(p, n);
    must(!rc || n != t.n || memcmp(p, t.p, n) != 0, "a text that is another");
    must(dm_buf_add(results, p, n) && dm_buf_putc(results, 0), "memory");
    dm_buf_finish(made);
}

static void run_makers(struct text t, struct dm_buf *results)
{
    static const struct dm_template_part parts[] = {{0, 0, 0}, {-1, 0, 3}, {1, 0, 0}};
    static const struct dm_template full = {"<x>", parts, 3}, none = {"", NULL, 0};
    const struct dm_template *templates[] = {&full, &none};
    struct dm_buf made = {0};
    add_made(dm_text_lower(t.p, t.n, &made), &made, t, results);
    add_made(dm_text_upper(t.p, t.n, &made), &made, t, results);
    add_made(dm_text_whitespace(t.p, t.n, &made), &made, t, results);
    for (int i = 0; i < 2; i++) {
        int rc = dm_text_links(t.p, t.n, templates[i], &made);
        must(rc >= 0, "links");
        if (rc)
            must_be_text(made.p, made.n);
        must(dm_buf_add(results, made.p, made.n), "memory");
        dm_buf_finish(&made);
        rc = dm_text_emails(t.p, t.n, templates[i], &made);
        must(rc >= 0, "emails");
        if (rc)
            must_be_text(made.p, made.n);
        must(dm_buf_add(results, made.p, made.n), "memory");
        dm_buf_finish(&made);
    }
}

/* Kernels of recipes: each has a path of its own for vectors. */
static void run_cleaners(struct text t, unsigned seed, struct dm_buf *results)
{
    static const struct dm_template none = {"", NULL, 0};
    static const uint32_t ranges[] = {'!', '/', 0xE9, 0xE9, 0x2018, 0x201D, 0x4E00, 0x4E10};
    struct dm_charset *set = dm_charset_create(ranges, 4);
    struct dm_buf made = {0};
    must(set, "memory");
    add_made(dm_text_fix(t.p, t.n, (int)(seed % 4), &made), &made, t, results);
    add_made(dm_text_punctuation(t.p, t.n, &made), &made, t, results);
    add_made(dm_text_ips(t.p, t.n, &none, &made), &made, t, results);
    add_made(dm_text_phones(t.p, t.n, &made), &made, t, results);
    add_made(dm_text_squeeze(t.p, t.n, &made), &made, t, results);
    add_made(dm_charset_replace(set, t.p, t.n, "", 0, &made), &made, t, results);
    double count = dm_charset_count(set, t.p, t.n);
    must(dm_buf_add(results, &count, sizeof count), "memory");
    dm_charset_destroy(set);
}

/* The measures of quality rules, which must be possible ones. */
static void run_rules(struct text t, unsigned seed, struct dm_buf *results)
{
    static const uint32_t ranges[] = {'!', '!', '.', '.', '?', '?', 0x3002, 0x3002};
    struct dm_c4_rules rules = {seed & 1, seed >> 1 & 1, 1, 1, seed >> 2 & 1, 1, -1, -1, 20};
    struct dm_charset *set = dm_charset_create(ranges, 4);
    struct dm_quality_counts counts;
    struct dm_line_kinds kinds;
    struct dm_duplicates parts;
    struct dm_buf made = {0};
    double top[13] = {0}, duplicate[13] = {0}, chars = dm_text_length(t.p, t.n);
    must(set && dm_text_quality(set, t.p, t.n, &counts) == DM_OK, "quality");
    must(counts.words == dm_text_blank_words(t.p, t.n), "words");
    must(counts.real_words <= counts.words && counts.real_chars <= chars, "real words");
    dm_text_line_kinds(set, t.p, t.n, 30, &kinds);
    must(kinds.stopped <= kinds.lines && kinds.short_lines <= kinds.lines, "lines");
    must(dm_text_duplicates(t.p, t.n, (int)(seed % 3), &parts) == DM_OK, "duplicates");
    must(parts.duplicates <= parts.parts && parts.chars <= chars, "parts");
    must(dm_text_word_grams(t.p, t.n, 12, top, duplicate) == DM_OK, "n-grams of words");
    for (int k = 1; k <= 12; k++)
        must(duplicate[k] >= 0 && duplicate[k] <= chars, "repeated words");
    int verdict = dm_text_c4(set, &rules, t.p, t.n, &made);
    must(verdict >= 0 && verdict < DM_C4_FEW_SENTENCES, "a verdict");
    if (verdict == 1)
        must_be_text(made.p, made.n);
    dm_buf_finish(&made);
    dm_charset_destroy(set);
    must(dm_buf_add(results, duplicate, sizeof duplicate), "memory");
}

/* The bound on repetition is one. */
static void check_bound(struct text t, unsigned seed)
{
    double length = seed % 20 + 1, most = seed / 20 / 12.0, ratio, repeated;
    must(dm_text_repetition(t.p, t.n, length, &ratio) == DM_OK, "repetition");
    int below = dm_text_repetition_below(t.p, t.n, length, most);
    must(below == 0 || (below == 1 && ratio < most), "a bound");
    must(dm_text_repeated(t.p, t.n, length, &repeated) == DM_OK, "repeated");
    must(repeated >= 0 && repeated <= 1, "a share");
}

static void check_spans(const char *p, size_t n, struct dm_buf *spans, struct dm_buf *results)
{
    const struct dm_text_span *list = (const struct dm_text_span *)(const void *)spans->p;
    for (size_t i = 0; i < spans->n / sizeof *list; i++) {
        must(list[i].start <= list[i].end && list[i].end <= n, "a span inside the text");
        must_be_text(p + list[i].start, list[i].end - list[i].start);
    }
    must(dm_buf_add(results, spans->p, spans->n), "memory");
    dm_buf_finish(spans);
}

static void run_measures(struct text t, unsigned seed, struct dm_buf *results)
{
    struct dm_buf spans = {0};
    struct dm_text_span strip;
    const char *text;
    double ratio = 0, chars = dm_text_length(t.p, t.n), special = dm_text_special(t.p, t.n);
    must(chars == (double)count_chars(t), "length");
    must(special >= 0 && special <= chars, "special");
    must(dm_text_offset(t.p, t.n, chars) == (double)t.n, "offset of the end");
    must(dm_text_offset(t.p, t.n, seed) <= (double)t.n, "offset");
    dm_text_strip(t.p, t.n, &strip);
    must(strip.start <= strip.end && strip.end <= t.n, "strip");
    must_be_text(t.p + strip.start, strip.end - strip.start);
    must(dm_text_repetition(t.p, t.n, seed % 12 + 1, &ratio) == DM_OK, "repetition");
    must(ratio >= 0 && ratio <= 1, "a share");
    must(dm_text_lines(t.p, t.n, &spans) >= 0, "lines");
    check_spans(t.p, t.n, &spans, results);
    double size = seed % 30 + 1, overlap = seed / 8 % (unsigned)size;
    must(dm_text_split(t.p, t.n, seed % 3 ? 0 : seed, size, overlap, &text, &spans) == DM_OK,
         "split");
    check_spans(text, t.n, &spans, results);
    double numbers[] = {special, ratio, (double)strip.start, (double)strip.end};
    must(dm_buf_add(results, numbers, sizeof numbers), "memory");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned seed = take_byte(&data, &n);
    struct text t = make_text(data, n);
    struct dm_buf wide = {0}, plain = {0};
    dm_text_plain = false;
    run_makers(t, &wide);
    run_measures(t, seed, &wide);
    run_cleaners(t, seed, &wide);
    run_rules(t, seed, &wide);
    check_bound(t, seed);
    dm_text_plain = true;
    run_makers(t, &plain);
    run_measures(t, seed, &plain);
    run_cleaners(t, seed, &plain);
    run_rules(t, seed, &plain);
    must(same_bytes(wide.p, wide.n, plain.p, plain.n), "the same from all paths");
    dm_buf_finish(&wide);
    dm_buf_finish(&plain);
    dm_text_trim();
    free(t.p);
    return 0;
}
