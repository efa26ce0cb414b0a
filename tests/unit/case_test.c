/* Every character is mapped as the tables say, wherever it stands among others. */
#include "text/chars.h"
#include "text/case_table.h"
#include "text/scratch.h"
#include "test.h"

enum { SIGMA = 0x3A3, PAD = 17, EDGE = 62, ROOM = 3 * EDGE };

#define COUNT(a) (sizeof(a) / sizeof *(a))

static size_t naive(const int32_t (*runs)[4], size_t nruns, const uint32_t (*more)[4], size_t nmore,
                    uint32_t c, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < nmore; i++)
        if (more[i][0] == c) {
            for (int k = 1; k < 4 && more[i][k]; k++)
                n += dm_char_write(out + n, more[i][k]);
            return n;
        }
    for (size_t i = 0; i < nruns; i++) {
        const int32_t *r = runs[i];
        int32_t x = (int32_t)c;
        if (x >= r[0] && x <= r[1] && (x - r[0]) % r[2] == 0)
            return dm_char_write(out, (uint32_t)(x + r[3]));
    }
    return dm_char_write(out, c);
}

static size_t mapped(uint32_t c, bool up, char *out)
{
    if (c < 0x80) /* the tables leave ASCII out */
        return dm_char_write(out, (c >= (up ? 'a' : 'A') && c <= (up ? 'z' : 'Z')) ? c ^ 0x20 : c);
    return up ? naive(upper_runs, COUNT(upper_runs), upper_long, COUNT(upper_long), c, out)
              : naive(lower_runs, COUNT(lower_runs), lower_long, COUNT(lower_long), c, out);
}

/* c between `before` and `after` letters; whether the text comes out as it should. */
static bool is_right(uint32_t c, size_t before, size_t after, bool up)
{
    char text[ROOM], want[ROOM];
    size_t n = before, m = before;
    memset(text, up ? 'q' : 'Q', before);
    memset(want, up ? 'Q' : 'q', before);
    n += dm_char_write(text + n, c);
    m += mapped(c, up, want + m);
    memset(text + n, up ? 'q' : 'Q', after);
    memset(want + m, up ? 'Q' : 'q', after);
    n += after;
    m += after;
    struct dm_buf *out = dm_text_out();
    int status = up ? dm_text_upper(text, n, out) : dm_text_lower(text, n, out);
    if (status == 0) /* nothing to change */
        return n == m && memcmp(text, want, n) == 0;
    return status == 1 && out->n == m && memcmp(out->p, want, m) == 0;
}

/* Alone, within blocks of 16 and of 64, and across the ends of both. */
static bool is_right_everywhere(uint32_t c)
{
    return is_right(c, 0, 0, true) && is_right(c, PAD, 2 * PAD, true) && is_right(c, 3, 20, true) &&
           is_right(c, 3, 20, false) && is_right(c, PAD, 2 * PAD, false) &&
           is_right(c, EDGE + c % 2, EDGE, true) && is_right(c, EDGE + c % 2, EDGE, false) &&
           (c == SIGMA || is_right(c, 0, 0, false));
}

int main(void)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xD800 && c < 0xE000)
            continue;
        dm_text_plain = false;
        ok(is_right_everywhere(c), "U+%04X", c);
        dm_text_plain = true;
        ok(is_right_everywhere(c), "U+%04X without vectors", c);
    }
    return test_end("case");
}
