#include "base/nettle.h"

#include "base/library.h"

struct dm_nettle dm_nettle;

static const struct dm_symbol symbols[] = {
    {"nettle_md5", offsetof(struct dm_nettle, md5)},
    {"nettle_sha1", offsetof(struct dm_nettle, sha1)},
    {"nettle_sha256", offsetof(struct dm_nettle, sha256)},
    {"nettle_hmac_sha256_set_key", offsetof(struct dm_nettle, hmac_set_key)},
    {"nettle_hmac_sha256_update", offsetof(struct dm_nettle, hmac_update)},
    {"nettle_hmac_sha256_digest", offsetof(struct dm_nettle, hmac_digest)},
    {"nettle_memeql_sec", offsetof(struct dm_nettle, memeql)},
};

static struct dm_library library = {.file = "libnettle.so.8",
                                    .package = "libnettle8",
                                    .table = &dm_nettle,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

int dm_nettle_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}
