/* Unicode normalisation, and what else only Unicode's database tells. */
#ifndef DM_TEXT_NORMAL_H
#define DM_TEXT_NORMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Letters and numbers of every kind: str.isalnum of Python. */
bool dm_char_is_alnum(uint32_t c);

/* Letters: str.isalpha of Python. Capital letters: Unicode's category Lu. */
bool dm_char_is_alpha(uint32_t c);
bool dm_char_is_upper(uint32_t c);

/* Whether a character is known to stay as it is in a form (DM_NFC, ...) and not to combine with
 * what stands before it. */
bool dm_char_is_inert(uint32_t c, int form);

#endif
