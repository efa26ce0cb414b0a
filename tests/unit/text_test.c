/* Kernels that measure: the vector paths give what the portable ones give, and both what slower
 * ways give. */
#include "lua/ffi.h"
#include "text/chars.h"
#include "text/hash.h"
#include "text/scratch.h"
#include "text/words.h"
#include "test.h"

#include <stdlib.h>

/* What texts are made of: line ends of one to three bytes and what resembles them, separators of
 * words, letters of one to four bytes, marks, symbols. */
static const char *const pieces[] = {"a",
                                     "Z",
                                     "9",
                                     " ",
                                     "\t",
                                     "\n",
                                     "\r",
                                     "\r\n",
                                     "\v",
                                     "\x1c",
                                     "\x1f",
                                     "\0",
                                     "-",
                                     "*",
                                     "_",
                                     "\xC2\x85",
                                     "\xC2\xA0",
                                     "\xC2\xBD",
                                     "\xC3\xA9",
                                     "word",
                                     "σ",
                                     "Σ",
                                     "中",
                                     "文字",
                                     "。",
                                     "“",
                                     "\xE2\x80\xA8",
                                     "\xE2\x80\xA9",
                                     "\xE2\x80\xAA",
                                     "́",
                                     "😀",
                                     "𝔸",
                                     "Ⅷ",
                                     "İ"};

static size_t make_text(char *out, size_t most)
{
    size_t n = 0, kinds = sizeof pieces / sizeof *pieces, some = 1 + (size_t)rand() % kinds;
    for (size_t want = (size_t)rand() % most; n < want;) {
        const char *piece = pieces[(size_t)rand() % some * 7 % kinds];
        size_t size = *piece ? strlen(piece) : 1;
        memcpy(out + n, piece, size);
        n += size;
    }
    return n;
}

static double slow_alnum(const char *p, size_t n)
{
    size_t size;
    double count = 0;
    for (size_t i = 0; i < n; i += size)
        count += dm_class_has(dm_classes()->alnum, dm_char_read(p + i, &size));
    return count;
}

static struct dm_line_counts slow_lines(const char *p, size_t n)
{
    static struct dm_buf spans, other;
    struct dm_line_counts c = {0, 0};
    bool plain = dm_text_plain;
    dm_text_lines(p, n, &other);
    dm_text_plain = true;
    dm_text_lines(p, n, &spans);
    dm_text_plain = plain;
    ok(spans.n == other.n && (!spans.n || memcmp(spans.p, other.p, spans.n) == 0), "lines of %.*s",
       (int)n, p);
    const struct dm_text_span *line = (const void *)spans.p;
    c.lines = (double)(spans.n / sizeof *line);
    for (size_t i = 0; i < spans.n / sizeof *line; i++) {
        double length = dm_text_length(p + line[i].start, line[i].end - line[i].start);
        if (length > c.longest)
            c.longest = length;
    }
    return c;
}

static bool is_special(const char *p, size_t *size)
{
    return dm_class_has(dm_classes()->special, dm_char_read(p, size));
}

/* Whether there is anything but special characters. */
static bool is_word(const char *p, size_t n)
{
    size_t size;
    for (size_t i = 0; i < n; i += size)
        if (!is_special(p + i, &size))
            return true;
    return false;
}

static double slow_word_count(const char *p, size_t n)
{
    double count = 0;
    for (size_t i = 0, start = 0; i <= n; i++) {
        if (i < n && p[i] != ' ' && p[i] != '\n' && p[i] != '\t')
            continue;
        count += is_word(p + start, i - start);
        start = i + 1;
    }
    return count;
}

static void compare_words(const char *p, size_t n)
{
    size_t size;
    double count = dm_words_read(p, n);
    struct dm_words w = dm_words_last();
    const char *end = w.n ? w.text + w.list[w.n - 1].start + w.list[w.n - 1].bytes : w.text;
    ok(dm_text_word_count(p, n) == slow_word_count(p, n), "words of %.*s", (int)n, p);
    ok(count == (double)w.n && (!w.n || count == slow_word_count(w.text, (size_t)(end - w.text))),
       "words of %.*s", (int)n, p);
    for (size_t i = 0; i < w.n; i++) {
        const char *word = w.text + w.list[i].start, *last = word + w.list[i].bytes;
        ok(!is_special(word, &size), "word %zu begins", i);
        ok(!dm_class_has(dm_classes()->special, dm_char_before(last, &size)), "word %zu ends", i);
        ok(w.list[i].hash == dm_hash(dm_hash_keys(), word, w.list[i].bytes), "hash %zu", i);
    }
}

static void compare(const char *p, size_t n)
{
    struct dm_line_counts want = slow_lines(p, n), got;
    dm_text_measure_lines(p, n, &got);
    ok(got.lines == want.lines && got.longest == want.longest, "lines %g %g, longest %g %g",
       got.lines, want.lines, got.longest, want.longest);
    ok(dm_text_alnum(p, n) == slow_alnum(p, n), "alnum of %.*s", (int)n, p);
}

/* Tables are powers of two: a byte more would make them twice as large. */
static void take_what_is_asked_for(void)
{
    for (size_t bytes = 64; bytes <= 1 << 20; bytes *= 2) {
        ok(dm_scratch_room(DM_SCRATCH_TABLE, bytes) != NULL, "room for %zu bytes", bytes);
        size_t cap = dm_scratch_get(DM_SCRATCH_TABLE)->cap;
        ok(cap == bytes, "room for %zu bytes, not %zu", bytes, cap);
    }
}

int main(void)
{
    char text[512];
    take_what_is_asked_for();
    srand(1);
    for (int i = 0; i < 20000; i++) {
        size_t n = make_text(text, 400);
        dm_text_plain = false;
        compare(text, n);
        dm_text_plain = true;
        compare(text, n);
        compare_words(text, n);
    }
    return test_end("text");
}
