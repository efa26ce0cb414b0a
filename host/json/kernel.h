/* The loops over bytes, one set of them for each kind of machine. The code is the same text
 * compiled over different definitions of "64 bytes at once", see kernel_body.h. */
#ifndef DM_JSON_KERNEL_H
#define DM_JSON_KERNEL_H

#include "json/sample.h"

enum dm_json_fault {
    DM_JSON_OK,
    DM_JSON_VALUE,   /* expected a value */
    DM_JSON_KEY,     /* expected a key */
    DM_JSON_COLON,   /* expected ':' */
    DM_JSON_COMMA,   /* expected ',' or the closing bracket */
    DM_JSON_CONTROL, /* raw control character in a string */
    DM_JSON_OPEN,    /* string has no end */
    DM_JSON_ESCAPE,  /* unknown escape */
    DM_JSON_HEX,     /* \u without four hexadecimal digits */
    DM_JSON_NUMBER,  /* malformed number */
    DM_JSON_WORD,    /* not true, false, null */
    DM_JSON_DEEP,    /* over the limit on nesting */
    DM_JSON_MEMORY
};

struct dm_json_kernel {
    /* Parses the value at p and appends it and what is inside to s->values. Offsets count from
     * base; flags is DM_VALUE_OWN or 0. *at becomes the end of the value, or where the fault is. A
     * '\n' must come, and 64 bytes behind it must be readable. */
    enum dm_json_fault (*parse)(struct dm_sample *s, const char *base, const char *p, uint8_t flags,
                                const char **at);

    /* Undoes the escapes of n valid bytes at p, of which 64 more must be readable. There must be
     * room for n + 64 bytes at out. Returns the number of bytes written; *unpaired becomes the
     * offset of the first escape that is an unpaired surrogate (which is written as three bytes),
     * or n. */
    size_t (*unescape)(const char *p, size_t n, char *out, size_t *unpaired);

    /* Escapes n bytes at p, of which 64 more must be readable, to out, where there must be room for
     * 6 n + 128. Returns the number of bytes written. */
    size_t (*escape)(const char *p, size_t n, char *out);
};

extern const struct dm_json_kernel dm_json_portable, dm_json_avx2, dm_json_avx512;

/* The best one for this machine. */
const struct dm_json_kernel *dm_json_kernel(void);

/* For tests: takes this one from now on; NULL: again the best one. */
void dm_json_force_kernel(const struct dm_json_kernel *kernel);

#endif
