/* Data-Juicer's copyright notices: the first comment between slash-star and star-slash, when it
 * holds the word; in a text without such a comment, all leading lines that are empty or begin with
 * "//", "#" or "--". */
#include "text/scratch.h"

#include <string.h>

/* Whether "copyright" stands at p, case ignored; U+0130 counts as i too, as in Python's regex
 * module. */
static bool at_word(const char *p, const char *end)
{
    static const char word[] = "copyright";
    for (const char *w = word; *w; w++) {
        if (*w == 'i' && end - p >= 2 && p[0] == (char)0xC4 && p[1] == (char)0xB0)
            p += 2;
        else if (p < end && (*p | 0x20) == *w)
            p++;
        else
            return false;
    }
    return true;
}

static bool holds_word(const char *p, const char *end)
{
    for (; p < end; p++)
        if ((*p | 0x20) == 'c' && at_word(p, end))
            return true;
    return false;
}

/* End of the leading lines that are comments or empty. */
static size_t leading_comments(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t left = n - i;
        bool comment = p[i] == '\n' || p[i] == '#' ||
                       (left >= 2 && p[i] == p[i + 1] && (p[i] == '/' || p[i] == '-'));
        if (!comment)
            break;
        const char *end = memchr(p + i, '\n', left);
        i = end ? (size_t)(end - p) + 1 : n;
    }
    return i;
}

/* The two characters, of which one is a star, from p on; NULL: not there. Stars are rarer in texts
 * than slashes. */
static const char *find_mark(const char *p, const char *end, char first, char second)
{
    bool star_first = first == '*';
    for (const char *star = p + !star_first; star < end; star++) {
        star = memchr(star, '*', (size_t)(end - star));
        if (!star)
            break;
        const char *start = star_first ? star : star - 1;
        if (end - start >= 2 && start[0] == first && start[1] == second)
            return start;
    }
    return NULL;
}

int dm_text_find_copyright(const char *p, size_t n, struct dm_text_span *span)
{
    const char *open = find_mark(p, p + n, '/', '*');
    const char *close = open ? find_mark(open + 2, p + n, '*', '/') : NULL;
    if (close) {
        span->start = (size_t)(open - p);
        span->end = (size_t)(close - p) + 2;
        return holds_word(open, close);
    }
    span->start = 0;
    span->end = leading_comments(p, n);
    return span->end > 0;
}
