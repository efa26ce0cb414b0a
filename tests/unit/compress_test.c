/* What comes out of a compressor depends on the bytes alone: not on how they came, nor on what was
 * compressed before. */
#include "io/compress.h"
#include "test.h"

#include <stdlib.h>

enum { BYTES = 300000, LARGEST = 100000 };

static char text[BYTES];

static void fill(void)
{
    uint64_t x = 1;
    for (size_t i = 0; i < BYTES; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        text[i] = (x >> 40) % 3 ? "{\"id\": 1234, \"text\""[i % 19] : (char)('a' + (x >> 33) % 26);
    }
}

/* Adds the text in pieces of changing sizes, up to `most` bytes; all at once when that is 0. */
static void compress(struct dm_compressor *c, size_t most, struct dm_buf *out)
{
    uint64_t x = most;
    for (size_t at = 0, n; at < BYTES; at += n) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        n = most ? 1 + (x >> 33) % most : BYTES;
        n = n < BYTES - at ? n : BYTES - at;
        ok(dm_compressor_add(c, text + at, n, out, NULL) == DM_OK, "%zu bytes added", n);
    }
    ok(dm_compressor_end(c, out, NULL) == DM_OK, "ended");
}

static void test_pieces(enum dm_codec codec, const char *what)
{
    static const size_t most[] = {1, 50, 3000, 65536, LARGEST};
    struct dm_compressor *c = dm_compressor_create(codec);
    struct dm_buf want = {0}, got = {0};
    compress(c, 0, &want);
    ok(want.n > 1000 && want.n < BYTES, "%s makes %zu bytes", what, want.n);
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        dm_buf_clear(&got);
        compress(c, most[i], &got);
        ok(got.n == want.n && memcmp(got.p, want.p, want.n) == 0,
           "%s of pieces of up to %zu bytes: %zu bytes, not %zu", what, most[i], got.n, want.n);
        dm_compressor_add(c, text, LARGEST / 3, &got, NULL);
        dm_compressor_reset(c); /* what was begun leaves nothing */
    }
    dm_buf_finish(&want);
    dm_buf_finish(&got);
    dm_compressor_destroy(c);
}

int main(void)
{
    fill();
    test_pieces(DM_CODEC_GZIP, "gzip");
    test_pieces(DM_CODEC_ZSTD, "zstd");
    return test_end("compress");
}
