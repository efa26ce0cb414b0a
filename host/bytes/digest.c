/* Digests, as hexadecimal digits. Nettle's, which use the processor's instructions for SHA. */
#include "base/buf.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <xxhash.h>

static void take_md5(const uint8_t *p, size_t n, uint8_t *digest)
{
    struct md5_ctx c;
    md5_init(&c);
    md5_update(&c, n, p);
    md5_digest(&c, MD5_DIGEST_SIZE, digest);
}

static void take_sha1(const uint8_t *p, size_t n, uint8_t *digest)
{
    struct sha1_ctx c;
    sha1_init(&c);
    sha1_update(&c, n, p);
    sha1_digest(&c, SHA1_DIGEST_SIZE, digest);
}

static void take_sha256(const uint8_t *p, size_t n, uint8_t *digest)
{
    struct sha256_ctx c;
    sha256_init(&c);
    sha256_update(&c, n, p);
    sha256_digest(&c, SHA256_DIGEST_SIZE, digest);
}

static void take_xxh3(const uint8_t *p, size_t n, uint8_t *digest)
{
    XXH64_canonical_t canonical;
    XXH64_canonicalFromHash(&canonical, XXH3_64bits(p, n));
    memcpy(digest, canonical.digest, sizeof canonical.digest);
}

int dm_digest(const char *p, size_t n, int kind, struct dm_buf *out)
{
    static const struct {
        void (*take)(const uint8_t *p, size_t n, uint8_t *digest);
        size_t bytes;
    } kinds[] = {
        [DM_DIGEST_MD5] = {take_md5, MD5_DIGEST_SIZE},
        [DM_DIGEST_SHA1] = {take_sha1, SHA1_DIGEST_SIZE},
        [DM_DIGEST_SHA256] = {take_sha256, SHA256_DIGEST_SIZE},
        [DM_DIGEST_XXH3] = {take_xxh3, sizeof(XXH64_canonical_t)},
    };
    uint8_t digest[SHA256_DIGEST_SIZE];
    kinds[kind].take((const uint8_t *)p, n, digest);
    return dm_hex_encode((const char *)digest, kinds[kind].bytes, out);
}
