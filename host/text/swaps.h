/* Replacing texts one after the other, as a list of calls of Python's re.sub does: each replaces
 * what the calls before it left, and what they put there counts as its neighbour. That takes linear
 * time here. */
#ifndef DM_TEXT_SWAPS_H
#define DM_TEXT_SWAPS_H

#include "base/buf.h"

/* No text that is replaced may be longer. */
enum { DM_SWAP_LONGEST = 255 };

struct dm_swap {
    const char *mark;                /* what is put in a text's place; ASCII */
    bool (*may_precede)(uint32_t c); /* the code point before; DM_CHAR_END at the start */
    bool (*may_follow)(uint32_t c);
    bool once;      /* each call replaces one occurrence, not all */
    bool adjoining; /* a text may begin right behind another one */
};

/* Runs the calls: `calls` holds a struct dm_text_span for each, where its text stands. Returns 1, 0
 * when nothing was replaced, DM_EMEMORY. */
int dm_swap_all(const struct dm_swap *swap, const char *p, size_t n, const struct dm_buf *calls,
                struct dm_buf *out);

#endif
