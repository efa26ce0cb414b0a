/* Edits that the bytes decide, done to a sample and to a second tree (naive_edit.h). */
#include "fuzz.h"
#include "json/index.h"
#include "json_kernels.h"
#include "naive_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct dm_sample *sample;
    size_t size = take_byte(&data, &n);
    const uint8_t *end = data + n;
    must(sample || (sample = dm_sample_create()), "memory");
    size = size < n ? size : n;
    dm_index_always = size % 2;
    char *row = exact_copy(data, size);
    for (int i = 0; i < KERNELS; i++)
        if (kernel_at(i)) {
            dm_json_force_kernel(kernel_at(i));
            const char *wrong = edits_run(sample, row, size, data + size, end);
            must(!wrong, "%s", wrong);
        }
    free(row);
    return 0;
}
