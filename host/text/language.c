/* The language of a text, by CLD2 (https://github.com/CLD2Owners/cld2, Apache-2.0).
 *
 * The library is loaded when first asked for, so that nothing else needs it or waits for its
 * tables. It is C++, but what we call takes and returns plain values; the names below are those
 * that the C++ ABI of GCC gives the two functions, which its soname 0 fixes. */
#include "base/library.h"
#include "text/chars.h"
#include "text/scratch.h"

#include <limits.h>

#define DETECT                                                                                     \
    "_ZN4CLD233ExtDetectLanguageSummaryCheckUTF8EPKcibPKNS_8CLDHintsEiPNS_8LanguageEPiPdPSt6"      \
    "vectorINS_11ResultChunkESaISA_EES7_PbS7_"
#define CODE "_ZN4CLD212LanguageCodeENS_8LanguageE"

/* CLD2::ExtDetectLanguageSummaryCheckUTF8: text, bytes, whether it is plain, hints, flags; then the
 * three main languages, the shares and scores of each, chunks, bytes of text, whether the answer is
 * reliable, bytes before the first that is not interchange-valid UTF-8. */
typedef int detect_fn(const char *, int, bool, const void *, int, int *, int *, double *, void *,
                      int *, bool *, int *);
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

int dm_language_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}

/* Controls and noncharacters: valid, but not for interchange, and CLD2 stops there. */
static bool is_foreign(uint32_t c)
{
    if (c < 0xA0)
        return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c >= 0x7F;
    return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

static void blank_foreign(char *p, size_t n)
{
    for (size_t i = 0, size; i < n; i += size)
        if (is_foreign(dm_char_read(p + i, &size)))
            memset(p + i, ' ', size);
}

/* Returns whether the whole text was looked at. */
static bool detect_main(const char *p, int n, struct dm_language *out)
{
    int languages[3], percents[3], bytes, valid;
    double scores[3];
    bool reliable;
    cld2.detect(p, n, true, NULL, 0, languages, percents, scores, NULL, &bytes, &reliable, &valid);
    out->code = cld2.code_of(languages[0]);
    out->share = percents[0] / 100.0;
    return valid == n;
}

/* CLD2 reads some bytes beyond the end of a text, so it gets a copy with zeros behind it. */
int dm_language_detect(const char *p, size_t n, struct dm_language *out)
{
    static const char slack[64];
    struct dm_buf *copy = dm_text_out();
    if (n > INT_MAX)
        return DM_EINPUT;
    dm_buf_clear(copy);
    if (!dm_buf_add(copy, p, n) || !dm_buf_add(copy, slack, sizeof slack))
        return DM_EMEMORY;
    if (detect_main(copy->p, (int)n, out))
        return DM_OK;
    blank_foreign(copy->p, n);
    detect_main(copy->p, (int)n, out);
    return DM_OK;
}
