/* Data-Juicer's operators that drop words. A text is lines of columns of words, separated by LF,
 * TAB and space; empty ones vanish, and what is left is joined again. So between two words that
 * stay there is one separator, the strongest of those that stood between them. */
#include "text/chars.h"
#include "text/scratch.h"

#include <string.h>

/* What decides on words: state of the operator, and the words' text. */
struct sieve {
    const char *p;
    size_t n;
    double min, max;             /* long words: lengths that stay */
    const struct dm_span *parts; /* substrings: what no word may hold */
    size_t nparts;
    size_t *next; /* of each part, where it stands next: not before the word at hand, n: nowhere */
};

static int strength(char c)
{
    return c == '\n' ? 3 : c == '\t' ? 2 : c == ' ' ? 1 : 0;
}

/* The word without special characters at its ends. */
static struct dm_text_span strip(const struct sieve *s, struct dm_text_span word)
{
    const uint64_t *special = dm_classes()->special;
    size_t size;
    while (word.start < word.end && dm_class_has(special, dm_char_read(s->p + word.start, &size)))
        word.start += size;
    while (word.end > word.start && dm_class_has(special, dm_char_before(s->p + word.end, &size)))
        word.end -= size;
    return word;
}

static bool length_fits(const struct sieve *s, struct dm_text_span word)
{
    size_t length = 0;
    for (size_t i = word.start; i < word.end; i++)
        length += !dm_char_continues(s->p[i]);
    return (double)length >= s->min && (double)length <= s->max;
}

static bool keep_by_length(struct sieve *s, struct dm_text_span word)
{
    return length_fits(s, word) || length_fits(s, strip(s, word));
}

/* Each part is looked for over the rest of the text, and again only when the words have passed the
 * place: so the text is searched once for each part, not once for each word. */
static bool keep_by_parts(struct sieve *s, struct dm_text_span word)
{
    word = strip(s, word);
    for (size_t k = 0; k < s->nparts; k++) {
        if (s->next[k] < word.start) {
            const char *at =
                memmem(s->p + word.start, s->n - word.start, s->parts[k].p, s->parts[k].n);
            s->next[k] = at ? (size_t)(at - s->p) : SIZE_MAX;
        }
        if (s->next[k] <= word.end && s->parts[k].n <= word.end - s->next[k])
            return false;
    }
    return true;
}

/* Writes the words that stay. Returns 1, 0 when the text is the same, or DM_EMEMORY. */
static int sift(struct sieve *s, bool (*keep)(struct sieve *, struct dm_text_span),
                struct dm_buf *out)
{
    char gap = 0;
    bool any = false;
    dm_buf_clear(out);
    if (!dm_buf_reserve(out, s->n))
        return DM_EMEMORY;
    for (size_t i = 0; i < s->n;) {
        if (strength(s->p[i])) {
            gap = strength(s->p[i]) > strength(gap) ? s->p[i] : gap;
            i++;
            continue;
        }
        struct dm_text_span word = {i, i};
        while (word.end < s->n && !strength(s->p[word.end]))
            word.end++;
        i = word.end;
        if (!keep(s, word))
            continue;
        if (any)
            out->p[out->n++] = gap;
        memcpy(out->p + out->n, s->p + word.start, word.end - word.start);
        out->n += word.end - word.start;
        any = true;
        gap = 0;
    }
    return out->n != s->n;
}

int dm_text_sift_lengths(const char *p, size_t n, double min, double max, struct dm_buf *out)
{
    struct sieve s = {.p = p, .n = n, .min = min, .max = max};
    return sift(&s, keep_by_length, out);
}

int dm_text_sift_parts(const char *p, size_t n, const struct dm_span *parts, size_t nparts,
                       struct dm_buf *out)
{
    struct sieve s = {.p = p, .n = n, .parts = parts, .nparts = nparts};
    s.next = dm_scratch_room(DM_SCRATCH_SLOTS, (nparts + 1) * sizeof *s.next);
    if (!s.next)
        return DM_EMEMORY;
    for (size_t k = 0; k < nparts; k++) {
        const char *at = memmem(p, n, parts[k].p, parts[k].n);
        s.next[k] = at ? (size_t)(at - p) : SIZE_MAX;
    }
    return sift(&s, keep_by_parts, out);
}
