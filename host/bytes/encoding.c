/* Texts in other charsets, turned into UTF-8 by the C library's iconv. */
#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <strings.h>

/* What a charset's name stands for in practice: the superset that browsers read it as
 * (https://encoding.spec.whatwg.org/#names-and-labels), under the names that iconv has. A text that
 * the superset does not read is tried with the charset itself. */
static const char *const SUPERSETS[][2] = {
    {"GB2312", "GB18030"},    {"GBK", "GB18030"},       {"BIG5", "CP950"},
    {"SHIFT_JIS", "CP932"},   {"EUC-JP", "EUC-JP-MS"},  {"EUC-KR", "UHC"},
    {"ISO-8859-1", "CP1252"}, {"LATIN1", "CP1252"},     {"ASCII", "CP1252"},
    {"ISO-8859-9", "CP1254"}, {"ISO-8859-11", "CP874"}, {"TIS-620", "CP874"},
    {"WINDOWS-949", "UHC"},
};

/* The converter used last: files of a folder are mostly of one charset. */
static struct {
    char name[64];
    iconv_t to;
} last;

/* A converter at its start, or NULL when there is none for that charset. A name with a slash would
 * tell iconv to do something else. */
static iconv_t open_converter(const char *charset)
{
    if (last.to && strcasecmp(charset, last.name) == 0) {
        iconv(last.to, NULL, NULL, NULL, NULL);
        return last.to;
    }
    if (!*charset || strlen(charset) >= sizeof last.name || strchr(charset, '/'))
        return NULL;
    iconv_t to = iconv_open("UTF-8", charset);
    if (to == (iconv_t)-1)
        return NULL;
    if (last.to)
        iconv_close(last.to);
    last.to = to;
    snprintf(last.name, sizeof last.name, "%s", charset);
    return to;
}

static int wrong_byte(const char *charset, const char *p, size_t at, struct dm_error *err)
{
    return dm_fail(err, DM_EINPUT, "byte %zu (0x%02x) is not %s", at + 1, (unsigned char)p[at],
                   charset);
}

/* Appends what is valid; the rest is an error that says where it stands. */
static int take_utf8(const char *p, size_t n, struct dm_buf *out, struct dm_error *err)
{
    size_t valid = dm_utf8_check(p, n);
    if (valid < n)
        return wrong_byte("UTF-8", p, valid, err);
    return dm_buf_add(out, p, n) ? DM_OK : dm_fail_memory(err);
}

static int run_iconv(const char *p, size_t n, const char *charset, struct dm_buf *out,
                     struct dm_error *err)
{
    iconv_t to = open_converter(charset);
    if (!to)
        return dm_fail(err, DM_EUSAGE, "no charset is named \"%s\"", charset);
    char *in = (char *)(uintptr_t)p; /* it is only read */
    size_t left = n, rc = 0;
    do {
        if (!dm_buf_reserve(out, left + left / 2 + 64))
            return dm_fail_memory(err);
        char *end = out->p + out->n;
        size_t room = out->cap - out->n - 1;
        rc = iconv(to, left ? &in : NULL, &left, &end, &room);
        out->n = (size_t)(end - out->p);
    } while (rc == (size_t)-1 && errno == E2BIG);
    if (rc != (size_t)-1)
        return DM_OK;
    if (errno == EINVAL)
        return dm_fail(err, DM_EINPUT, "%s is cut short after byte %zu", charset, n);
    return wrong_byte(charset, p, n - left, err);
}

/* The superset that a name stands for, or the name. */
static const char *superset_of(const char *charset)
{
    for (size_t i = 0; i < sizeof SUPERSETS / sizeof *SUPERSETS; i++)
        if (strcasecmp(charset, SUPERSETS[i][0]) == 0)
            return SUPERSETS[i][1];
    return charset;
}

static int convert(const char *p, size_t n, const char *charset, struct dm_buf *out,
                   struct dm_error *err)
{
    size_t before = out->n;
    const char *superset = superset_of(charset);
    if (strcasecmp(charset, "UTF-8") == 0)
        return take_utf8(p, n, out, err);
    int rc = run_iconv(p, n, superset, out, err);
    if (rc != DM_EINPUT || superset == charset)
        return rc;
    out->n = before;
    return run_iconv(p, n, charset, out, err);
}

int dm_encoding_convert(const char *p, size_t n, const char *charset, struct dm_buf *out,
                        struct dm_error *err)
{
    enum { MARK_BYTES = 3 };
    size_t before = out->n;
    int rc = convert(p, n, charset, out, err);
    if (rc)
        return rc;
    char *made = out->p + before;
    size_t bytes = out->n - before;
    if (dm_utf8_check(made, bytes) < bytes)
        return dm_fail(err, DM_EINPUT, "%s gave no valid UTF-8", charset);
    if (bytes >= MARK_BYTES && memcmp(made, "\xef\xbb\xbf", MARK_BYTES) == 0) {
        memmove(made, made + MARK_BYTES, bytes - MARK_BYTES);
        out->n -= MARK_BYTES;
    }
    return DM_OK;
}
