/* DataMate's DuplicateSentencesFilter: of lines that occur five times or more the first stays.
 * Lines are the same when they are without the white space at their ends. Blank lines and the bare
 * tags of a table always stay. */
#include "text/chars.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#include <xxhash.h>

enum { MANY = 5 };

/* A line's content where it was first seen, and how often it occurs; `hash` 0 is an empty place. */
struct entry {
    uint64_t hash;
    size_t start, end;
    size_t count;
};

struct table {
    const char *p;
    struct entry *entries;
    size_t mask;
    size_t most; /* the greatest count */
};

/* Not less than the lines that are not empty. */
static size_t count_lines(const char *p, size_t n)
{
    size_t lines = 1;
    for (size_t i = 1; i < n; i++)
        lines += p[i] == '\n' && p[i - 1] != '\n';
    return lines;
}

static bool is_same(const struct table *t, const struct entry *e, size_t start, size_t end)
{
    return e->end - e->start == end - start &&
           memcmp(t->p + e->start, t->p + start, end - start) == 0;
}

/* The entry of a content, or the empty place for it. */
static struct entry *find(const struct table *t, uint64_t hash, size_t start, size_t end)
{
    for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
        struct entry *e = &t->entries[i];
        if (!e->hash || (e->hash == hash && is_same(t, e, start, end)))
            return e;
    }
}

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

/* The entry of a line, which is made when there is none; NULL for a line that always stays. */
static struct entry *entry_of(const struct table *t, const struct dm_text_span *line)
{
    struct dm_text_span inner;
    dm_text_strip(t->p + line->start, line->end - line->start, &inner);
    size_t start = line->start + inner.start, end = line->start + inner.end;
    if (start == end || is_table_tag(t->p + start, end - start))
        return NULL;
    uint64_t hash = XXH3_64bits(t->p + start, end - start) | 1;
    struct entry *e = find(t, hash, start, end);
    if (!e->hash)
        *e = (struct entry){hash, start, end, 0};
    return e;
}

static void count_all(struct table *t, size_t n)
{
    struct dm_text_span line = {0, SIZE_MAX};
    while (next_line(t->p, n, &line)) {
        struct entry *e = entry_of(t, &line);
        if (e && ++e->count > t->most)
            t->most = e->count;
    }
}

static int drop_repeats(struct table *t, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(t->p, n, out);
    struct dm_text_span line = {0, SIZE_MAX};
    while (next_line(t->p, n, &line)) {
        struct entry *e = entry_of(t, &line);
        if (e && e->count >= MANY && e->start < line.start)
            dm_rewrite_drop_line(&w, line.start, line.end, true);
    }
    return dm_rewrite_end(&w);
}

int dm_text_repeated_lines(const char *p, size_t n, struct dm_buf *out)
{
    struct table t = {.p = p};
    size_t slots = 16;
    for (size_t wanted = 2 * count_lines(p, n); slots < wanted;)
        slots *= 2;
    t.entries = dm_scratch_room(DM_SCRATCH_ENTRIES, slots * sizeof *t.entries);
    if (!t.entries)
        return DM_EMEMORY;
    memset(t.entries, 0, slots * sizeof *t.entries);
    t.mask = slots - 1;
    count_all(&t, n);
    return t.most < MANY ? 0 : drop_repeats(&t, n, out);
}
