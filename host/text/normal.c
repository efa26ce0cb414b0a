/* Unicode normalisation by utf8proc, which only this file knows.
 *
 * Most characters are inert: they do not decompose, and do not combine with what stands before
 * them. Only the others are normalised, in runs, each together with the character before it; memory
 * is bounded by the longest run. utf8proc orders combining marks by exchanging neighbours, in
 * quadratic time; long rows of marks are counted into place here. */
#include "text/normal.h"

#include "text/chars.h"
#include "text/scratch.h"

#include <utf8proc.h>

enum { DECOMPOSED_MOST = 32, SORT_SHORT = 16, CLASSES = 256 };

static utf8proc_option_t options_of(int form)
{
    utf8proc_option_t options = UTF8PROC_STABLE;
    options |= form == DM_NFC || form == DM_NFKC ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
    return form == DM_NFKC || form == DM_NFKD ? options | UTF8PROC_COMPAT : options;
}

bool dm_char_is_alnum(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
           (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO);
}

bool dm_char_is_alpha(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool dm_char_is_upper(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LU;
}

int dm_char_columns(uint32_t c)
{
    return utf8proc_charwidth((utf8proc_int32_t)c);
}

/* Characters that are inert for NFC, beside Latin and Chinese ones. */
static const uint32_t inert_ranges[][2] = {
    {0x388, 0x3FF},   {0x400, 0x482},   {0x48A, 0x52F},   {0x531, 0x590},   {0x5D0, 0x5EA},
    {0x620, 0x64A},   {0x660, 0x66F},   {0x904, 0x939},   {0xE01, 0xE37},   {0xE3F, 0xE47},
    {0x1E00, 0x1EFF}, {0x2010, 0x20CF}, {0x2190, 0x2328}, {0x2400, 0x2ADB}, {0x3001, 0x3029},
    {0x3030, 0x3098}, {0x30A0, 0x318E}, {0xAC00, 0xD7A3}, {0xFF01, 0xFFEF}, {0x1F000, 0x1FAFF},
};

static bool in_ranges(uint32_t c)
{
    size_t low = 0, n = sizeof inert_ranges / sizeof *inert_ranges;
    while (n > 0) {
        size_t half = n / 2;
        if (inert_ranges[low + half][1] < c) {
            low += half + 1;
            n -= half + 1;
        } else if (inert_ranges[low + half][0] > c) {
            n = half;
        } else {
            return true;
        }
    }
    return false;
}

/* Whether a character is known to be inert. */
static inline bool is_inert(uint32_t c, int form)
{
    if (c < 0x80 || (c >= 0x3400 && c <= 0x9FFF))
        return true;
    return form == DM_NFC && (c < 0x300 || in_ranges(c));
}

bool dm_char_is_inert(uint32_t c, int form)
{
    return is_inert(c, form);
}

static int class_of(utf8proc_int32_t c)
{
    return utf8proc_get_property(c)->combining_class;
}

static void sort_short(utf8proc_int32_t *marks, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        utf8proc_int32_t mark = marks[i];
        size_t at = i;
        for (; at > 0 && class_of(marks[at - 1]) > class_of(mark); at--)
            marks[at] = marks[at - 1];
        marks[at] = mark;
    }
}

/* Counts marks into place, keeping the order of equals. */
static bool sort_long(utf8proc_int32_t *marks, size_t n)
{
    size_t starts[CLASSES + 1] = {0};
    utf8proc_int32_t *sorted = dm_scratch_room(DM_SCRATCH_SLOTS, n * sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t i = 0; i < n; i++)
        starts[class_of(marks[i]) % CLASSES + 1]++;
    for (int k = 1; k <= CLASSES; k++)
        starts[k] += starts[k - 1];
    for (size_t i = 0; i < n; i++)
        sorted[starts[class_of(marks[i]) % CLASSES]++] = marks[i];
    memcpy(marks, sorted, n * sizeof *marks);
    return true;
}

/* Puts each row of combining marks in the order of their classes. */
static bool order_marks(utf8proc_int32_t *chars, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        if (class_of(chars[i]) == 0)
            continue;
        while (end < n && class_of(chars[end]) != 0)
            end++;
        if (end - i <= SORT_SHORT)
            sort_short(chars + i, end - i);
        else if (!sort_long(chars + i, end - i))
            return false;
    }
    return true;
}

/* Decomposes a text into code points. */
static bool decompose(const char *p, size_t n, utf8proc_option_t options, struct dm_buf *chars)
{
    int boundary = 0;
    size_t size;
    options &= ~(utf8proc_option_t)UTF8PROC_COMPOSE;
    dm_buf_clear(chars);
    for (size_t i = 0; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        if (!dm_buf_reserve(chars, DECOMPOSED_MOST * sizeof(utf8proc_int32_t)))
            return false;
        utf8proc_ssize_t count = utf8proc_decompose_char(
            (utf8proc_int32_t)c, (utf8proc_int32_t *)(void *)(chars->p + chars->n), DECOMPOSED_MOST,
            options | UTF8PROC_DECOMPOSE, &boundary);
        chars->n += (size_t)count * sizeof(utf8proc_int32_t);
    }
    return true;
}

/* Appends the normal form of a text. */
static bool add_normal(const char *p, size_t n, utf8proc_option_t options, struct dm_buf *out)
{
    struct dm_buf *list = dm_scratch_get(DM_SCRATCH_ROWS);
    if (!decompose(p, n, options, list))
        return false;
    utf8proc_int32_t *chars = (utf8proc_int32_t *)(void *)list->p;
    utf8proc_ssize_t count = (utf8proc_ssize_t)(list->n / sizeof *chars);
    if (!order_marks(chars, (size_t)count))
        return false;
    if (options & UTF8PROC_COMPOSE)
        count = utf8proc_normalize_utf32(chars, count, options);
    if (!dm_buf_reserve(out, 4 * (size_t)count))
        return false;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        out->n += dm_char_write(out->p + out->n, (uint32_t)chars[i]);
    return true;
}

/* Goes on to the first character that is not inert; the start of the one before goes to *last. */
static size_t skip_inert(const char *p, size_t n, size_t i, int form, size_t *last)
{
    for (size_t size, end; i < n; i += size) {
        end = dm_char_skip_ascii(p, n, i);
        if (end > i)
            *last = end - 1;
        i = end;
        if (i == n || !is_inert(dm_char_read(p + i, &size), form))
            break;
        *last = i;
    }
    return i;
}

static size_t skip_others(const char *p, size_t n, size_t i, int form)
{
    for (size_t size; i < n; i += size)
        if (is_inert(dm_char_read(p + i, &size), form))
            break;
    return i;
}

int dm_text_normalize(const char *p, size_t n, int form, struct dm_buf *out)
{
    utf8proc_option_t options = options_of(form);
    size_t base = 0, from = 0;
    size_t i = skip_inert(p, n, 0, form, &base);
    if (i == n)
        return 0;
    dm_buf_clear(out);
    while (i < n) {
        size_t end = skip_others(p, n, i, form);
        if (!dm_buf_add(out, p + from, base - from) ||
            !add_normal(p + base, end - base, options, out))
            return DM_EMEMORY;
        from = base = end;
        i = skip_inert(p, n, end, form, &base);
    }
    if (!dm_buf_add(out, p + from, n - from))
        return DM_EMEMORY;
    return out->n != n || memcmp(out->p, p, n) != 0;
}
