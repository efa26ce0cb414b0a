/* Rows: every kernel takes, refuses and decodes what the slow reader does, and writes what it read.
 */
#include "fuzz.h"
#include "json/tree.h"
#include "json_kernels.h"
#include "naive_sample.h"

static void read_row(const char *p, size_t n, unsigned depth)
{
    static struct dm_sample *sample;
    struct naive_reader reader = {0};
    struct dm_json_limits limits = {.depth = depth};
    struct dm_error err = {0};
    struct dm_buf out = {0};
    const char *end;
    char *row = malloc(n + 1 + DM_JSON_SLACK);
    must(row && (sample || (sample = dm_sample_create())), "memory");
    memcpy(row, p, n);
    row[n] = '\n';
    memset(row + n + 1, '"', DM_JSON_SLACK);
    struct naive *want = naive_parse(&reader, p, n, depth);
    bool taken = want && want->kind == DM_OBJECT;
    int rc = dm_sample_parse(sample, row, &end, &limits, false, &err);
    must(rc == (taken ? DM_OK : DM_EINPUT), "%s", taken ? err.text : "accepted");
    must(end == row + n, "the end is the newline");
    must(taken || !sample->values[0].child, "a refused row leaves an empty object");
    if (taken) {
        const char *what = naive_differs(sample, 0, want);
        must(!what, "%s differs", what);
        must(dm_sample_write(sample, &out, NULL) == DM_OK && out.n == want->raw.n &&
                 memcmp(out.p, want->raw.p, out.n) == 0,
             "written as it was read");
    }
    must((dm_sample_parse_text(sample, p, n, &limits, NULL) == DM_OK) ==
             (want && naive_container(want)),
         "as a text");
    dm_buf_finish(&out);
    naive_finish(&reader);
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned depth = take_byte(&data, &n) + 1;
    const uint8_t *newline = memchr(data, '\n', n);
    if (newline)
        n = (size_t)(newline - data);
    char *p = exact_copy(data, n);
    for (int i = 0; i < KERNELS; i++)
        if (kernel_at(i)) {
            dm_json_force_kernel(kernel_at(i));
            read_row(p, n, depth);
        }
    free(p);
    return 0;
}
