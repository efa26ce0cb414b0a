/* MinHash of a text's sentences, as DataMate takes it with datasketch: the first four bytes of each
 * sentence's SHA-1, through 128 permutations. */
#include "base/nettle.h"
#include "text/chars.h"
#include "text/minhash_table.h"

enum { DIGEST_HEAD = 4 };

/* 2^61 - 1 */
static const uint64_t PRIME = (UINT64_C(1) << 61) - 1;

/* Characters beyond ASCII that end a sentence: 。？！，；：（）【】“”‘’ */
static const uint16_t ENDS[] = {0x3002, 0xFF1F, 0xFF01, 0xFF0C, 0xFF1B, 0xFF1A, 0xFF08,
                                0xFF09, 0x3010, 0x3011, 0x201C, 0x201D, 0x2018, 0x2019};

static bool ends_sentence(uint32_t c)
{
    if (c < 0x80)
        return c && strchr(".?!,;:(){}[]'/\n", (int)c) != NULL;
    for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++)
        if (ENDS[i] == c)
            return true;
    return false;
}

static void add_token(const char *p, size_t n, uint32_t signature[DM_MINHASH])
{
    struct dm_text_span span;
    struct sha1_ctx sha;
    uint8_t head[DIGEST_HEAD];
    dm_text_strip(p, n, &span);
    dm_nettle.sha1->init(&sha);
    dm_nettle.sha1->update(&sha, span.end - span.start, (const uint8_t *)p + span.start);
    dm_nettle.sha1->digest(&sha, sizeof head, head);
    uint64_t h = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
                 (uint32_t)head[3] << 24;
    for (size_t i = 0; i < DM_MINHASH; i++) {
        uint64_t v = PERMUTATIONS[i].a * h + PERMUTATIONS[i].b; /* wraps, as numpy's does */
        v = (v & PRIME) + (v >> 61);
        v = v >= PRIME ? v - PRIME : v;
        if ((uint32_t)v < signature[i])
            signature[i] = (uint32_t)v;
    }
}

int dm_minhash_sentences(const char *p, size_t n, uint32_t signature[DM_MINHASH],
                         struct dm_error *err)
{
    struct dm_text_span all;
    int rc = dm_nettle_load(err);
    if (rc)
        return rc;
    dm_text_strip(p, n, &all);
    memset(signature, 0xff, DM_MINHASH * sizeof *signature);
    size_t from = all.start, size;
    for (size_t i = all.start; i < all.end; i += size) {
        uint32_t c = dm_char_at(p, all.end, i, &size);
        if (!ends_sentence(c))
            continue;
        add_token(p + from, i - from, signature);
        from = i + size;
    }
    add_token(p + from, all.end - from, signature);
    return DM_OK;
}
