/* Case of blocks of text, for text/case.c. */
#ifndef DM_TEXT_CASE_H
#define DM_TEXT_CASE_H

#include <stdbool.h>
#include <stddef.h>

/* What becomes of ASCII and of characters of two bytes, by the low bits of their bytes. */
struct dm_case_pairs {
    char from, to; /* ASCII letters that change, by the distance */
    char distance;
    char first[32][64];  /* the first byte */
    char second[32][64]; /* the second one; 0: it does not become two bytes, or depends on others */
};

/* Maps n bytes to `to`, where there must be room for n + 64, up to the first character whose
 * mapping the pairs do not know. Returns how many bytes were mapped, which are as many as they
 * were; *changed is set when they became others. Needs AVX-512 with VBMI. */
size_t dm_case_avx512(const struct dm_case_pairs *pairs, const char *p, size_t n, char *to,
                      bool *changed);

#endif
