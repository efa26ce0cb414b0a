/* Data-Juicer's tables in text: for each number N of separators in turn, from the least to the
 * greatest, what matches (?<=\n)((\S+?)([ |\t](\S+?)){N}\n+){2,} is removed.
 *
 * A line that can be a row has no white space but single spaces and TABs inside it. All of those
 * are separators; of the '|' any number may be, as long as another character stands on each side.
 * So a line is a row for every N from its spaces to its spaces plus the pipes that can be taken,
 * and the text is read once: what is removed are whole rows, after which their neighbours meet. */
#include "text/chars.h"
#include "text/scratch.h"

/* A line with the line ends after it, and for which N it is a row; least > most: for none. */
struct row {
    size_t start, end;
    uint8_t least, most;
};

enum { MOST_COLUMNS = 100 };

/* Counts pipes that can be separators within a run of characters, taking each as early as can be.
 */
struct pipes {
    size_t before; /* characters since the last separator */
    bool taken;    /* the character before is a pipe that is one if another character follows */
    size_t count;
};

static void take_char(struct pipes *k, char c)
{
    if (k->taken) {
        k->count++;
        k->taken = false;
        k->before = 1;
    } else if (c == '|' && k->before) {
        k->taken = true;
    } else {
        k->before++;
    }
}

/* Whether the line [i, end) can be a row; if so sets the row's numbers. */
static bool read_row(const char *p, size_t i, size_t end, struct row *row)
{
    struct pipes k = {0};
    size_t spaces = 0, size;
    for (; i < end; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        if (c == ' ' || c == '\t') {
            if (!k.before && !k.taken)
                return false;
            spaces++;
            k.before = 0;
            k.taken = false;
        } else if (dm_char_is_white(c)) {
            return false;
        } else {
            take_char(&k, (char)(c < 128 ? c : 0));
        }
    }
    if ((!k.before && !k.taken) || spaces > MOST_COLUMNS)
        return false;
    k.count += spaces;
    row->least = (uint8_t)spaces;
    row->most = (uint8_t)(k.count < MOST_COLUMNS ? k.count : MOST_COLUMNS);
    return row->most > 0;
}

/* Appends a row; one that is none grows when the line before was none either. */
static bool add_row(struct dm_buf *rows, const struct row *row)
{
    struct row *last = (struct row *)(void *)(rows->p + rows->n);
    if (rows->n && row->least > row->most && last[-1].least > last[-1].most) {
        last[-1].end = row->end;
        return true;
    }
    return dm_buf_add(rows, row, sizeof *row);
}

/* Cuts the text into rows. Returns how many of them can go, or below zero. */
static long read_rows(const char *p, size_t n, struct dm_buf *rows)
{
    long candidates = 0;
    dm_buf_clear(rows);
    for (size_t i = 0; i < n;) {
        const char *newline = memchr(p + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - p) : n;
        struct row row = {i, end, 1, 0};
        if (i > 0 && newline && read_row(p, i, end, &row)) {
            candidates++;
        } else {
            row.least = 1;
            row.most = 0;
        }
        while (row.end < n && p[row.end] == '\n')
            row.end++;
        if (!add_row(rows, &row))
            return DM_EMEMORY;
        i = row.end;
    }
    return candidates;
}

static bool fits(const struct row *row, unsigned separators)
{
    return row->least <= separators && separators <= row->most;
}

/* Removes two or more consecutive rows of so many separators; returns how many rows are left. */
static size_t drop_tables(struct row *rows, size_t n, unsigned separators)
{
    size_t left = 0;
    for (size_t i = 0, next; i < n; i = next) {
        next = i;
        while (next < n && fits(&rows[next], separators))
            next++;
        if (next >= i + 2)
            continue;
        rows[left++] = rows[i];
        next = i + 1;
    }
    return left;
}

int dm_text_tables(const char *p, size_t n, unsigned min_columns, unsigned max_columns,
                   struct dm_buf *out)
{
    struct dm_buf *list = dm_scratch_get(DM_SCRATCH_ROWS);
    long candidates = read_rows(p, n, list);
    if (candidates < 2)
        return candidates < 0 ? DM_EMEMORY : 0;
    struct row *rows = (struct row *)(void *)list->p;
    size_t count = list->n / sizeof *rows, before = count;
    for (unsigned columns = min_columns; columns <= max_columns && count > 1; columns++)
        count = drop_tables(rows, count, columns - 1);
    if (count == before)
        return 0;
    dm_buf_clear(out);
    for (size_t i = 0; i < count; i++)
        if (!dm_buf_add(out, p + rows[i].start, rows[i].end - rows[i].start))
            return DM_EMEMORY;
    return 1;
}
