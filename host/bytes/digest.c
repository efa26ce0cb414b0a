/* Digests, as hexadecimal digits. Nettle's, which use the processor's instructions for SHA; loaded
 * when one is first asked for. */
#include "base/buf.h"
#include "base/nettle.h"

#include <xxhash.h>

static int add_xxh3(const char *p, size_t n, struct dm_buf *out)
{
    XXH64_canonical_t canonical;
    XXH64_canonicalFromHash(&canonical, XXH3_64bits(p, n));
    return dm_hex_encode((const char *)canonical.digest, sizeof canonical.digest, out);
}

int dm_digest(const char *p, size_t n, int kind, struct dm_buf *out, struct dm_error *err)
{
    union {
        struct md5_ctx md5;
        struct sha1_ctx sha1;
        struct sha256_ctx sha256;
    } context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    if (kind == DM_DIGEST_XXH3)
        return add_xxh3(p, n, out);
    int rc = dm_nettle_load(err);
    if (rc)
        return rc;
    const struct nettle_hash *hash = kind == DM_DIGEST_MD5    ? dm_nettle.md5
                                     : kind == DM_DIGEST_SHA1 ? dm_nettle.sha1
                                                              : dm_nettle.sha256;
    hash->init(&context);
    hash->update(&context, n, (const uint8_t *)p);
    hash->digest(&context, hash->digest_size, digest);
    return dm_hex_encode((const char *)digest, hash->digest_size, out);
}
