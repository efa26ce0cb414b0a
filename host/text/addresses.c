/* DataMate's AnonymizedIpAddress, line by line; lines are stripped of white space too.
 *
 * IPv4: four groups of digits between dots, with neither digit nor dot on either side, so that one
 * is a whole run of digits and dots. One that has a group of several digits goes when it is a
 * strict address. Of those of four single digits (section numbers, versions) all or none of a line
 * go: all when one of them stands behind "ip", "ip地址", "ip address" or "ipv4", with spaces and
 * colons between. IPv6: what is left of runs of hexadecimal digits and colons, when the whole run
 * is an address. */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

enum kind { OTHER, SINGLE, ADDRESS };

struct scan {
    const char *p;
    struct dm_buf *found; /* struct quad: IPv4 addresses of the line */
};

struct quad {
    size_t start, end;
    enum kind kind;
};

/* One group of digits: 1 when it is strict, 0 when it is not, -1 when there are not one to three
 * digits. */
static int read_group(const char *p, size_t end, size_t *at, size_t *length)
{
    size_t start = *at, size, count = 0;
    int value = 0;
    bool ascii = true;
    uint32_t c;
    for (; count < 4 && dm_char_is_digit(c = dm_char_at(p, end, *at, &size));
         *at += size, count++) {
        ascii = ascii && c < 0x80;
        value = value * 10 + (int)(c & 15);
    }
    *length = count;
    if (count == 0 || count > 3)
        return -1;
    return ascii && value <= 255 && (count == 1 || p[start] != '0');
}

/* What a run of digits and dots is; *strict: made of ASCII digits, without leading zeros, up to
 * 255. */
static enum kind read_quad(const char *p, size_t at, size_t end, bool *strict)
{
    size_t longest = 0, length;
    *strict = true;
    for (int i = 0; i < 4; i++) {
        int group = read_group(p, end, &at, &length);
        if (group < 0 || (i < 3 && (at >= end || p[at++] != '.')))
            return OTHER;
        *strict = *strict && group == 1;
        longest = length > longest ? length : longest;
    }
    if (at != end)
        return OTHER;
    return longest == 1 ? SINGLE : *strict ? ADDRESS : OTHER;
}

/* Where a word of small letters starts that ends at `at`, or SIZE_MAX. */
static size_t before_word(const char *p, size_t from, size_t at, const char *word)
{
    size_t size;
    for (size_t i = strlen(word); i-- > 0; at -= size)
        if (at <= from || dm_char_fold(dm_char_before(p + at, &size)) != (unsigned char)word[i])
            return SIZE_MAX;
    return at;
}

/* Whether "ip" introduces what starts at `at`; the line begins at `from`. */
static bool is_introduced(const char *p, size_t from, size_t at)
{
    static const char chinese[] = "地址";
    size_t bytes = sizeof chinese - 1, size;
    uint32_t c;
    while (at > from && ((c = dm_char_before(p + at, &size)) == ' ' || c == ':' || c == 0xFF1A))
        at -= size;
    if (before_word(p, from, at, "ip") != SIZE_MAX)
        return true;
    size_t word = before_word(p, from, at, " address");
    if (word == SIZE_MAX)
        word = before_word(p, from, at, "v4");
    if (word == SIZE_MAX && at - from >= bytes && memcmp(p + at - bytes, chinese, bytes) == 0)
        word = at - bytes;
    return word != SIZE_MAX && before_word(p, from, word, "ip") != SIZE_MAX;
}

static bool in_quad(uint32_t c)
{
    return c == '.' || dm_char_is_digit(c);
}

/* Lists the IPv4 addresses of a line, and whether those of single digits are meant. */
static bool find_quads(const struct scan *s, size_t from, size_t end, bool *singles)
{
    size_t size, done = from;
    *singles = false;
    dm_buf_clear(s->found);
    for (const char *dot; done < end && (dot = memchr(s->p + done, '.', end - done)) != NULL;) {
        struct quad q = {(size_t)(dot - s->p), (size_t)(dot - s->p), OTHER};
        bool strict;
        while (q.start > done && in_quad(dm_char_before(s->p + q.start, &size)))
            q.start -= size;
        while (in_quad(dm_char_at(s->p, end, q.end, &size)))
            q.end += size;
        done = q.end;
        q.kind = read_quad(s->p, q.start, q.end, &strict);
        if (q.kind != OTHER && !dm_buf_add(s->found, &q, sizeof q))
            return false;
        if (q.kind == SINGLE && strict && !*singles)
            *singles = is_introduced(s->p, from, q.start);
    }
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Whether a run of hexadecimal digits and colons is an address in IPv6. */
static bool is_ipv6(const char *p, size_t n)
{
    size_t groups = 0, gaps = 0, length = 0;
    if (n < 2 || n > 39 || (p[0] == ':' && p[1] != ':') || (p[n - 1] == ':' && p[n - 2] != ':'))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == ':') {
            gaps += i > 0 && p[i - 1] == ':';
            length = 0;
            continue;
        }
        groups += length == 0;
        if (++length > 4)
            return false;
    }
    return gaps == 0 ? groups == 8 : gaps == 1 && groups < 8;
}

/* Replaces the IPv6 addresses between two places. */
static void replace_ipv6(struct dm_rewrite *w, size_t from, size_t end)
{
    for (const char *colon; from < end && (colon = memchr(w->p + from, ':', end - from)) != NULL;) {
        size_t start = (size_t)(colon - w->p), stop = start;
        while (start > from && is_hex(w->p[start - 1]))
            start--;
        while (stop < end && (w->p[stop] == ':' || is_hex(w->p[stop])))
            stop++;
        if (is_ipv6(w->p + start, stop - start))
            dm_rewrite_put(w, start, stop, "<ip>", 4);
        from = stop;
    }
}

static bool replace_line(struct dm_rewrite *w, const struct scan *s, size_t from, size_t end)
{
    bool singles;
    if (!find_quads(s, from, end, &singles))
        return false;
    const struct quad *quads = (const void *)s->found->p;
    for (size_t i = 0; i < s->found->n / sizeof *quads; i++) {
        if (quads[i].kind == SINGLE && !singles)
            continue;
        replace_ipv6(w, from, quads[i].start);
        dm_rewrite_put(w, quads[i].start, quads[i].end, "<ip>", 4);
        from = quads[i].end;
    }
    replace_ipv6(w, from, end);
    return true;
}

int dm_text_addresses(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    struct scan s = {p, dm_scratch_get(DM_SCRATCH_SPANS)};
    for (size_t at = 0, end; at <= n; at = end + 1) {
        const char *newline = memchr(p + at, '\n', n - at);
        end = newline ? (size_t)(newline - p) : n;
        struct dm_text_span line;
        dm_text_strip(p + at, end - at, &line);
        if (line.start > 0)
            dm_rewrite_put(&w, at, at + line.start, "", 0);
        if (!replace_line(&w, &s, at + line.start, at + line.end))
            return DM_EMEMORY;
        if (at + line.end < end)
            dm_rewrite_put(&w, at + line.end, end, "", 0);
    }
    return dm_rewrite_end(&w);
}
