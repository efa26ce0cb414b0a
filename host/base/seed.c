#include "base/seed.h"

#include <sys/random.h>

uint64_t dm_seed(void)
{
    static uint64_t seed;
    if (!seed && getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = 0x9E3779B97F4A7C15;
    return seed;
}
