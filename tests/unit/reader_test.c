/* Damaged files: what is read before the damage is the same for reads of any size, since it decides
 * which rows are kept. */
#include "io/compress.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/dmhost-reader-XXXXXX";

static void write_file(const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    ok(f && fwrite(p, 1, n, f) == n && fclose(f) == 0, "file written");
}

/* All that can be read `step` bytes at a time; false when the file is damaged. */
static bool read_all(size_t step, struct dm_buf *out)
{
    struct dm_error err;
    struct dm_reader *r = dm_reader_open(path, &err);
    int64_t n = 0;
    do {
        ok(dm_buf_reserve(out, step), "memory");
        n = dm_reader_read(r, out->p + out->n, step, &err);
        out->n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    ok(n == 0 || n == DM_EINPUT, "end or damage");
    dm_reader_close(r);
    return n == 0;
}

static void compare_steps(const char *what, size_t at)
{
    static const size_t steps[] = {1, 7, 100, 1000};
    struct dm_buf want = {0}, got = {0};
    bool whole = read_all(1 << 16, &want);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        dm_buf_clear(&got);
        ok(read_all(steps[i], &got) == whole && got.n == want.n &&
               (got.n == 0 || memcmp(got.p, want.p, got.n) == 0),
           "%s, byte %zu changed: %zu bytes in steps of %zu, not %zu", what, at, got.n, steps[i],
           want.n);
    }
    dm_buf_finish(&want);
    dm_buf_finish(&got);
}

static void test_damage(enum dm_codec codec, const char *what)
{
    struct dm_compressor *c = dm_compressor_create(codec);
    struct dm_buf file = {0}, text = {0};
    for (int i = 0; i < 60; i++)
        dm_buf_printf(&text, "{\"id\":%d,\"text\":\"row %d of some\"}\n", i, i * i);
    for (int member = 0; member < 2; member++)
        ok(dm_compressor_add(c, text.p, text.n, &file, NULL) == DM_OK &&
               dm_compressor_end(c, &file, NULL) == DM_OK,
           "compressed");
    for (size_t at = 4; at < file.n; at += 3) {
        file.p[at] ^= (char)(1 + at * 37 % 255);
        write_file(file.p, file.n);
        compare_steps(what, at);
        file.p[at] ^= (char)(1 + at * 37 % 255);
        write_file(file.p, at);
        compare_steps(what, at);
    }
    write_file(file.p, file.n);
    struct dm_buf all = {0};
    ok(read_all(1000, &all) && all.n == text.n * 2, "%s: whole when it is not damaged", what);
    dm_buf_finish(&all);
    dm_buf_finish(&text);
    dm_buf_finish(&file);
    dm_compressor_destroy(c);
}

int main(void)
{
    int fd = mkstemp(path);
    ok(fd >= 0 && close(fd) == 0, "scratch file");
    test_damage(DM_CODEC_GZIP, "gzip");
    test_damage(DM_CODEC_ZSTD, "zstd");
    unlink(path);
    return test_end("reader");
}
