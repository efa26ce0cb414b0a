/* The words of a text as Data-Juicer takes them: cut at space, newline and TAB only, in small
 * letters, without special characters at both ends; what becomes empty is no word. */
#ifndef DM_TEXT_WORDS_H
#define DM_TEXT_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct dm_word {
    uint32_t start, bytes; /* in the text in small letters */
    uint64_t hash;         /* dm_hash of them */
};

struct dm_words {
    const char *text;
    const struct dm_word *list;
    size_t n;
};

/* The words that dm_words_read found last. Borrowed until its next call. */
struct dm_words dm_words_last(void);

#endif
