#include "cluster/proof.h"

#include "base/nettle.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int dm_key_random(struct dm_key *key, struct dm_error *err)
{
    int rc = dm_nettle_load(err);
    if (rc)
        return rc;
    if (getrandom(key->bytes, sizeof key->bytes, 0) != sizeof key->bytes)
        return dm_fail_errno(err, DM_EIO, "there is no randomness");
    return DM_OK;
}

void dm_key_hex(const struct dm_key *key, char text[2 * DM_KEY_BYTES + 1])
{
    for (size_t i = 0; i < DM_KEY_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", key->bytes[i]);
}

bool dm_key_parse(const char *text, struct dm_key *key)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 2 * DM_KEY_BYTES)
        return false;
    for (size_t i = 0; i < 2 * DM_KEY_BYTES; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit)
            return false;
        key->bytes[i / 2] = (uint8_t)(key->bytes[i / 2] << 4 | (digit - digits));
    }
    return true;
}

bool dm_key_equal(const struct dm_key *a, const struct dm_key *b)
{
    return dm_nettle.memeql(a, b, sizeof *a);
}

struct dm_key dm_token(const struct dm_key *secret, const char *name)
{
    struct hmac_sha256_ctx c;
    struct dm_key token;
    dm_nettle.hmac_set_key(&c, sizeof secret->bytes, secret->bytes);
    dm_nettle.hmac_update(&c, strlen(name), (const uint8_t *)name);
    dm_nettle.hmac_digest(&c, sizeof token.bytes, token.bytes);
    return token;
}

struct dm_key dm_proof(const struct dm_key *token, enum dm_side side, const char *name,
                       const struct dm_key *host_random, const struct dm_key *coordinator_random)
{
    const char *who = side == DM_SIDE_HOST ? "dmhost worker host" : "dmhost coordinator";
    struct hmac_sha256_ctx c;
    struct dm_key proof;
    dm_nettle.hmac_set_key(&c, sizeof token->bytes, token->bytes);
    dm_nettle.hmac_update(&c, strlen(who) + 1, (const uint8_t *)who);
    dm_nettle.hmac_update(&c, sizeof host_random->bytes, host_random->bytes);
    dm_nettle.hmac_update(&c, sizeof coordinator_random->bytes, coordinator_random->bytes);
    dm_nettle.hmac_update(&c, strlen(name), (const uint8_t *)name);
    dm_nettle.hmac_digest(&c, sizeof proof.bytes, proof.bytes);
    return proof;
}
