/* Rows of a file from any start: each row is read by exactly one of the ranges that cut the file.
 */
#include "io/compress.h"
#include "io/input.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/dmhost-input-XXXXXX";

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");
    ok(f && fwrite(text, 1, n, f) == n && fclose(f) == 0, "file written");
}

/* Appends the rows that begin in [start, end) to out. */
static void read_range(uint64_t start, uint64_t end, char *out, size_t *n)
{
    struct dm_input in = {.row_bytes = 1 << 20, .until = end};
    struct dm_error err;
    ok(dm_input_open(&in, path, start, &err) == DM_OK, "open at %d", (int)start);
    for (;;) {
        if (!dm_input_ready(&in) && dm_input_fill(&in, &err) != DM_INPUT_ROWS)
            break;
        if (dm_input_offset(&in) >= end)
            break;
        const char *row = in.buf + in.at, *newline = memchr(row, '\n', in.complete - in.at);
        memcpy(out + *n, row, (size_t)(newline - row) + 1);
        *n += (size_t)(newline - row) + 1;
        dm_input_take(&in, newline);
    }
    dm_input_finish(&in);
}

/* However the file is cut, its rows come out, those behind a byte order mark if it has one. */
static void test_cuts(const char *text)
{
    size_t n = strlen(text);
    char out[256];
    write_file(text, n);
    const char *rows = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    for (uint64_t size = 1; size <= n + 1; size++) {
        size_t got = 0;
        for (uint64_t start = 0; start <= n; start += size)
            read_range(start, start + size, out, &got);
        size_t have = strlen(rows), want = have && rows[have - 1] != '\n' ? have + 1 : have;
        ok(got == want && memcmp(out, rows, have) == 0, "cut every %d bytes: %d of %d", (int)size,
           (int)got, (int)want);
    }
}

/* The data as a gzip file of two members. */
static void write_gzip(const char *p, size_t n, size_t first, size_t missing)
{
    struct dm_compressor *c = dm_compressor_create(DM_CODEC_GZIP);
    struct dm_buf file = {0};
    ok(dm_compressor_add(c, p, first, &file, NULL) == DM_OK &&
           dm_compressor_end(c, &file, NULL) == DM_OK &&
           dm_compressor_add(c, p + first, n - first, &file, NULL) == DM_OK &&
           dm_compressor_end(c, &file, NULL) == DM_OK,
       "compressed");
    write_file(file.p, file.n - missing);
    dm_buf_finish(&file);
    dm_compressor_destroy(c);
}

/* A byte order mark counts at the start of a file only, however few bytes come at first. */
static void test_marks(void)
{
    static const char text[] = "a\n\xef\xbb\xbf"
                               "b\n\xef\xbb\xbf",
                      *marked = text + 2;
    char out[64];
    for (size_t first = 0; first < 8; first++) {
        size_t n = 0;
        write_gzip(text, 10, first, 0);
        read_range(0, 100, out, &n);
        ok(n == 11 && memcmp(out, text, 10) == 0, "kept in the middle, %zu bytes at first", first);
        n = 0;
        write_gzip(marked, 5, first < 5 ? first : 5, 0);
        read_range(0, 100, out, &n);
        ok(n == 2 && memcmp(out, "b\n", 2) == 0, "skipped at the start, %zu bytes at first", first);
    }
}

/* A piece of a row before damage is too long or not by its length alone. */
static void test_long_damaged(void)
{
    size_t n = 3 << 19;
    char *text = malloc(n);
    uint64_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)('a' + (x >> 33) % 26);
    }
    struct dm_input in = {.row_bytes = 1 << 20};
    struct dm_error err;
    write_gzip(text, n, 10, 100);
    ok(dm_input_open(&in, path, 0, &err) == DM_OK, "open");
    ok(dm_input_fill(&in, &err) == DM_INPUT_LONG && dm_input_offset(&in) == 0, "too long");
    ok(dm_input_fill(&in, &err) == DM_INPUT_END && in.damage.status == DM_EINPUT, "and damaged");
    ok(in.at == in.filled, "nothing is left of it");
    dm_input_finish(&in);
    free(text);
}

static void test_long_row(void)
{
    size_t n = 3 << 20;
    char *text = malloc(n + 8);
    memset(text, 'x', n);
    memcpy(text + n, "\nab\n", 5);
    write_file(text, n + 4);
    struct dm_input in = {.row_bytes = 1 << 20};
    struct dm_error err;
    ok(dm_input_open(&in, path, 0, &err) == DM_OK, "open");
    ok(dm_input_fill(&in, &err) == DM_INPUT_LONG, "a row over the limit is told");
    ok(dm_input_offset(&in) == 0, "and stands at its offset");
    ok(dm_input_fill(&in, &err) == DM_INPUT_ROWS && dm_input_offset(&in) == n + 1,
       "the next row follows");
    ok(in.cap < 4 << 20, "memory is bounded");
    in.until = 1 << 20;
    ok(dm_input_open(&in, path, 1 << 19, &err) == DM_OK, "open within it");
    ok(dm_input_fill(&in, &err) == DM_INPUT_NONE && dm_input_offset(&in) < 3 << 19,
       "is not read to its end where no row is wanted that begins behind it");
    dm_input_finish(&in);
    free(text);
}

/* Traded away is the block as it is, but not the memory that a long row took. */
static void test_trade(void)
{
    enum { LONG = 3 << 20, SHORT = 2 << 20 };
    struct dm_input in = {.row_bytes = LONG};
    struct dm_buf block = {0};
    struct dm_error err;
    char *text = malloc(LONG + SHORT);
    memset(text, 'x', LONG + SHORT);
    text[LONG] = '\n';
    for (size_t i = LONG + 100; i < LONG + SHORT; i += 100)
        text[i] = '\n';
    write_file(text, LONG + SHORT);
    ok(dm_input_open(&in, path, 0, &err) == DM_OK, "open");
    ok(dm_input_fill(&in, &err) == DM_INPUT_ROWS && in.cap > LONG, "a long row");
    in.at = in.complete;
    ok(!dm_input_trade(&in, &block), "whose memory is not traded away");
    uint64_t next = dm_input_offset(&in);
    ok(dm_input_fill(&in, &err) == DM_INPUT_ROWS && in.cap < 1 << 20, "but given back");
    size_t n = in.complete, left = in.filled - n;
    in.at = n;
    ok(dm_input_trade(&in, &block) && block.n == n + left, "a block is");
    ok(memcmp(block.p, text + next, block.n) == 0 && dm_input_offset(&in) == next + n, "as it is");
    ok(in.filled == left && memcmp(in.buf, text + next + n, left) == 0, "what is unread stays");
    dm_input_finish(&in);
    dm_buf_finish(&block);
    free(text);
}

int main(void)
{
    int fd = mkstemp(path);
    ok(fd >= 0 && close(fd) == 0, "scratch file");
    test_cuts("a\nbb\nccc\n");
    test_cuts("a\n\n\nbb\n");
    test_cuts("no newline");
    test_cuts("\n");
    test_cuts("a\nlast");
    test_cuts("\xef\xbb\xbf"
              "a\nbb\n");
    test_cuts("\xef\xbb\xbf");
    test_cuts("a\n\xef\xbb\xbf"
              "b\n");
    test_cuts("\xef\xbb"
              "a\nb");
    test_long_row();
    test_trade();
    test_marks();
    test_long_damaged();
    unlink(path);
    return test_end("input");
}
