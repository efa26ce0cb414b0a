/* Digests, as hexadecimal digits. Nettle's, which use the processor's instructions for SHA; loaded
 * when one is first asked for. */
#include "base/buf.h"
#include "base/error.h"
#include "base/library.h"

#include <nettle/md5.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <xxhash.h>

/* What nettle says of its algorithms; by DM_DIGEST_... */
static const struct nettle_hash *hashes[3];

static const struct dm_symbol symbols[] = {
    {"nettle_md5", DM_DIGEST_MD5 * sizeof *hashes},
    {"nettle_sha1", DM_DIGEST_SHA1 * sizeof *hashes},
    {"nettle_sha256", DM_DIGEST_SHA256 * sizeof *hashes},
};

static struct dm_library library = {.file = "libnettle.so.8",
                                    .package = "libnettle8",
                                    .table = hashes,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

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
    int rc = dm_library_load(&library, err);
    if (rc)
        return rc;
    const struct nettle_hash *hash = hashes[kind];
    hash->init(&context);
    hash->update(&context, n, (const uint8_t *)p);
    hash->digest(&context, hash->digest_size, digest);
    return dm_hex_encode((const char *)digest, hash->digest_size, out);
}
