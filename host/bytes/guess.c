/* Which charset a text is in, by its bytes. A byte order mark says so; text that is UTF-8 is UTF-8;
 * UTF-16 without a mark is known by what it would be as text; all else is uchardet's to tell
 * (https://www.freedesktop.org/wiki/Software/uchardet/), from a piece of the text.
 *
 * The library is loaded when first asked for: few texts need it, and it is C++. */
#include "base/error.h"
#include "base/library.h"
#include "base/utf8.h"

#include <string.h>

/* How much of a text decides: uchardet reads 14 to 60 MB/s. */
enum { PIECE = 64 * 1024, BACK = 4096 };

/* Damaged UTF-8 has more than so many good characters for each bad byte; other charsets have one by
 * chance. */
enum { GOOD_PER_BAD = 8 };

static struct uchardet {
    void *(*new)(void);
    int (*handle_data)(void *detector, const char *p, size_t n);
    void (*data_end)(void *detector);
    void (*reset)(void *detector);
    const char *(*get_charset)(void *detector);
} uchardet;

static const struct dm_symbol symbols[] = {
#define X(name)                                                                                    \
    {                                                                                              \
        "uchardet_" #name, offsetof(struct uchardet, name)                                         \
    }
    X(new), X(handle_data), X(data_end), X(reset), X(get_charset),
#undef X
};

static struct dm_library library = {.file = "libuchardet.so.0",
                                    .package = "libuchardet0",
                                    .table = &uchardet,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

static void *detector; /* made when first needed */

static int load(struct dm_error *err)
{
    int rc = detector ? DM_OK : dm_library_load(&library, err);
    if (rc == DM_OK && !detector)
        detector = uchardet.new();
    return rc || detector ? rc : dm_fail_memory(err);
}

/* Text with fewer bytes beyond ASCII says little: measured on texts in ten charsets, uchardet takes
 * Chinese words of six bytes for anything, and of 16 for what they are nine times of ten. */
enum { ENOUGH = 16, ENOUGH_AROUND = 32, LONG_RUN = 4 };

static const char *by_mark(const char *p, size_t n)
{
    static const struct {
        const char *mark;
        size_t bytes;
        const char *name;
    } marks[] = {{"\xef\xbb\xbf", 3, "UTF-8"},
                 {"\xff\xfe\0\0", 4, "UTF-32LE"},
                 {"\0\0\xfe\xff", 4, "UTF-32BE"},
                 {"\xff\xfe", 2, "UTF-16LE"},
                 {"\xfe\xff", 2, "UTF-16BE"}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (n >= marks[i].bytes && memcmp(p, marks[i].mark, marks[i].bytes) == 0)
            return marks[i].name;
    return NULL;
}

/* Units that no text has: controls, private use, what is no character. */
static bool is_odd(uint32_t unit)
{
    if (unit < 0x20)
        return unit != '\t' && unit != '\n' && unit != '\r' && unit != '\f';
    return (unit >= 0x7f && unit < 0xa0) || (unit >= 0xe000 && unit < 0xf900) ||
           (unit >= 0xfdd0 && unit < 0xfdf0) || unit >= 0xfffe;
}

/* How many ASCII characters the bytes are as UTF-16; 0 when they are not UTF-16. `high`: which of
 * two bytes is the high one. */
static size_t utf16_ascii(const unsigned char *u, size_t n, size_t high)
{
    size_t ascii = 0;
    bool paired = false; /* a high surrogate went before */
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint32_t unit = (uint32_t)u[i + high] << 8 | u[i + 1 - high];
        bool low = unit >= 0xdc00 && unit < 0xe000;
        if (low != paired || is_odd(unit))
            return 0;
        paired = unit >= 0xd800 && unit < 0xdc00;
        ascii += unit < 0x80;
    }
    return ascii;
}

/* UTF-16 without a mark: any text has a space or a newline, of which one byte is NUL. */
static const char *by_units(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t piece = n < PIECE ? n : PIECE;
    if (n % 2 || !memchr(p, 0, piece))
        return NULL;
    size_t le = utf16_ascii(u, piece, 1), be = utf16_ascii(u, piece, 0);
    if (le == be)
        return NULL;
    return le > be ? "UTF-16LE" : "UTF-16BE";
}

static size_t count_leads(const char *p, size_t n)
{
    size_t leads = 0;
    for (size_t i = 0; i < n; i++)
        leads += ((unsigned char)p[i] & 0xc0) == 0xc0;
    return leads;
}

/* Whether it is UTF-8 all the same, but for some bytes. */
static bool is_damaged_utf8(const char *p, size_t n)
{
    size_t good = 0, bad = 0;
    while (n) {
        size_t valid = dm_utf8_check(p, n);
        good += count_leads(p, valid);
        if (valid == n)
            break;
        bad++;
        p += valid + 1;
        n -= valid + 1;
    }
    return good > bad * GOOD_PER_BAD;
}

/* Where to begin with the piece around byte `at`: behind a space, which no character holds. */
static size_t piece_start(const char *p, size_t at)
{
    size_t least = at > BACK ? at - BACK : 0;
    size_t start = at;
    while (start > least && (unsigned char)p[start - 1] > ' ')
        start--;
    return start;
}

static int by_uchardet(const char *p, size_t n, const char **name, struct dm_error *err)
{
    int rc = load(err);
    if (rc)
        return rc;
    uchardet.reset(detector);
    if (uchardet.handle_data(detector, p, n))
        return dm_fail_memory(err);
    uchardet.data_end(detector);
    *name = uchardet.get_charset(detector);
    return DM_OK;
}

/* What is made of the answer to a text with little evidence. Bytes that stand alone or by twos are
 * letters with accents, or quotation marks, in a language that is written with ASCII otherwise:
 * then the answer is worth something, unless it is a charset of long ago. */
static const char *weigh(const char *p, size_t n, const char *name)
{
    size_t high = 0, run = 0, longest = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_high = (p[i] & 0x80) != 0;
        high += is_high;
        run = is_high ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    if (high >= ENOUGH)
        return name;
    if (longest >= LONG_RUN || n < ENOUGH_AROUND)
        return "";
    bool old = strncmp(name, "MAC-", 4) == 0 || strncmp(name, "IBM", 3) == 0 || !*name;
    return old ? "WINDOWS-1252" : name;
}

/* Whether ASCII is the disguise of ISO-2022, whose escapes call another set. */
static bool has_escapes(const char *p, size_t n)
{
    return memmem(p, n, "\x1b$", 2) != NULL;
}

int dm_encoding_guess(const char *p, size_t n, const char **name, struct dm_error *err)
{
    *name = by_mark(p, n);
    if (!*name)
        *name = by_units(p, n);
    if (*name)
        return DM_OK;
    *name = "UTF-8";
    size_t valid = dm_utf8_check(p, n);
    if (valid == n && !has_escapes(p, n))
        return DM_OK;
    size_t start = valid == n ? 0 : piece_start(p, valid);
    size_t bytes = n - start < PIECE ? n - start : PIECE;
    size_t around = valid > PIECE / 2 ? valid - PIECE / 2 : 0;
    if (valid < n && is_damaged_utf8(p + around, n - around < PIECE ? n - around : PIECE))
        return DM_OK;
    int rc = by_uchardet(p + start, bytes, name, err);
    if (rc == DM_OK && valid < n)
        *name = weigh(p + start, bytes, *name);
    return rc;
}
