/* Data-Juicer's pattern for e-mail addresses, [A-Za-z0-9.\-+_]+@[a-z0-9.\-+_]+\.[a-z]+, as a
 * scanner.
 *
 * Every '@' is looked at once. The name is the longest run before it, which ends at the '@' before;
 * the domain is the longest run after it, which ends before the next '@'; and the greedy pattern
 * settles on the last dot of the run that a letter follows. So no byte is read more than four
 * times. */
#include "text/scratch.h"

#include <string.h>

static bool in_domain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' ||
           c == '_';
}

static bool in_name(char c)
{
    return in_domain(c) || (c >= 'A' && c <= 'Z');
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* End of the address whose domain starts at `at`, or 0. */
static size_t domain_end(const char *p, size_t n, size_t at)
{
    size_t stop = at;
    while (stop < n && in_domain(p[stop]))
        stop++;
    for (size_t dot = stop; dot-- > at + 1;) {
        if (p[dot] != '.' || dot + 1 == stop || !is_lower(p[dot + 1]))
            continue;
        size_t end = dot + 1;
        while (end < stop && is_lower(p[end]))
            end++;
        return end;
    }
    return 0;
}

/* The first address from `from` on. */
static bool find_email(const char *p, size_t n, size_t from, struct dm_text_span *span)
{
    for (size_t at = from; at < n; at++) {
        const char *sign = memchr(p + at, '@', n - at);
        if (!sign)
            return false;
        at = (size_t)(sign - p);
        size_t start = at;
        while (start > from && in_name(p[start - 1]))
            start--;
        span->start = start;
        span->end = start < at ? domain_end(p, n, at + 1) : 0;
        if (span->end)
            return true;
    }
    return false;
}

int dm_text_emails(const char *p, size_t n, const struct dm_template *repl, struct dm_buf *out)
{
    struct dm_text_span span;
    size_t from = 0;
    dm_buf_clear(out);
    while (find_email(p, n, from, &span)) {
        if (!dm_buf_add(out, p + from, span.start - from) ||
            !dm_template_add(out, repl, p, &span, 1))
            return DM_EMEMORY;
        from = span.end;
    }
    if (from == 0)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}
