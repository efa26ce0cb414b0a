/* DataMate's AnonymizedPhoneNumber. D is a digit of any script; no D stands on either side.
 *
 *   ([(（]? +? (00)? 86 [)）]? [- ]?)?            country
 *   ( 1 [3-9] D [- ]? DDDD [- ]? DDDD            mobile
 *   | [(（]? 0? [12] D [)）]? [ -]? [2-8] DDD [ -]? DDDD
 *   | [(（]? 0? [3-9] D D [)）]? [ -]? [2-8] D D D? [ -]? DDDD )
 *
 * The readers below give the byte behind what they read, or NONE; `at` may be NONE already. */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#define NONE SIZE_MAX

struct phone {
    const char *p;
    size_t n;
};

/* One digit of ASCII from `low` to `high`. */
static size_t one_of(const struct phone *t, size_t at, char low, char high)
{
    return at < t->n && t->p[at] >= low && t->p[at] <= high ? at + 1 : NONE;
}

/* So many D. */
static size_t digits(const struct phone *t, size_t at, int count)
{
    size_t size;
    for (; count > 0 && at != NONE; count--)
        at = dm_char_is_digit(dm_char_at(t->p, t->n, at, &size)) ? at + size : NONE;
    return at;
}

static size_t maybe(const struct phone *t, size_t at, const char *text)
{
    size_t bytes = strlen(text);
    return at < t->n && t->n - at >= bytes && memcmp(t->p + at, text, bytes) == 0 ? at + bytes : at;
}

static size_t maybe_either(const struct phone *t, size_t at, const char *a, const char *b)
{
    size_t next = maybe(t, at, a);
    return next != at ? next : maybe(t, at, b);
}

static size_t gap(const struct phone *t, size_t at)
{
    return maybe_either(t, at, " ", "-");
}

static size_t opened(const struct phone *t, size_t at)
{
    return maybe_either(t, at, "(", "（");
}

static size_t closed(const struct phone *t, size_t at)
{
    return maybe_either(t, at, ")", "）");
}

/* The end, if no digit follows. */
static size_t ended(const struct phone *t, size_t at)
{
    size_t size;
    return at != NONE && !dm_char_is_digit(dm_char_at(t->p, t->n, at, &size)) ? at : NONE;
}

static size_t mobile(const struct phone *t, size_t at)
{
    at = digits(t, one_of(t, one_of(t, at, '1', '1'), '3', '9'), 1);
    at = digits(t, gap(t, at), 4);
    return ended(t, digits(t, gap(t, at), 4));
}

/* Area codes of two digits. */
static size_t city(const struct phone *t, size_t at)
{
    at = one_of(t, maybe(t, opened(t, at), "0"), '1', '2');
    at = gap(t, closed(t, digits(t, at, 1)));
    at = digits(t, one_of(t, at, '2', '8'), 3);
    return ended(t, digits(t, gap(t, at), 4));
}

/* Area codes of three digits. */
static size_t town(const struct phone *t, size_t at)
{
    at = one_of(t, maybe(t, opened(t, at), "0"), '3', '9');
    at = gap(t, closed(t, digits(t, at, 2)));
    at = digits(t, one_of(t, at, '2', '8'), 2);
    size_t longer = ended(t, digits(t, gap(t, digits(t, at, 1)), 4));
    return longer != NONE ? longer : ended(t, digits(t, gap(t, at), 4));
}

static size_t number(const struct phone *t, size_t at)
{
    size_t end = mobile(t, at);
    end = end != NONE ? end : city(t, at);
    return end != NONE ? end : town(t, at);
}

static size_t country(const struct phone *t, size_t at)
{
    size_t start = maybe(t, maybe(t, opened(t, at), "+"), "00");
    size_t end = maybe(t, start, "86");
    return end == start ? NONE : gap(t, closed(t, end));
}

/* End of the number that starts at `at`, or NONE. */
static size_t phone_end(const struct phone *t, size_t at)
{
    size_t inner = country(t, at);
    size_t end = inner != NONE ? number(t, inner) : NONE;
    return end != NONE ? end : number(t, at);
}

static bool may_start(char c)
{
    return (c >= '0' && c <= '9') || c == '(' || c == '+' || c == (char)0xEF;
}

int dm_text_phones(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    struct phone t = {p, n};
    for (size_t at = 0; at < n;) {
        size_t end = NONE;
        if (may_start(p[at]) && !dm_char_is_digit(dm_char_left(p, at)))
            end = phone_end(&t, at);
        if (end != NONE)
            dm_rewrite_put(&w, at, end, "<tel>", 5);
        at = end != NONE ? end : at + 1;
    }
    return dm_rewrite_end(&w);
}
