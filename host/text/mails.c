/* DataMate's EmailNumberCleaner. X is letters, digits and !#$%&'*+-/=?^_`{|}~ of ASCII; C is
 * letters of ASCII, digits of any script and .-+_ . Its pattern, between characters that are not X:
 *
 *   C+ \s? @ \s? C+ \. [A-Za-z0-9]{2,6}
 *
 * What it finds is checked as an address (RFC 5321, without quotes, comments and DNS), and each
 * that is valid replaces the first place where it still stands. Around an '@' the longest runs of C
 * decide: the name starts at the first place in its run that has no X before it, and the domain
 * ends behind the last dot that two to six letters follow, up to no X. So every '@' is looked at
 * once, and no byte lies in more than two runs. */
#include "base/library.h"
#include "text/chars.h"
#include "text/scratch.h"
#include "text/swaps.h"

#include <idn2.h>

/* International domains are libidn2's to tell, which is loaded with the first text. */
static struct idn2 {
    __typeof__(&idn2_lookup_u8) lookup_u8;
    __typeof__(&idn2_free) free;
} idn2;

static const struct dm_symbol symbols[] = {{"idn2_lookup_u8", offsetof(struct idn2, lookup_u8)},
                                           {"idn2_free", offsetof(struct idn2, free)}};

static struct dm_library library = {.file = "libidn2.so.0",
                                    .package = "libidn2-0",
                                    .table = &idn2,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

int dm_mails_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}

enum { LONGEST_LABEL = 63, LONGEST_DOMAIN = 253, LONGEST_ADDRESS = 254 };

static bool is_alnum(uint32_t c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
}

/* C */
static bool in_word(uint32_t c)
{
    return is_alnum(c) || c == '.' || c == '-' || c == '+' || c == '_' || dm_char_is_digit(c);
}

/* not X */
static bool is_free(uint32_t c)
{
    return !is_alnum(c) && !(c > 0 && c < 0x80 && strchr("!#$%&'*+-/=?^_`{|}~", (int)c));
}

/* Whether a label is what a registry accepts: no hyphen at the ends, nor at the third and fourth
 * place. */
static bool is_label(const char *p, size_t n)
{
    if (n == 0 || n > LONGEST_LABEL || p[0] == '-' || p[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_alnum((unsigned char)p[i]) && p[i] != '-')
            return false;
    return n < 4 || p[2] != '-' || p[3] != '-' || ((p[0] | 0x20) == 'x' && (p[1] | 0x20) == 'n');
}

/* Whether a domain is one of the names that are not for mail, or below it. */
static bool is_reserved(const char *p, size_t n)
{
    static const char *const names[] = {"arpa", "invalid", "local", "localhost", "onion", "test"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t bytes = strlen(names[i]);
        if (n >= bytes && strncasecmp(p + n - bytes, names[i], bytes) == 0 &&
            (n == bytes || p[n - bytes - 1] == '.'))
            return true;
    }
    return false;
}

/* A domain of ASCII; international names have become ASCII before. */
static bool is_ascii_domain(const char *p, size_t n)
{
    if (n == 0 || n > LONGEST_DOMAIN || !is_alnum((unsigned char)p[n - 1]) || p[n - 1] <= '9')
        return false;
    size_t start = 0, labels = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && p[i] != '.')
            continue;
        if (!is_label(p + start, i - start))
            return false;
        start = i + 1;
        labels++;
    }
    return labels > 1 && !is_reserved(p, n);
}

/* Whether the domain is a name in IDNA 2008: it has digits beyond ASCII, or labels that begin with
 * xn--. */
static bool is_international(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] >= 0x80 ||
            ((i == 0 || p[i - 1] == '.') && n - i > 4 && strncasecmp(p + i, "xn--", 4) == 0))
            return true;
    return false;
}

static bool is_domain(const char *p, size_t n)
{
    size_t size;
    if (n > LONGEST_ADDRESS || !in_word(dm_char_at(p, n, 0, &size)))
        return false;
    if (!is_international(p, n))
        return is_ascii_domain(p, n);
    uint8_t name[LONGEST_ADDRESS + 1], *ascii = NULL;
    memcpy(name, p, n);
    name[n] = 0;
    if (idn2.lookup_u8(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    bool valid = is_ascii_domain((const char *)ascii, strlen((const char *)ascii));
    idn2.free(ascii);
    return valid;
}

/* Whether a name has words between its dots, and no space at its end. */
static bool is_name(const char *p, size_t n)
{
    return p[0] != '.' && p[n - 1] != '.' && in_word(dm_char_left(p, n)) && !memmem(p, n, "..", 2);
}

static bool is_address(const char *p, const struct dm_text_span *span, size_t at)
{
    size_t name = at - span->start, domain = span->end - at - 1;
    return name + 1 + domain <= LONGEST_ADDRESS && is_name(p + span->start, name) &&
           is_domain(p + at + 1, domain);
}

/* Where the run of C starts that ends at `at`, or rather the first place in it without an X before.
 */
static size_t name_start(const char *p, size_t from, size_t at)
{
    size_t start = at, size;
    while (start > from && in_word(dm_char_before(p + start, &size)))
        start -= size;
    while (start < at && !is_free(dm_char_left(p, start)))
        start += dm_char_size(p[start]);
    return start;
}

/* End of the domain that starts at `at`, or 0. */
static size_t domain_end(const char *p, size_t n, size_t at)
{
    size_t stop = at, size;
    while (in_word(dm_char_at(p, n, stop, &size)))
        stop += size;
    for (size_t dot = stop; dot-- > at + 1;) {
        if (p[dot] != '.')
            continue;
        size_t length = 0;
        while (length <= 6 && dot + 1 + length < n && is_alnum((unsigned char)p[dot + 1 + length]))
            length++;
        size_t end = dot + 1 + length;
        if (length >= 2 && length <= 6 && is_free(dm_char_at(p, n, end, &size)))
            return end;
    }
    return 0;
}

static size_t over_space(const char *p, size_t n, size_t at)
{
    size_t size;
    return dm_char_is_space(dm_char_at(p, n, at, &size)) ? at + size : at;
}

/* The match around the '@' at `at`, which starts at `from` or later. */
static bool match(const char *p, size_t n, size_t from, size_t at, struct dm_text_span *span)
{
    size_t size, end = at;
    if (at > from && dm_char_is_space(dm_char_before(p + at, &size)))
        end -= size;
    span->start = name_start(p, from, end);
    if (span->start == end)
        return false;
    span->end = domain_end(p, n, over_space(p, n, at + 1));
    return span->end != 0;
}

int dm_text_mails(const char *p, size_t n, struct dm_buf *out)
{
    static const struct dm_swap swap = {"<email>", is_free, is_free, true, false};
    struct dm_buf *calls = dm_scratch_get(DM_SCRATCH_SPANS);
    struct dm_text_span span;
    size_t from = 0;
    if (dm_mails_load(NULL))
        return DM_EUSAGE;
    dm_buf_clear(calls);
    for (size_t at = 0; at < n; at++) {
        const char *sign = memchr(p + at, '@', n - at);
        if (!sign)
            break;
        at = (size_t)(sign - p);
        if (!match(p, n, from, at, &span))
            continue;
        if (is_address(p, &span, at) && !dm_buf_add(calls, &span, sizeof span))
            return DM_EMEMORY;
        from = span.end;
    }
    return dm_swap_all(&swap, p, n, calls, out);
}
