/* Code pages: what their bytes mean, and which of them hold a character.
 * As ftfy has them: a byte that a Windows page leaves out stands for the control character of the
 * same number, and byte 0x1A for U+FFFD. */
#ifndef DM_TEXT_CODEPAGE_H
#define DM_TEXT_CODEPAGE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they are tried. */
enum {
    DM_PAGE_LATIN1,
    DM_PAGE_1252,
    DM_PAGE_1251,
    DM_PAGE_1250,
    DM_PAGE_1253,
    DM_PAGE_1254,
    DM_PAGE_1257,
    DM_PAGE_LATIN2,
    DM_PAGE_MACROMAN,
    DM_PAGE_437,
    DM_PAGES
};

/* What a character may be when UTF-8 was read by one of the first seven pages: a byte of UTF-8. */
enum {
    DM_CLUE_FIRST_OF_2 = 1,
    DM_CLUE_FIRST_OF_3 = 2,
    DM_CLUE_FIRST_OF_4 = 4,
    DM_CLUE_CONTINUES = 8,
    DM_CLUE_STRICT = 16 /* continues, and is seldom meant as it stands */
};

/* Whether bytes that a page leaves out stand for control characters in it. */
bool dm_codepage_is_windows(int page);

/* Bit set of the pages that hold all characters of a text. */
unsigned dm_codepage_of_text(const char *p, size_t n);

/* DM_CLUE_ bits of a character. */
unsigned dm_codepage_clues(uint32_t c);

/* The character of a byte. */
uint32_t dm_codepage_char(int page, uint8_t byte);

/* Appends the bytes of a text that the page holds. False when memory is short. */
bool dm_codepage_encode(int page, const char *p, size_t n, struct dm_buf *out);

#endif
