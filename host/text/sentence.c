/* Data-Juicer's remove_repeat_sentences. A sentence of a line ends
 *
 *   ([.。！!？\?])([^’”])                  after group 1,
 *   (\…{2})([^’”])                         after group 1, and
 *   ([.。！!？\?\.{6}\…{2}][’”])([^’”])   after group 1;
 *
 * the peer substitutes these one after the other, each without overlaps. None sees what another
 * inserted, so that one pass finds them all, which keeps for each pattern where its next match may
 * start. (A fourth pattern, six dots, never matches what the first leaves. In the brackets of the
 * last one the figures and braces are characters like the others.)
 *
 * A sentence whose key was seen before is dropped. */
#include "text/chars.h"
#include "text/intern.h"
#include "text/scratch.h"

#include <string.h>

enum { STOP = 1, DOTS = 2, BEFORE_QUOTE = 4, QUOTE = 8 };

struct repeats {
    const char *p;
    const struct dm_repeat_options *options;
    struct dm_intern seen; /* keys of sentences */
    struct dm_buf *out;
    bool dropped;
};

static unsigned kind_at(const char *p)
{
    switch (*p) {
    case '.':
    case '!':
    case '?':
        return STOP | BEFORE_QUOTE;
    case '{':
    case '}':
    case '2':
    case '6':
        return BEFORE_QUOTE;
    case (char)0xE2:
        if (memcmp(p, "…", 3) == 0)
            return DOTS | BEFORE_QUOTE;
        return memcmp(p, "’", 3) == 0 || memcmp(p, "”", 3) == 0 ? QUOTE : 0;
    case (char)0xE3:
        return memcmp(p, "。", 3) == 0 ? STOP | BEFORE_QUOTE : 0;
    case (char)0xEF:
        return memcmp(p, "！", 3) == 0 || memcmp(p, "？", 3) == 0 ? STOP | BEFORE_QUOTE : 0;
    default:
        return 0;
    }
}

/* Bytes that what has a kind begins with; none of them is within a character. */
static const bool may_end[256] = {
    ['.'] = true, ['!'] = true, ['?'] = true,  ['{'] = true,  ['}'] = true,
    ['2'] = true, ['6'] = true, [0xE2] = true, [0xE3] = true, [0xEF] = true};

/* Where each pattern's next match may start. */
struct cuts {
    size_t stop, dots, quote;
};

/* The place of a cut when a character that is no quote stands there: goes to *cut, and where the
 * pattern may match next to *next. */
static bool cut_at(const char *p, size_t end, size_t at, size_t *next, size_t *cut)
{
    if (at >= end || kind_at(p + at) & QUOTE)
        return false;
    *cut = at;
    *next = at + dm_char_size(p[at]);
    return true;
}

/* End of the sentence that starts at i, within the line that ends at `end`. */
static size_t sentence_end(const char *p, size_t i, size_t end, struct cuts *from)
{
    size_t cut;
    for (size_t after; i < end; i = after) {
        while (i < end && !may_end[(unsigned char)p[i]])
            i++;
        if (i == end)
            break;
        after = i + dm_char_size(p[i]);
        unsigned kind = kind_at(p + i), next;
        if (!kind || after >= end)
            continue;
        next = kind_at(p + after);
        if ((kind & STOP) && i >= from->stop && cut_at(p, end, after, &from->stop, &cut))
            return cut;
        if ((kind & DOTS) && (next & DOTS) && i >= from->dots &&
            cut_at(p, end, after + 3, &from->dots, &cut))
            return cut;
        if ((kind & BEFORE_QUOTE) && (next & QUOTE) && i >= from->quote &&
            cut_at(p, end, after + 3, &from->quote, &cut))
            return cut;
    }
    return end;
}

/* Appends the letters, figures, Chinese characters, TABs and spaces of a text. */
static void add_plain(struct dm_buf *out, const char *p, size_t n)
{
    for (size_t i = 0, size; i < n; i += size) {
        unsigned char b = (unsigned char)p[i];
        size = 1;
        if (b < 0x80) { /* no branches, since none would foresee much */
            out->p[out->n] = p[i];
            bool digit = b >= '0' && b <= '9', letter = (b | 0x20) >= 'a' && (b | 0x20) <= 'z';
            out->n += digit | letter | (b == '\t') | (b == '\n') | (b == ' ');
            continue;
        }
        uint32_t c = dm_char_read(p + i, &size);
        if (c >= 0x4E00 && c <= 0x9FA5) {
            memcpy(out->p + out->n, p + i, size);
            out->n += size;
        }
    }
}

/* Appends the key of a sentence to the keys' text. */
static bool add_key(struct repeats *r, const char *p, size_t n)
{
    struct dm_buf *lower = dm_scratch_get(DM_SCRATCH_LOWER), *text = r->seen.text;
    struct dm_text_span span;
    dm_text_strip(p, n, &span);
    p += span.start;
    n = span.end - span.start;
    if (r->options->lowercase) {
        int changed = dm_text_lower(p, n, lower);
        if (changed < 0)
            return false;
        if (changed) {
            p = lower->p;
            n = lower->n;
        }
    }
    if (!r->options->plain)
        return dm_buf_add(text, p, n);
    if (!dm_buf_reserve(text, n))
        return false;
    add_plain(text, p, n);
    return true;
}

/* Writes the sentence unless it is a repetition. */
static bool take_sentence(struct repeats *r, size_t start, size_t end)
{
    size_t at = r->seen.text->n;
    if (!add_key(r, r->p + start, end - start))
        return false;
    double length = dm_text_length(r->seen.text->p + at, r->seen.text->n - at);
    bool fresh = true;
    if (length < r->options->min_length)
        r->seen.text->n = at;
    else if (dm_intern_take(&r->seen, at, &fresh) < 0)
        return false;
    r->dropped |= !fresh;
    return !fresh || dm_buf_add(r->out, r->p + start, end - start);
}

static bool take_line(struct repeats *r, size_t start, size_t end)
{
    struct cuts from = {0};
    while (start < end) {
        size_t stop = sentence_end(r->p, start, end, &from);
        if (!take_sentence(r, start, stop))
            return false;
        start = stop;
    }
    return true;
}

int dm_text_repeats(const char *p, size_t n, const struct dm_repeat_options *options,
                    struct dm_buf *out)
{
    struct repeats r = {.p = p, .options = options, .out = out};
    dm_buf_clear(out);
    if (!dm_intern_begin(&r.seen))
        return DM_EMEMORY;
    for (size_t i = 0; i < n;) {
        const char *newline = memchr(p + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - p) : n;
        if (!take_line(&r, i, end) || !dm_buf_add(out, "\n", newline != NULL))
            return DM_EMEMORY;
        i = end + 1;
    }
    return r.dropped;
}
