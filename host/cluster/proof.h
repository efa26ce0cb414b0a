/* How coordinator and worker host prove to each other that they know a token, without telling it. A
 * token is HMAC-SHA256 of a worker host's name under the run's secret, so that the coordinator need
 * not remember any. */
#ifndef DM_CLUSTER_PROOF_H
#define DM_CLUSTER_PROOF_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* The version of what is said; a worker host that speaks another is refused. */
enum { DM_PROTOCOL = 1 };

enum { DM_KEY_BYTES = 32, DM_NAME_BYTES = 64 };

/* A key, random number or proof. */
struct dm_key {
    uint8_t bytes[DM_KEY_BYTES];
};

enum dm_side { DM_SIDE_HOST, DM_SIDE_COORDINATOR };

/* Fills a key with randomness. Must have been called before tokens and proofs are made: it loads
 * the library that makes them. */
int dm_key_random(struct dm_key *key, struct dm_error *err);

/* The key as 64 hexadecimal digits and a NUL, and back; false when the text is not that. */
void dm_key_hex(const struct dm_key *key, char text[2 * DM_KEY_BYTES + 1]);
bool dm_key_parse(const char *text, struct dm_key *key);

/* Compares in a time that does not depend on the content. */
bool dm_key_equal(const struct dm_key *a, const struct dm_key *b);

/* The token of the worker host of that name. */
struct dm_key dm_token(const struct dm_key *secret, const char *name);

/* What `side` shows the other, which gave a random number for it. */
struct dm_key dm_proof(const struct dm_key *token, enum dm_side side, const char *name,
                       const struct dm_key *host_random, const struct dm_key *coordinator_random);

#endif
