/* DataMate's AnonymizedCreditCardNumber. Candidates have one of the forms below, no digit on either
 * side, and a sum as Luhn's. In a form, D is a digit of any script, 9 one of ASCII, and - an
 * optional hyphen or space; the first form that fits counts. The eight digits in the middle are a
 * slip in DataMate's pattern: they take dates along, and a space before them. */
#include "text/chars.h"
#include "text/scratch.h"
#include "text/swaps.h"

static const char *const forms[] = {
    "3[47]99-999999-99999",   /* American Express */
    "6[02]DD-DDDD-DDDD-DDDD", /* UnionPay */
    "30[0-5]D-999999-9999",
    "3[689]DD-999999-9999",
    "3095-999999-9999", /* Diners Club */
    "64[4-9]D-DDDD-DDDD-DDDD",
    "65DD-DDDD-DDDD-DDDD",
    "6011-DDDD-DDDD-DDDD", /* Discover */
    "352[89]-9999-DDDD-DDDD",
    "35[3-8]D-9999-DDDD-DDDD", /* JCB */
    "-99999999",
    "5[1-5]DD-DDDD-DDDD-DDDD",
    "222[1-9]-DDDD-DDDD-DDDD",
    "22[3-9]D-DDDD-DDDD-DDDD", /* MasterCard */
    "2[3-6]DD-DDDD-DDDD-DDDD",
    "27[01]D-DDDD-DDDD-DDDD",
    "2720-DDDD-DDDD-DDDD",
    "4DDD-DDDD-DDDD-DDDD", /* Visa */
};

static bool is_ascii_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Whether c is in the class whose '[' stands at *form, which moves to its ']'. */
static bool in_class(const char **form, uint32_t c)
{
    bool in = false;
    const char *f = *form + 1;
    for (; *f != ']'; f++) {
        uint32_t low = (unsigned char)*f;
        if (f[1] == '-')
            f += 2;
        in = in || (c >= low && c <= (unsigned char)*f);
    }
    *form = f;
    return in;
}

/* End of what fits the form at `at`, or 0. */
static size_t form_end(const char *form, const char *p, size_t n, size_t at)
{
    size_t size;
    for (; *form; form++) {
        uint32_t c = dm_char_at(p, n, at, &size);
        bool fits;
        if (*form == '-') {
            at += c == ' ' || c == '-';
            continue;
        }
        switch (*form) {
        case 'D':
            fits = dm_char_is_digit(c);
            break;
        case '9':
            fits = is_ascii_digit(c);
            break;
        case '[':
            fits = in_class(&form, c);
            break;
        default:
            fits = c == (unsigned char)*form;
        }
        if (!fits)
            return 0;
        at += size;
    }
    return dm_char_is_digit(dm_char_at(p, n, at, &size)) ? 0 : at;
}

static size_t card_end(const char *p, size_t n, size_t at)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t end = form_end(forms[i], p, n, at);
        if (end)
            return end;
    }
    return 0;
}

/* Luhn: every second digit from the right is doubled and its digits summed. */
static bool has_luhn_sum(const char *p, size_t start, size_t end)
{
    int sum = 0, place = 0;
    for (size_t size; end > start; end -= size) {
        int digit = dm_char_digit(dm_char_before(p + end, &size));
        if (digit < 0)
            continue;
        digit *= 1 + (place++ & 1);
        sum += digit / 10 + digit % 10;
    }
    return sum % 10 == 0;
}

static bool may_start(const char *p, size_t n, size_t at)
{
    if (p[at] == ' ' || p[at] == '-')
        return at + 1 < n && is_ascii_digit((unsigned char)p[at + 1]);
    return is_ascii_digit((unsigned char)p[at]);
}

static bool no_digit(uint32_t c)
{
    return !dm_char_is_digit(c);
}

int dm_text_cards(const char *p, size_t n, struct dm_buf *out)
{
    static const struct dm_swap swap = {"<credit_card_number>", no_digit, no_digit, false, false};
    struct dm_buf *calls = dm_scratch_get(DM_SCRATCH_SPANS);
    dm_buf_clear(calls);
    for (size_t at = 0, end; at < n; at = end ? end : at + 1) {
        end = may_start(p, n, at) && no_digit(dm_char_left(p, at)) ? card_end(p, n, at) : 0;
        struct dm_text_span card = {at, end};
        if (end && has_luhn_sum(p, at, end) && !dm_buf_add(calls, &card, sizeof card))
            return DM_EMEMORY;
    }
    return dm_swap_all(&swap, p, n, calls, out);
}
