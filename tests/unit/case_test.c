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

/* What the tables make of a character; they leave ASCII out. */
struct mapping {
    char to[16];
    size_t n;
};

static struct mapping mapping_of(uint32_t c, bool up)
{
    struct mapping m;
    if (c < 0x80)
        m.n = dm_char_write(m.to, (c >= (up ? 'a' : 'A') && c <= (up ? 'z' : 'Z')) ? c ^ 0x20 : c);
    else
        m.n = up ? naive(upper_runs, COUNT(upper_runs), upper_long, COUNT(upper_long), c, m.to)
                 : naive(lower_runs, COUNT(lower_runs), lower_long, COUNT(lower_long), c, m.to);
    return m;
}

/* c between `before` and `after` letters; whether the text comes out as it should. */
static bool is_right(uint32_t c, const struct mapping *to, size_t before, size_t after, bool up)
{
    char text[ROOM], want[ROOM];
    size_t n = before, m = before;
    memset(text, up ? 'q' : 'Q', before);
    memset(want, up ? 'Q' : 'q', before);
    n += dm_char_write(text + n, c);
    memcpy(want + m, to->to, to->n);
    m += to->n;
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
static bool is_right_everywhere(uint32_t c, const struct mapping *up, const struct mapping *low)
{
    return is_right(c, up, 0, 0, true) && is_right(c, up, PAD, 2 * PAD, true) &&
           is_right(c, up, 3, 20, true) && is_right(c, low, 3, 20, false) &&
           is_right(c, low, PAD, 2 * PAD, false) && is_right(c, up, EDGE + c % 2, EDGE, true) &&
           is_right(c, low, EDGE + c % 2, EDGE, false) &&
           (c == SIGMA || is_right(c, low, 0, 0, false));
}

int main(void)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xD800 && c < 0xE000)
            continue;
        struct mapping up = mapping_of(c, true), low = mapping_of(c, false);
        dm_text_plain = false;
        ok(is_right_everywhere(c, &up, &low), "U+%04X", c);
        dm_text_plain = true;
        ok(is_right_everywhere(c, &up, &low), "U+%04X without vectors", c);
    }
    return test_end("case");
}
