/* DataMate's DuplicateSentencesFilter: of lines that occur five times or more the first stays.
 * Lines are the same when they are without the white space at their ends. Blank lines and the bare
 * tags of a table always stay. */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"
#include "text/tally.h"

enum { MANY = 5 };

static bool is_table_tag(const char *p, size_t n)
{
    static const char *const names[] = {"table>", "tbody>", "tr>", "td>"};
    size_t skip = n > 1 && p[1] == '/' ? 2 : 1;
    if (n == 0 || p[0] != '<')
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (n - skip == strlen(names[i]) && memcmp(p + skip, names[i], n - skip) == 0)
            return true;
    return false;
}

/* Goes to the next line; false behind the last one. */
static bool next_line(const char *p, size_t n, struct dm_text_span *line)
{
    if (line->end == n)
        return false;
    line->start = line->end == SIZE_MAX ? 0 : line->end + 1;
    const char *newline = memchr(p + line->start, '\n', n - line->start);
    line->end = newline ? (size_t)(newline - p) : n;
    return true;
}

/* The content of a line; empty for one that always stays. */
static struct dm_text_span content_of(const char *p, const struct dm_text_span *line)
{
    struct dm_text_span inner;
    dm_text_strip(p + line->start, line->end - line->start, &inner);
    if (is_table_tag(p + line->start + inner.start, inner.end - inner.start))
        return (struct dm_text_span){0, 0};
    return (struct dm_text_span){line->start + inner.start, line->start + inner.end};
}

/* Counts the lines. The greatest count goes to *most. */
static bool count_all(struct dm_tally *t, const char *p, size_t n, size_t *most)
{
    struct dm_text_span line = {0, SIZE_MAX};
    while (next_line(p, n, &line)) {
        struct dm_text_span content = content_of(p, &line);
        if (content.start == content.end)
            continue;
        struct dm_piece *piece = dm_tally_add(t, p + content.start, content.end - content.start);
        if (!piece)
            return false;
        if (++piece->count > *most)
            *most = piece->count;
    }
    return true;
}

static int drop_repeats(const struct dm_tally *t, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    struct dm_text_span line = {0, SIZE_MAX};
    while (next_line(p, n, &line)) {
        struct dm_text_span content = content_of(p, &line);
        const struct dm_piece *piece =
            dm_tally_find(t, p + content.start, content.end - content.start);
        if (piece && piece->count >= MANY && piece->p < p + line.start)
            dm_rewrite_drop_line(&w, line.start, line.end, true);
    }
    return dm_rewrite_end(&w);
}

int dm_text_repeated_lines(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_tally t = {0};
    size_t most = 0;
    int status = count_all(&t, p, n, &most) ? 0 : DM_EMEMORY;
    if (most >= MANY && status == 0)
        status = drop_repeats(&t, p, n, out);
    dm_tally_finish(&t);
    return status;
}
