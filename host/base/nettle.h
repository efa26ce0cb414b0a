/* Nettle, loaded when a digest is first taken. */
#ifndef DM_BASE_NETTLE_H
#define DM_BASE_NETTLE_H

#include "base/error.h"

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

/* What it says of its hashes, and the functions that are used. */
struct dm_nettle {
    const struct nettle_hash *md5, *sha1, *sha256;
    __typeof__(&nettle_hmac_sha256_set_key) hmac_set_key;
    __typeof__(&nettle_hmac_sha256_update) hmac_update;
    __typeof__(&nettle_hmac_sha256_digest) hmac_digest;
    __typeof__(&nettle_memeql_sec) memeql;
};

/* What dm_nettle_load found. */
extern struct dm_nettle dm_nettle;

/* Loads nettle, once. DM_EUSAGE with a message when it is not there. */
int dm_nettle_load(struct dm_error *err);

#endif
