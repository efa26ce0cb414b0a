/* What fuzzers share: a check that ends the process, and the bytes that decide what is done. */
#ifndef DM_FUZZ_H
#define DM_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(cond, ...)                                                                            \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: must hold: %s: ", __FILE__, __LINE__, #cond);                  \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The first byte, taken off; 0 when there is none. */
static inline unsigned take_byte(const uint8_t **data, size_t *n)
{
    if (!*n)
        return 0;
    (*n)--;
    return *(*data)++;
}

/* A copy that ends where its memory ends; the caller frees it. */
static inline char *exact_copy(const void *p, size_t n)
{
    char *copy = malloc(n ? n : 1);
    must(copy, "memory");
    if (n)
        memcpy(copy, p, n);
    return copy;
}

/* Whether two texts are the same; p and q may be NULL when they are empty. */
static inline int same_bytes(const void *p, size_t n, const void *q, size_t m)
{
    return n == m && (n == 0 || memcmp(p, q, n) == 0);
}

#endif
