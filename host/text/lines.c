/* str.splitlines of Python. */
#include "text/chars.h"
#include "text/scratch.h"

/* Bytes of the line end at i, 0 when there is none. */
static size_t line_end(const char *p, size_t n, size_t i)
{
    const unsigned char *u = (const unsigned char *)p + i;
    switch (u[0]) {
    case '\r':
        return i + 1 < n && u[1] == '\n' ? 2 : 1;
    case '\n':
    case '\v':
    case '\f':
    case 0x1C:
    case 0x1D:
    case 0x1E:
        return 1;
    case 0xC2:
        return u[1] == 0x85 ? 2 : 0;
    case 0xE2:
        return u[1] == 0x80 && (u[2] == 0xA8 || u[2] == 0xA9) ? 3 : 0;
    default:
        return 0;
    }
}

int dm_text_lines(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_text_span line = {0, 0};
    dm_buf_clear(out);
    for (size_t i = 0, size; i < n; i += size ? size : 1) {
        size = line_end(p, n, i);
        if (!size)
            continue;
        line.end = i;
        if (!dm_buf_add(out, &line, sizeof line))
            return DM_EMEMORY;
        line.start = i + size;
    }
    line.end = n;
    if (line.start < n && !dm_buf_add(out, &line, sizeof line))
        return DM_EMEMORY;
    return DM_OK;
}
