/* A seed for hashes of texts that others choose: collisions can not be prepared beforehand. */
#ifndef DM_BASE_SEED_H
#define DM_BASE_SEED_H

#include <stdint.h>

/* The same during the life of this process, and another in the next. */
uint64_t dm_seed(void);

#endif
