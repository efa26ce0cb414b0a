/* What the 64 bytes of a block are; bit i stands for byte i. */
#ifndef DM_JSON_KERNEL_MASKS_H
#define DM_JSON_KERNEL_MASKS_H

#include "json/kernel.h"
#include "json/tree.h"

struct masks {
    uint64_t quote, backslash, control;
};

/* What counts in a string with escapes: `stop` is a quote or below 0x20, `simple` may follow a
 * backslash. */
struct marks {
    uint64_t backslash, stop, simple;
};

/* 'u', which may follow one too, and what must follow that. */
struct escapes {
    uint64_t u, hex;
};

/* Classes of bytes, asked for by both halves of a byte; a byte is in a class when both tables have
 * it. */
enum {
    DM_DIGIT = 1,
    DM_HEX_LETTER = 2,
    DM_ESCAPE_2 = 4,  /* '"' and '/' */
    DM_ESCAPE_5 = 8,  /* '\\' */
    DM_ESCAPE_6 = 16, /* b f n */
    DM_ESCAPE_7 = 32, /* r t */
    DM_ESCAPE_U = 64,
    DM_ANY_HEX = DM_DIGIT | DM_HEX_LETTER,
    DM_ANY_SIMPLE = DM_ESCAPE_2 | DM_ESCAPE_5 | DM_ESCAPE_6 | DM_ESCAPE_7
};

extern const uint8_t dm_json_by_low[16], dm_json_by_high[16];

/* What the byte behind a backslash stands for; 'u' and invalid ones are 0. */
extern const char dm_json_unescaped[256];

/* Of the bytes below 0x20, the letter that stands behind a backslash for them, or 0. */
extern const char dm_json_letters[64];

/* How a byte is written in a string; the last byte is the length. */
extern const char dm_json_escaped[256][8];

#endif
