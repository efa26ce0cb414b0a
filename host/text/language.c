/* The language of a text, by CLD2 (https://github.com/CLD2Owners/cld2, Apache-2.0).
 *
 * The library is loaded when first asked for, so that nothing else needs it or waits for its
 * tables. It is C++, but what we call takes and returns plain values; the names below are those
 * that the C++ ABI of GCC gives the two functions, which its soname 0 fixes. */
#include "base/library.h"
#include "text/chars.h"

#define DETECT                                                                                     \
    "_ZN4CLD224ExtDetectLanguageSummaryEPKcibPKNS_8CLDHintsEiPNS_8LanguageEPiPdPSt6"               \
    "vectorINS_11ResultChunkESaISA_EES7_Pb"
#define CODE "_ZN4CLD212LanguageCodeENS_8LanguageE"

/* CLD2::ExtDetectLanguageSummary: text, which must be valid UTF-8, bytes, whether it is plain,
 * hints, flags; then the three main languages, the shares and scores of each, chunks, bytes of
 * text, whether the answer is reliable. */
typedef int detect_fn(const char *, int, bool, const void *, int, int *, int *, double *, void *,
                      int *, bool *);
typedef const char *code_fn(int);

static struct cld2 {
    detect_fn *detect;
    code_fn *code_of;
} cld2;

static const struct dm_symbol symbols[] = {{DETECT, offsetof(struct cld2, detect)},
                                           {CODE, offsetof(struct cld2, code_of)}};

static struct dm_library library = {.file = "libcld2.so.0",
                                    .package = "libcld2-0",
                                    .table = &cld2,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

/* A text of more bytes than WHOLE is not read whole: one piece is read of each of as many equal
 * stretches as there are PIECES. CLD3 does so too (nnet_language_identifier.cc), with five. */
enum { WHOLE = 3072, PIECES = 24, PIECE = 72 };

/* CLD2 reads some bytes beyond the end of a text. */
enum { SLACK = 64 };

int dm_language_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}

/* The start of the character that byte i belongs to. */
static size_t start_of_char(const char *p, size_t i)
{
    while (dm_char_continues(p[i]))
        i--;
    return i;
}

/* Writes the pieces of a long text, with blanks between them; returns their bytes. Where in its
 * stretch a piece lies goes by the golden ratio, so that what recurs is not hit each time. */
static size_t take_pieces(char *out, const char *p, size_t n)
{
    size_t stretch = n / PIECES, made = 0;
    uint32_t place = 0; /* of 2^32 */
    for (size_t i = 0; i < PIECES; i++) {
        place += 0x9E3779B9;
        size_t at = i * stretch + (size_t)((stretch - PIECE) * (uint64_t)place >> 32);
        size_t first = start_of_char(p, at), end = start_of_char(p, at + PIECE);
        memcpy(out + made, p + first, end - first);
        made += end - first;
        out[made++] = ' ';
    }
    return made;
}

static size_t take_text(char *out, const char *p, size_t n)
{
    if (n > WHOLE)
        return take_pieces(out, p, n);
    memcpy(out, p, n);
    return n;
}

void dm_language_detect(const char *p, size_t n, struct dm_language *out)
{
    int languages[3], percents[3], bytes;
    double scores[3];
    bool reliable;
    char text[WHOLE + SLACK];
    size_t size = take_text(text, p, dm_utf8_check(p, n));
    memset(text + size, 0, SLACK);
    cld2.detect(text, (int)size, true, NULL, 0, languages, percents, scores, NULL, &bytes,
                &reliable);
    out->code = cld2.code_of(languages[0]);
    out->share = percents[0] / 100.0;
}
