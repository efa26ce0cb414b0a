/* Data-Juicer's punctuation_normalization: 34 marks become ASCII, one by one. */
#include "text/chars.h"
#include "text/scratch.h"

#include <string.h>

/* The marks in ascending order of their bytes. That a full-width 1 (U+FF11) becomes a quote is the
 * peer's slip. */
static const struct mark {
    char utf8[4], ascii[4];
} marks[] = {
    {"«", "\""},  {"´", "'"},   {"»", "\""},  {"–", "-"},   {"—", " - "}, {"’", "'"},
    {"“", "\""},  {"”", "\""},  {"„", "\""},  {"…", "..."}, {"∶", ":"},   {"━", "-"},
    {"►", "-"},   {"、", ","},  {"。", "."},  {"〈", "<"},  {"〉", ">"},  {"《", "\""},
    {"》", "\""}, {"「", "\""}, {"」", "\""}, {"【", "["},  {"】", "]"},  {"！", "!"},
    {"％", "%"},  {"（", "("},  {"）", ")"},  {"，", ","},  {"．", ". "}, {"１", "\""},
    {"：", ":"},  {"；", ";"},  {"？", "?"},  {"～", "~"},
};

enum { MARKS = sizeof marks / sizeof *marks };

/* The bytes that a mark may begin with. */
static bool leads(char c)
{
    return c == (char)0xC2 || c == (char)0xE2 || c == (char)0xE3 || c == (char)0xEF;
}

/* The mark at p, or NULL. */
static const struct mark *mark_at(const char *p)
{
    size_t low = 0, n = MARKS, size = dm_char_size(*p);
    while (n > 0) {
        size_t half = n / 2;
        int order = memcmp(marks[low + half].utf8, p, size);
        if (order == 0)
            return &marks[low + half];
        if (order < 0) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return NULL;
}

int dm_text_punctuation(const char *p, size_t n, struct dm_buf *out)
{
    size_t from = 0;
    dm_buf_clear(out);
    for (size_t i = 0, size; (i = dm_char_skip_ascii(p, n, i)) < n; i += size) {
        const struct mark *mark = leads(p[i]) ? mark_at(p + i) : NULL;
        size = dm_char_size(p[i]);
        if (!mark)
            continue;
        if (!dm_buf_add(out, p + from, i - from) || !dm_buf_puts(out, mark->ascii))
            return DM_EMEMORY;
        from = i + size;
    }
    if (from == 0)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}
