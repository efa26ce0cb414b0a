/* Files as samples for a loop in Lua; runs have the same list and the same rows. */
#include "io/inputs.h"

#include <stdlib.h>

struct dm_scan {
    struct dm_inputs inputs;
    size_t at;
};

struct dm_scan *dm_scan_create(void)
{
    struct dm_scan *s = calloc(1, sizeof *s);
    if (s)
        s->inputs.documents = true;
    return s;
}

void dm_scan_destroy(struct dm_scan *s)
{
    if (s)
        dm_inputs_finish(&s->inputs);
    free(s);
}

int dm_scan_add(struct dm_scan *s, const char *pattern, struct dm_error *err)
{
    return dm_inputs_add(&s->inputs, pattern, err);
}

int dm_scan_next(struct dm_scan *s, int content, double most, struct dm_buf *out,
                 struct dm_error *err)
{
    if (s->at == 0) {
        int rc = dm_inputs_sort(&s->inputs, err);
        if (rc)
            return rc;
    }
    if (s->at == s->inputs.n)
        return 0;
    const char *path = dm_inputs_path(&s->inputs, s->at++);
    int rc = dm_document_read(path, content, (size_t)most, out, err);
    return rc ? rc : 1;
}
