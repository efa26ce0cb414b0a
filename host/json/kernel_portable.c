/* Eight bytes at a time in plain C. */
#include "json/kernel_masks.h"

#define TARGET
#define KERNEL dm_json_portable

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

static inline uint64_t load_8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The highest bit of each byte that is zero; exact, no borrow runs from one byte into the next. */
static inline uint64_t zero_bytes(uint64_t x)
{
    return ~(((x & ~HIGHS) + ~HIGHS) | x | ~HIGHS);
}

/* Gathers the highest bits of the bytes. */
static inline uint64_t gather(uint64_t highs)
{
    return ((highs >> 7) * 0x0102040810204080u) >> 56;
}

static inline struct masks masks_of(const char *p)
{
    struct masks m = {0, 0, 0};
    for (int i = 0; i < 64; i += 8) {
        uint64_t word = load_8(p + i);
        m.quote |= gather(zero_bytes(word ^ ONES * '"')) << i;
        m.backslash |= gather(zero_bytes(word ^ ONES * '\\')) << i;
        m.control |= gather(zero_bytes(word & (ONES * 0xE0))) << i;
    }
    return m;
}

/* Which bytes are in one of these classes. */
static inline uint64_t any_of(const char *p, unsigned classes)
{
    uint64_t any = 0;
    for (int i = 0; i < 64; i++) {
        unsigned char c = (unsigned char)p[i];
        unsigned in = dm_json_by_low[c & 15] & dm_json_by_high[c >> 4];
        any |= (uint64_t)((in & classes) != 0) << i;
    }
    return any;
}

static inline struct marks marks_of(const char *p)
{
    struct masks m = masks_of(p);
    return (struct marks){m.backslash, m.quote | m.control, any_of(p, DM_ANY_SIMPLE)};
}

static inline struct escapes escapes_of(const char *p)
{
    return (struct escapes){any_of(p, DM_ESCAPE_U), any_of(p, DM_ANY_HEX)};
}

static inline void copy_64(char *to, const char *from)
{
    memcpy(to, from, 64);
}

#include "json/kernel_body.h"
