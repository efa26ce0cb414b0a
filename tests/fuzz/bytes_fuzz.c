/* What reads bytes: base64, digits, gzip, zstd, charsets, kinds of files. No crash, no more than
 * the limit, and what is taken is given back. */
#include "fuzz.h"
#include "io/filetype.h"
#include "lua/ffi.h"
#include "naive_utf8.h"

#include "base/buf.h"

enum { GZIP = 1, ZSTD = 2, LIMIT = 100 * 1000, STEP = 64 * 1024 };

typedef int decoder(const char *p, size_t n, struct dm_buf *out, struct dm_error *err);
typedef int encoder(const char *p, size_t n, struct dm_buf *out);

/* Any bytes come back; what decodes, decodes to the same when it is written anew. */
static void run_digits(const char *p, size_t n, encoder *encode, decoder *decode)
{
    struct dm_buf text = {0}, bytes = {0}, again = {0};
    struct dm_error err;
    must(encode(p, n, &text) == DM_OK, "encode");
    must(decode(text.p, text.n, &bytes, &err) == DM_OK, "%s", err.text);
    must(same_bytes(bytes.p, bytes.n, p, n), "the same bytes");
    dm_buf_clear(&bytes);
    int rc = decode(p, n, &bytes, &err);
    must(rc == DM_OK || rc == DM_EINPUT, "status %d", rc);
    if (rc == DM_OK) {
        dm_buf_clear(&text);
        must(encode(bytes.p, bytes.n, &text) == DM_OK, "encode");
        must(decode(text.p, text.n, &again, &err) == DM_OK, "%s", err.text);
        must(same_bytes(bytes.p, bytes.n, again.p, again.n), "the same bytes");
    }
    dm_buf_finish(&text);
    dm_buf_finish(&bytes);
    dm_buf_finish(&again);
}

static void run_packed(const char *p, size_t n, int codec)
{
    struct dm_buf packed = {0}, bytes = {0};
    struct dm_error err;
    must(dm_pack(p, n, codec, &packed, &err) == DM_OK, "%s", err.text);
    must(dm_unpack(packed.p, packed.n, codec, LIMIT, &bytes, &err) == DM_OK, "%s", err.text);
    must(same_bytes(bytes.p, bytes.n, p, n), "the same bytes");
    dm_buf_clear(&bytes);
    int rc = dm_unpack(p, n, codec, LIMIT, &bytes, &err);
    must(rc == DM_OK || rc == DM_EINPUT || rc == DM_EMEMORY, "status %d", rc);
    must(bytes.n <= LIMIT + STEP, "no more than the limit");
    dm_buf_finish(&packed);
    dm_buf_finish(&bytes);
}

static void run_charset(const char *p, size_t n, const char *charset)
{
    struct dm_buf text = {0};
    struct dm_error err;
    int rc = dm_encoding_convert(p, n, charset, &text, &err);
    must(rc == DM_OK || rc == DM_EINPUT || rc == DM_EUSAGE, "status %d", rc);
    must(rc || naive_utf8(text.p, text.n) == text.n, "valid UTF-8 of %s", charset);
    dm_buf_finish(&text);
}

static void run_charsets(const char *p, size_t n, unsigned seed)
{
    static const char *const names[] = {
        "UTF-8", "UTF-16",  "UTF-16LE",    "GB18030", "BIG5",   "SHIFT_JIS", "EUC-JP", "EUC-KR",
        "UTF-7", "UCS-4LE", "ISO-2022-JP", "LATIN1",  "KOI8-R", "TIS-620",   "UTF-32", "EUC-TW"};
    const char *name = "";
    struct dm_error err;
    must(dm_encoding_guess(p, n, &name, &err) == DM_OK, "%s", err.text);
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    if (*copy)
        run_charset(p, n, copy);
    run_charset(p, n, names[seed % (sizeof names / sizeof *names)]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned seed = take_byte(&data, &n);
    char *p = exact_copy(data, n), type[DM_FILETYPE_BYTES];
    run_digits(p, n, dm_base64_encode, dm_base64_decode);
    run_digits(p, n, dm_hex_encode, dm_hex_decode);
    run_packed(p, n, GZIP);
    run_packed(p, n, ZSTD);
    run_charsets(p, n, seed);
    dm_filetype("name.txt", p, n, type);
    must(memchr(type, 0, sizeof type), "a type that ends");
    must(naive_utf8(type, strlen(type)) == strlen(type), "a type that is text");
    free(p);
    return 0;
}
