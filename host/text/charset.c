#include "text/charset.h"
#include "text/rewrite.h"

#include <stdlib.h>

static unsigned char lead_of(uint32_t c)
{
    char bytes[4];
    dm_char_write(bytes, c);
    return (unsigned char)bytes[0];
}

static size_t count_pages(const uint32_t *ranges, size_t n, uint16_t *page)
{
    size_t count = 1;
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = ranges[2 * i] >> 8; k <= ranges[2 * i + 1] >> 8; k++)
            if (!page[k])
                page[k] = (uint16_t)count++;
    return count;
}

static void add_range(struct dm_charset *set, uint32_t from, uint32_t to)
{
    for (uint32_t c = from; c <= to; c++) {
        set->bits[set->page[c >> 8]][c >> 6 & 3] |= 1ull << (c & 63);
        set->lead[lead_of(c)] = true;
    }
}

struct dm_charset *dm_charset_create(const uint32_t *ranges, size_t n)
{
    struct dm_charset *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->npages = count_pages(ranges, n, set->page);
    set->bits = calloc(set->npages, sizeof *set->bits);
    if (!set->bits) {
        free(set);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        add_range(set, ranges[2 * i], ranges[2 * i + 1]);
    return set;
}

void dm_charset_destroy(struct dm_charset *set)
{
    if (!set)
        return;
    free(set->bits);
    free(set);
}

/* The first byte from i on that may begin a member, or n. */
static size_t find_lead(const bool *lead, const char *p, size_t n, size_t i)
{
    const unsigned char *u = (const unsigned char *)p;
    while (n - i >= 4 && !(lead[u[i]] | lead[u[i + 1]] | lead[u[i + 2]] | lead[u[i + 3]]))
        i += 4;
    while (i < n && !lead[u[i]])
        i++;
    return i;
}

size_t dm_charset_find(const struct dm_charset *set, const char *p, size_t n, size_t i,
                       size_t *size, uint32_t *c)
{
    for (;; i += *size) {
        i = find_lead(set->lead, p, n, i);
        if (i >= n)
            return n;
        *c = dm_char_read(p + i, size);
        if (dm_charset_has(set, *c))
            return i;
    }
}

double dm_charset_count(const struct dm_charset *set, const char *p, size_t n)
{
    size_t count = 0, size = 0;
    uint32_t c;
    for (size_t i = 0; (i = dm_charset_find(set, p, n, i, &size, &c)) < n; i += size)
        count++;
    return (double)count;
}

int dm_charset_replace(const struct dm_charset *set, const char *p, size_t n, const char *repl,
                       size_t bytes, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    size_t size = 0;
    uint32_t c;
    for (size_t i = 0; (i = dm_charset_find(set, p, n, i, &size, &c)) < n; i += size)
        dm_rewrite_put(&w, i, i + size, repl, bytes);
    return dm_rewrite_end(&w);
}

/* Goes over the members that stand at byte i; returns where they end. */
static size_t skip_members(const struct dm_charset *set, const char *p, size_t n, size_t i)
{
    size_t size = 0;
    while (i < n && dm_charset_has(set, dm_char_read(p + i, &size)))
        i += size;
    return i;
}

int dm_charset_keep(const struct dm_charset *set, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    size_t size = 0;
    uint32_t c;
    for (size_t i = skip_members(set, p, n, 0); i < n;) {
        size_t next = dm_charset_find(set, p, n, i, &size, &c);
        dm_rewrite_put(&w, i, next, "", 0);
        i = skip_members(set, p, n, next);
    }
    return dm_rewrite_end(&w);
}

int dm_charset_shift(const struct dm_charset *set, const char *p, size_t n, int32_t distance,
                     struct dm_buf *out)
{
    struct dm_rewrite w = dm_rewrite_begin(p, n, out);
    size_t size = 0;
    uint32_t c;
    char bytes[4];
    for (size_t i = 0; (i = dm_charset_find(set, p, n, i, &size, &c)) < n; i += size)
        dm_rewrite_put(&w, i, i + size, bytes,
                       dm_char_write(bytes, (uint32_t)((int32_t)c + distance)));
    return dm_rewrite_end(&w);
}
