#include "text/codepage.h"

#include "text/chars.h"
#include "text/charmap_table.h"

#include <string.h>

enum { MOST_CHARS = 1024, PLANE = 0x10000, SUBSTITUTE = 0x1A, REPLACEMENT = 0xFFFD };

struct entry {
    uint16_t pages;
    uint8_t clues;
    uint8_t bytes[DM_PAGES];
};

/* Characters beyond ASCII that some page holds; entry 0 is all others. */
static struct entry entries[MOST_CHARS];
static uint16_t entry_of[PLANE];
static size_t nentries;

bool dm_codepage_is_windows(int page)
{
    return page >= DM_PAGE_1252 && page <= DM_PAGE_1257;
}

uint32_t dm_codepage_char(int page, uint8_t byte)
{
    if (byte == SUBSTITUTE && dm_codepage_is_windows(page))
        return REPLACEMENT;
    return byte < 128 || page == DM_PAGE_LATIN1 ? byte : charmap_pages[page - 1][byte - 128];
}

/* Dashes, quotation marks, the bullet and the ellipsis. */
static bool often_meant(uint32_t c)
{
    return (c >= 0x2013 && c <= 0x2015) || (c >= 0x2018 && c <= 0x201A) ||
           (c >= 0x201C && c <= 0x201E) || c == 0x2022 || c == 0x2026;
}

static unsigned clues_of(uint32_t c, uint8_t byte)
{
    if (byte < 0x80)
        return 0;
    if (byte < 0xC0)
        return often_meant(c) ? DM_CLUE_CONTINUES : DM_CLUE_CONTINUES | DM_CLUE_STRICT;
    if (byte >= 0xC2 && byte < 0xE0)
        return DM_CLUE_FIRST_OF_2;
    if (byte >= 0xE0 && byte < 0xF0)
        return DM_CLUE_FIRST_OF_3;
    return byte == 0xF0 || byte == 0xF3 ? DM_CLUE_FIRST_OF_4 : 0;
}

static void add_byte(int page, uint8_t byte)
{
    uint32_t c = dm_codepage_char(page, byte);
    if (c < 128)
        return;
    if (!entry_of[c])
        entry_of[c] = (uint16_t)++nentries;
    struct entry *e = &entries[entry_of[c]];
    e->pages |= (uint16_t)(1u << page);
    e->bytes[page] = byte;
    if (page <= DM_PAGE_1257)
        e->clues |= (uint8_t)clues_of(c, byte);
}

static const struct entry *find(uint32_t c)
{
    if (!nentries)
        for (int page = 0; page < DM_PAGES; page++)
            for (unsigned byte = SUBSTITUTE; byte < 256; byte++)
                add_byte(page, (uint8_t)byte);
    return &entries[c < PLANE ? entry_of[c] : 0];
}

/* Bit set of the pages that hold a character. */
static unsigned pages_of(uint32_t c)
{
    const unsigned all = (1u << DM_PAGES) - 1, windows = 0x7Eu;
    if (c < 128)
        return c == SUBSTITUTE ? all & ~windows : all;
    return find(c)->pages;
}

unsigned dm_codepage_of_text(const char *p, size_t n)
{
    unsigned pages = ~0u;
    for (size_t i = 0, size; i < n && pages; i += size)
        pages &= pages_of(dm_char_read(p + i, &size));
    return pages;
}

unsigned dm_codepage_clues(uint32_t c)
{
    return c == ' ' ? DM_CLUE_CONTINUES : c < 128 ? 0 : find(c)->clues;
}

bool dm_codepage_encode(int page, const char *p, size_t n, struct dm_buf *out)
{
    if (!dm_buf_reserve(out, n))
        return false;
    for (size_t i = 0, size; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        out->p[out->n++] = (char)(c < 128 ? c : find(c)->bytes[page]);
    }
    return true;
}
