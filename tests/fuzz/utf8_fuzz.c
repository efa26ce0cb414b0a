/* UTF-8: the AVX2 path, the portable one and a slow reading agree. */
#include "base/utf8.h"
#include "fuzz.h"
#include "naive_utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned times = take_byte(&data, &n) % 8 + 1;
    char *text = malloc(n * times + 1);
    must(text, "memory");
    for (unsigned i = 0; i < times; i++)
        memcpy(text + i * n, data, n);
    char *p = exact_copy(text, n * times);
    size_t want = naive_utf8(p, n * times);
    dm_utf8_force_portable(false);
    must(dm_utf8_check(p, n * times) == want, "should be %zu", want);
    dm_utf8_force_portable(true);
    must(dm_utf8_check(p, n * times) == want, "portable should be %zu", want);
    free(p);
    free(text);
    return 0;
}
