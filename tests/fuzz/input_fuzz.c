/* Rows of files, plain, gzip and zstd, whole and damaged: ranges that cut the file in any way give
 * each row once, and the same rows as the decompressed bytes have. Built with tiny blocks. */
#include "base/utf8.h"
#include "fuzz.h"
#include "io/compress.h"
#include "io/input.h"
#include "naive_utf8.h"

#include <sys/mman.h>
#include <unistd.h>

enum { ROW_BYTES = 100, MOST_RANGES = 12 };

static int fd = -1;
static char path[64];

static void write_file(const char *p, size_t n)
{
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        must(fd >= 0, "memory file");
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    must(ftruncate(fd, 0) == 0 && pwrite(fd, p, n, 0) == (ssize_t)n, "file written");
}

/* The data compressed, in members of up to `member` bytes. */
static void compress_data(enum dm_codec codec, const uint8_t *data, size_t n, size_t member,
                          struct dm_buf *out)
{
    struct dm_compressor *c = dm_compressor_create(codec);
    must(c, "memory");
    for (size_t at = 0; at < n; at += member) {
        size_t step = n - at < member ? n - at : member;
        must(dm_compressor_add(c, (const char *)data + at, step, out, NULL) == DM_OK &&
                 dm_compressor_end(c, out, NULL) == DM_OK,
             "compressed");
    }
    dm_compressor_destroy(c);
}

/* All bytes of the file, decompressed, read `step` at a time; false when it is damaged. */
static bool read_all(size_t step, struct dm_buf *out)
{
    struct dm_error err;
    struct dm_reader *r = dm_reader_open(path, &err);
    int64_t n;
    must(r, "%s", err.text);
    do {
        must(out->n < 1 << 24 && dm_buf_reserve(out, step), "memory");
        n = dm_reader_read(r, out->p + out->n, step, &err);
        must(n >= 0 || n == DM_EINPUT, "%s", err.text);
        must(n <= (int64_t)step, "no more than asked for");
        out->n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    must(n == 0 || dm_reader_read(r, out->p, step, &err) == DM_EINPUT, "damage stays");
    dm_reader_close(r);
    return n == 0;
}

/* A row as it is noted: where it is, and its bytes unless it is too long. */
static void note_row(struct dm_buf *out, uint64_t offset, const char *p, size_t n, bool cut)
{
    bool whole = n <= ROW_BYTES && !cut;
    must(dm_buf_printf(out, "%llu:", (unsigned long long)offset) &&
             dm_buf_add(out, p, whole ? n : 0) && dm_buf_puts(out, whole ? ".\n" : "long\n"),
         "memory");
}

/* The rows that a decompressed text has. */
static void rows_of(const char *p, size_t n, bool whole, struct dm_buf *out)
{
    size_t at = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < n) {
        const char *newline = memchr(p + at, '\n', n - at);
        size_t size = newline ? (size_t)(newline - p) - at : n - at;
        if (newline || whole || size > ROW_BYTES)
            note_row(out, at, p + at, size, false);
        at += size + 1;
    }
}

/* Reads the rows that begin in [start, end), going on from where the input was left when it can.
 * Returns false at the end of the file. */
static bool read_range(struct dm_input *in, uint64_t start, uint64_t end, struct dm_buf *out)
{
    static struct dm_buf block; /* keeps its memory from one to the next */
    struct dm_error err;
    must(dm_input_open(in, path, start, &err) == DM_OK, "%s", err.text);
    for (;;) {
        if (!dm_input_ready(in)) {
            uint64_t next = dm_input_offset(in);
            if (next % 2)
                dm_input_trade(in, &block);
            must(dm_input_offset(in) == next, "traded within a row");
            int rc = dm_input_fill(in, &err);
            must(rc >= 0, "%s", err.text);
            if (rc == DM_INPUT_END)
                return false;
            if (rc == DM_INPUT_LONG) {
                if (dm_input_offset(in) >= end)
                    return true;
                note_row(out, dm_input_offset(in), "", 0, true);
                continue;
            }
            size_t n = in->complete - in->at;
            must(in->utf8 == (naive_utf8(in->buf + in->at, n) == n), "UTF-8 of the block");
        }
        if (dm_input_offset(in) >= end)
            return true;
        const char *row = in->buf + in->at, *newline = memchr(row, '\n', in->complete - in->at);
        must(newline, "a row has an end");
        note_row(out, dm_input_offset(in), row, (size_t)(newline - row), false);
        dm_input_take(in, newline);
    }
}

static void read_ranges(uint64_t size, uint64_t total, bool keep, struct dm_buf *out)
{
    struct dm_input in = {.row_bytes = ROW_BYTES};
    for (uint64_t start = 0; start <= total; start += size) {
        read_range(&in, start, start + size, out);
        if (!keep)
            dm_input_finish(&in);
    }
    dm_input_finish(&in);
}

static void must_match(const struct dm_buf *want, struct dm_buf *got, const char *how)
{
    must(same_bytes(want->p, want->n, got->p, got->n), "%s:\n%.*s--- should be\n%.*s", how,
         (int)got->n, got->p, (int)want->n, want->p);
    dm_buf_finish(got);
}

static void check_file(size_t step, uint64_t size)
{
    struct dm_buf all = {0}, again = {0}, rows = {0}, got = {0};
    bool whole = read_all(step, &all);
    must(read_all(1 << 16, &again) == whole && same_bytes(again.p, again.n, all.p, all.n),
         "the same bytes for any size of a read");
    if (all.n < 20000) {
        if (all.n / size > MOST_RANGES)
            size = all.n / MOST_RANGES;
        rows_of(all.p, all.n, whole, &rows);
        read_ranges(UINT32_MAX, 0, true, &got);
        must_match(&rows, &got, "one range");
        read_ranges(size, all.n, true, &got);
        must_match(&rows, &got, "ranges");
        read_ranges(size, all.n, false, &got);
        must_match(&rows, &got, "ranges, opened afresh");
    }
    dm_buf_finish(&all);
    dm_buf_finish(&again);
    dm_buf_finish(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned mode = take_byte(&data, &n), size = take_byte(&data, &n) + 1;
    struct dm_buf file = {0};
    if (mode % 4 == 1 || mode % 4 == 2) {
        compress_data(mode % 4 == 1 ? DM_CODEC_GZIP : DM_CODEC_ZSTD, data, n, size, &file);
        if (mode & 0x80 && file.n) /* damaged */
            file.p[mode * 7919u % file.n] ^= (char)(mode / 4);
        if (mode & 0x40)
            file.n -= file.n / 3;
        write_file(file.p, file.n);
    } else {
        write_file((const char *)data, n); /* what it is, bytes decide */
    }
    check_file(mode % 13 + 1, size);
    dm_buf_finish(&file);
    return 0;
}
