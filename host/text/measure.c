/* What DataMate's filters measure. */
#include "text/chars.h"
#include "text/scratch.h"

/* The spaces that its length filter does not count at the ends. */
static bool is_trimmed(uint32_t c)
{
    return c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200F) || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

double dm_text_trimmed_length(const char *p, size_t n)
{
    size_t start = 0, size;
    while (start < n && is_trimmed(dm_char_read(p + start, &size)))
        start += size;
    size_t newline = n > start && p[n - 1] == '\n', end = n - newline;
    while (end > start && is_trimmed(dm_char_before(p + end, &size)))
        end -= size;
    return dm_text_length(p + start, end - start) + (double)newline;
}

enum { FIRST_HAN = 0x4E00, LAST_HAN = 0x9FFF, HAN = LAST_HAN - FIRST_HAN + 1 };

/* Texts of fewer bytes clear the counts that they used, longer ones all. */
enum { SHORT_TEXT = 16 * 1024 };

static void clear_counts(uint32_t *counts, const char *p, size_t n)
{
    if (n > SHORT_TEXT) {
        memset(counts, 0, HAN * sizeof *counts);
        return;
    }
    for (size_t i = 0, size; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        if (c >= FIRST_HAN && c <= LAST_HAN)
            counts[c - FIRST_HAN] = 0;
    }
}

double dm_text_han_repetition(const char *p, size_t n)
{
    static uint32_t counts[HAN]; /* zero between calls */
    size_t total = 0, size;
    uint32_t most = 0;
    for (size_t i = 0; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        if (c < FIRST_HAN || c > LAST_HAN)
            continue;
        uint32_t count = ++counts[c - FIRST_HAN];
        most = count > most ? count : most;
        total++;
    }
    clear_counts(counts, p, n);
    return total ? (double)most / (double)total : -1;
}
