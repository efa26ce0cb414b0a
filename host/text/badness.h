/* Whether a text looks as if it had been read by a wrong code page. */
#ifndef DM_TEXT_BADNESS_H
#define DM_TEXT_BADNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a text may look so because of this character. */
bool dm_badness_is_clue(uint32_t c);

/* is_bad of ftfy 6.3.1: whether neighbours stand in the text that one hardly ever writes. */
bool dm_badness_is_bad(const char *p, size_t n);

#endif
