#include "text/chars.h"

#include "text/class_table.h"
#include "lua/ffi.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

size_t dm_char_write(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

uint32_t dm_text_point(const char *p)
{
    size_t size;
    return dm_char_read(p, &size);
}

/* Word by word: some ranges hold half of what there is. */
static void add_range(uint64_t *set, uint32_t first, uint32_t last)
{
    uint64_t head = UINT64_MAX << (first % 64), tail = UINT64_MAX >> (63 - last % 64);
    size_t from = first / 64, to = last / 64;
    if (from == to) {
        set[from] |= head & tail;
        return;
    }
    set[from] |= head;
    for (size_t i = from + 1; i < to; i++)
        set[i] = UINT64_MAX;
    set[to] |= tail;
}

static void add_ranges(uint64_t *set, const uint32_t ranges[][2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_range(set, ranges[i][0], ranges[i][1]);
}

static unsigned lead_of(uint32_t c)
{
    char bytes[4];
    dm_char_write(bytes, c);
    return (unsigned char)bytes[0];
}

static void add_leads(struct dm_classes *k)
{
    for (unsigned i = 0; i < 4; i++)
        k->special_high[12 + i] = (uint8_t)(1u << i);
    for (size_t i = 0; i < COUNT(special_ranges); i++) {
        uint32_t first = special_ranges[i][0], last = special_ranges[i][1];
        for (unsigned lead = lead_of(first < 0x80 ? 0x80 : first); lead <= lead_of(last); lead++)
            k->special_low[lead & 15] |= k->special_high[lead >> 4];
    }
}

const struct dm_classes *dm_classes(void)
{
    static struct dm_classes k;
    static bool ready;
    if (!ready) {
        add_ranges(k.word, word_ranges, COUNT(word_ranges));
        add_ranges(k.alnum, alnum_ranges, COUNT(alnum_ranges));
        add_ranges(k.special, special_ranges, COUNT(special_ranges));
        add_leads(&k);
        ready = true;
    }
    return &k;
}

static bool in_ranges(const uint32_t ranges[][2], size_t n, uint32_t c)
{
    size_t low = 0;
    while (n > 0) {
        size_t half = n / 2;
        if (ranges[low + half][1] < c) {
            low += half + 1;
            n -= half + 1;
        } else if (ranges[low + half][0] > c) {
            n = half;
        } else {
            return true;
        }
    }
    return false;
}

bool dm_char_is_wide_space(uint32_t c)
{
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool dm_char_is_digit(uint32_t c)
{
    if (c < 0x80)
        return c >= '0' && c <= '9';
    return in_ranges(digit_ranges, COUNT(digit_ranges), c);
}

/* Each range holds whole sets of ten digits. */
int dm_char_digit(uint32_t c)
{
    if (!dm_char_is_digit(c))
        return -1;
    size_t i = 0;
    while (digit_ranges[i][1] < c)
        i++;
    return (int)((c - digit_ranges[i][0]) % 10);
}

bool dm_char_is_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
    return in_ranges(alnum_ranges, COUNT(alnum_ranges), c);
}

bool dm_char_is_cased(uint32_t c)
{
    return in_ranges(cased_ranges, COUNT(cased_ranges), c);
}

bool dm_char_is_case_ignorable(uint32_t c)
{
    return in_ranges(ignorable_ranges, COUNT(ignorable_ranges), c);
}
