/* The first rows of a file, for who only wants to know what they look like. */
#include "base/buf.h"
#include "io/input.h"

static bool is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p == end;
}

/* Adds the rows at hand until `left` is 0. */
static int add_rows(struct dm_input *in, uint64_t *left, struct dm_buf *out, struct dm_error *err)
{
    while (*left && dm_input_ready(in)) {
        const char *p = in->buf + in->at;
        const char *end = memchr(p, '\n', in->complete - in->at);
        uint64_t offset = dm_input_offset(in);
        dm_input_take(in, end);
        if (is_blank(p, end) || (size_t)(end - p) > in->row_bytes)
            continue;
        if (!dm_buf_printf(out, "%llu ", (unsigned long long)offset) ||
            !dm_buf_add(out, p, (size_t)(end - p) + 1))
            return dm_fail_memory(err);
        --*left;
    }
    return DM_OK;
}

int dm_peek_rows(const char *path, uint64_t most, uint64_t row_bytes, struct dm_buf *out,
                 struct dm_error *err)
{
    struct dm_input in = {.row_bytes = row_bytes};
    int rc = dm_input_open(&in, path, 0, err), filled = DM_INPUT_ROWS;
    while (rc == DM_OK && most && filled > DM_INPUT_END) {
        rc = add_rows(&in, &most, out, err);
        filled = rc == DM_OK && most ? dm_input_fill(&in, err) : DM_INPUT_END;
    }
    dm_input_finish(&in);
    return filled < 0 ? filled : rc;
}
