/* Rows of a file from any start: each row is read by exactly one of the ranges that cut the file.
 */
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
    struct dm_input in = {.row_bytes = 1 << 20};
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

static void test_cuts(const char *text)
{
    size_t n = strlen(text);
    char out[256];
    write_file(text, n);
    for (uint64_t size = 1; size <= n + 1; size++) {
        size_t got = 0;
        for (uint64_t start = 0; start <= n; start += size)
            read_range(start, start + size, out, &got);
        size_t want = n && text[n - 1] != '\n' ? n + 1 : n;
        ok(got == want && memcmp(out, text, n) == 0, "cut every %d bytes: %d of %d", (int)size,
           (int)got, (int)want);
    }
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
    dm_input_finish(&in);
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
    test_long_row();
    unlink(path);
    return test_end("input");
}
