/* UTF-8: every kernel and a slow reading agree. */
#include "base/utf8.h"
#include "fuzz.h"
#include "naive_utf8.h"
#include "utf8_kernels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned times = take_byte(&data, &n) % 8 + 1;
    char *text = malloc(n * times + 1);
    must(text, "memory");
    for (unsigned i = 0; i < times; i++)
        memcpy(text + i * n, data, n);
    char *p = exact_copy(text, n * times);
    size_t want = naive_utf8(p, n * times);
    must(dm_utf8_check(p, n * times) == want, "should be %zu", want);
    for (int i = 0; i < UTF8_KERNELS; i++)
        if (utf8_kernel_at(i))
            must(utf8_kernel_at(i)(p, n * times) == want, "kernel %d: should be %zu", i, want);
    free(p);
    free(text);
    return 0;
}
