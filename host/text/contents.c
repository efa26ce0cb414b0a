/* DataMate's ContentCleaner: takes out a table of contents.
 *
 * It begins with a line that says no more than "contents", and ends with the last line that looks
 * like an entry before three lines in a row that do not. All between goes. */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#include <string.h>

/* Lines in a row without an entry that end a table. */
enum { MOST_MISSES = 3 };

static size_t skip_spaces(const char *p, size_t at, size_t end)
{
    while (at < end && p[at] == ' ')
        at++;
    return at;
}

/* Where a word ends that begins at `at`, or 0 when there is another one. */
static size_t after(const char *p, size_t at, size_t end, const char *word)
{
    size_t bytes = strlen(word);
    return end - at >= bytes && memcmp(p + at, word, bytes) == 0 ? at + bytes : 0;
}

/* The same for a word of small ASCII letters, ignoring case. */
static size_t after_folded(const char *p, size_t at, size_t end, const char *word)
{
    size_t size;
    for (; *word; word++, at += size)
        if (dm_char_fold(dm_char_at(p, end, at, &size)) != (unsigned char)*word)
            return 0;
    return at;
}

static bool is_header(const char *p, size_t at, size_t end)
{
    at = skip_spaces(p, at, end);
    size_t next = after(p, at, end, "目");
    if (next) {
        next = after(p, skip_spaces(p, next, end), end, "录");
    } else {
        next = after_folded(p, at, end, "content");
        size_t plural = next ? after_folded(p, next, end, "s") : 0;
        next = plural ? plural : next;
    }
    return next && skip_spaces(p, next, end) == end;
}

/* Whether what an entry may end with stands before end: a page number, or Word's missing bookmark.
 */
static bool ends_entry(const char *p, size_t at, size_t end)
{
    static const char missing[] = "错误!未定义书签。";
    size_t bytes = sizeof missing - 1;
    if (at >= end)
        return false;
    uint32_t c = dm_char_left(p, end), folded = dm_char_fold(c);
    if (dm_char_is_digit(c) || folded == 'i' || folded == 'x' || folded == 'v')
        return true;
    return end - at >= bytes && memcmp(p + end - bytes, missing, bytes) == 0;
}

static bool is_entry(const char *p, size_t at, size_t end)
{
    size_t start = skip_spaces(p, at, end), size;
    uint32_t c = dm_char_at(p, end, start, &size);
    size_t head = after(p, start, end, "前言");
    if (!head && (dm_char_is_digit(c) || dm_char_is_letter(c)))
        head = start + size;
    if (head) {
        size_t stop = end;
        while (stop > head && p[stop - 1] == ' ')
            stop--;
        if (ends_entry(p, head, stop))
            return true;
    }
    return memmem(p + at, end - at, ".......", 7) != NULL;
}

static size_t line_end(const char *p, size_t n, size_t at)
{
    const char *newline = memchr(p + at, '\n', n - at);
    return newline ? (size_t)(newline - p) : n;
}

/* The end of the table's last line, whose header ends at `at`; `at` when it has no entry. */
static size_t table_end(const char *p, size_t n, size_t at)
{
    size_t last = at;
    for (int misses = 0; misses < MOST_MISSES && at < n;) {
        size_t end = line_end(p, n, at + 1);
        misses = is_entry(p, at + 1, end) ? 0 : misses + 1;
        last = misses ? last : end;
        at = end;
    }
    return last;
}

int dm_text_contents(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    for (size_t at = 0, end; at < n; at = end + 1) {
        end = line_end(p, n, at);
        if (!is_header(p, at, end))
            continue;
        size_t last = table_end(p, n, end);
        if (last > end)
            dm_rewrite_drop_line(&w, at, last, at > 0 && last == n);
        break;
    }
    return dm_rewrite_end(&w);
}
