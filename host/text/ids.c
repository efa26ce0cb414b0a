/* DataMate's AnonymizedIdNumber: the 18 characters of Chinese identity cards. Province, city and
 * county lie in ranges, the date has a month and a day, and the last one may be an X. DataMate
 * computes check sums too, but takes what fails them all the same. */
#include "text/chars.h"
#include "text/scratch.h"
#include "text/swaps.h"

struct range {
    int low, high;
};

static const struct range provinces[] = {{11, 15}, {21, 23}, {31, 37}, {41, 46}, {50, 54},
                                         {61, 65}, {71, 71}, {81, 82}, {0, -1}};
static const struct range cities[] = {{0, 34}, {40, 43}, {51, 53}, {90, 90}, {0, -1}};
static const struct range counties[] = {{0, 43}, {51, 57}, {61, 64}, {71, 74}, {81, 87}, {0, -1}};
static const struct range centuries[] = {{18, 20}, {0, -1}};
static const struct range months[] = {{1, 12}, {0, -1}};
static const struct range days[] = {{1, 31}, {0, -1}};

static bool is_ascii_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Goes behind two digits of ASCII in one of the ranges. */
static bool read_pair(const char *p, size_t n, size_t *at, const struct range *ranges)
{
    if (n - *at < 2 || !is_ascii_digit((unsigned char)p[*at]) ||
        !is_ascii_digit((unsigned char)p[*at + 1]))
        return false;
    int value = (p[*at] - '0') * 10 + (p[*at + 1] - '0');
    *at += 2;
    for (; ranges->low <= ranges->high; ranges++)
        if (value >= ranges->low && value <= ranges->high)
            return true;
    return false;
}

/* Goes behind digits of any script. */
static bool read_digits(const char *p, size_t n, size_t *at, int count)
{
    size_t size;
    for (; count > 0; count--, *at += size)
        if (!dm_char_is_digit(dm_char_at(p, n, *at, &size)))
            return false;
    return true;
}

static bool may_precede(uint32_t c)
{
    return !is_ascii_digit(c);
}

static bool may_follow(uint32_t c)
{
    return !is_ascii_digit(c) && c != 'x' && c != 'X';
}

/* End of the number that starts at `at`, or 0. */
static size_t id_end(const char *p, size_t n, size_t at)
{
    size_t size;
    if (!read_pair(p, n, &at, provinces) || !read_pair(p, n, &at, cities) ||
        !read_pair(p, n, &at, counties) || !read_pair(p, n, &at, centuries) ||
        !read_digits(p, n, &at, 2) || !read_pair(p, n, &at, months) ||
        !read_pair(p, n, &at, days) || !read_digits(p, n, &at, 3))
        return 0;
    if (may_follow(dm_char_at(p, n, at, &size)))
        return 0;
    at += size;
    return at <= n && size && may_follow(dm_char_at(p, n, at, &size)) ? at : 0;
}

enum { FIRST_DIGITS = 8 }; /* a number begins with so many of ASCII */

int dm_text_ids(const char *p, size_t n, struct dm_buf *out)
{
    static const struct dm_swap swap = {"<id>", may_precede, may_follow, false, true};
    struct dm_buf *calls = dm_scratch_get(DM_SCRATCH_SPANS);
    dm_buf_clear(calls);
    for (size_t at = 0, end; n - at >= FIRST_DIGITS; at = end ? end : at + 1) {
        if (!is_ascii_digit((unsigned char)p[at + FIRST_DIGITS - 1])) {
            end = at + FIRST_DIGITS;
            continue;
        }
        end = is_ascii_digit((unsigned char)p[at]) && may_precede(dm_char_left(p, at))
                  ? id_end(p, n, at)
                  : 0;
        struct dm_text_span id = {at, end};
        if (end && !dm_buf_add(calls, &id, sizeof id))
            return DM_EMEMORY;
    }
    return dm_swap_all(&swap, p, n, calls, out);
}
