/* The heuristic of ftfy (https://github.com/rspeer/python-ftfy, Robyn Speer, Apache-2.0): classes
 * of the characters that occur where UTF-8 was read by a code page, and rows of two to seven
 * classes that are much more likely there than in a text that was meant. Here each class is a
 * letter and each row a string of sets of letters; a row is tried at its first character beyond
 * ASCII. */
#include "text/badness.h"

#include "text/chars.h"
#include "text/normal.h"

#include <string.h>

/* Ranges are written with a '-' between two characters. */
static const struct {
    char letter;
    const char *chars;
} classes[] = {
    /* categories of ftfy */
    {'k', "\u00A0\u00AD·´–—―…’"},                         /* common */
    {'c', "\xC2\x80-\xC2\x9F"},                           /* C1 */
    {'b', "¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\uFFFDªº"},                   /* bad */
    {'l', "¶§"},                                          /* law */
    {'$', "¢£¥₧€"},                                       /* currency */
    {'S', "¡«¿©΄΅‘‚“„•‹\uF8FF"},                          /* start_punctuation */
    {'E', "®»˝”›™"},                                      /* end_punctuation */
    {'#', "²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№"},                   /* numeric */
    {'K', "Ò-ÖÙ-Üò-öø-üŐŌŪŲ°"},                           /* kaomoji */
    {'U', "À-ÑØÜÝĂĄĀĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ"}, /* upper_accented */
    {'L', "ßà-ñăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґﬁﬂ"},       /* lower_accented */
    {'u', "ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я"},                            /* upper_common */
    {'o', "α-ωάέήίΰа-џ"},                                 /* lower_common */
    {'X', "│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓"},                         /* box */
    /* what single rows name */
    {'a', "a-z"},
    {'A', "A-Z"},
    {'_', " "},
    {'.', ".,?!"},
    {'1', "Œœ"},
    {'2', "°"},
    {'3', "Â"},
    {'4', "Ã"},
    {'5', "ÎÐ"},
    {'6', "€œŠš¢£Ÿž\u00A0\u00AD®©°·»–—´"},
    {'7', "×"},
    {'8', "²³"},
    {'9', "ØÙ"},
    {'0', "ŸŠ®µ»"},
    {'B', "à"},
    {'C', "²µ¹¼½¾"},
    {'D', "√"},
    {'F', "±∂†≠®™´≤≥¥µø"},
    {'G', "≈"},
    {'H', "¢"},
    {'I', "‚"},
    {'J', "Ä"},
    {'M', "ìîïòôúùû†°¢π"},
    {'N', "âó"},
    {'O', "àä°ê"},
    {'P', "в"},
    {'Q', "Ђ"},
    {'R', "В"},
    {'T', "Г"},
    {'V', "РС"},
    {'W', "µ"},
    {'Y', "ў"},
    {'Z', "\u00A0¡"},
    {'d', "β"},
    {'e', "€"},
    {'f', "™\u00A0Ά\u00AD®°"},
    {'g', "ΒΓΞΟ"},
    {'h', "ā"},
    /* filled in by code: white space; letters and numbers; no ASCII letter; no line end; the start
     */
    {'s', ""},
    {'w', ""},
    {'x', ""},
    {'n', ""},
    {'^', ""},
};

enum {
    CLASSES = sizeof classes / sizeof *classes,
    MOST_CHARS = 1024,
    PLANE = 0x10000,
    LONGEST = 7
};

static const char *const rows[] = {
    "c",
    "bLUXSE$#l b",
    "aA ou b",
    "b LUXSE$#l",
    "LoXE$# U",
    "XE$# L",
    "LXE $",
    "s U $",
    "UX #l",
    "LUX$E S #",
    "LU$#Xl E S",
    "$#X S",
    "a U S$",
    "X K",
    "LU$#SEl X",
    "X E",
    "LU SE w",
    "1 x",
    "U 2",
    "345 6SE",
    "7 8",
    "9 k$b#S02 9 k$b#S02",
    "B C",
    "D F",
    "G 2H",
    "I J M",
    "I N O",
    "P Q",
    "RTV cbSE$2W RTV",
    "T Y R Q R n aA_",
    "4 Z",
    "a 34 _",
    "a s 34 _",
    "^ 34 _",
    "aE. 3 _SE",
    "d e f",
    "g cbSE$2 g",
    "h e",
};

enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert(ROWS <= 64, "bit sets of rows");

/* A row: sets of classes, and which one stands for the character at which it is tried. */
struct row {
    uint64_t sets[LONGEST];
    int n, anchor;
};

/* A character: its classes, and bit sets of the rows that it fits at their anchors, just before and
 * just behind. */
struct named {
    uint64_t classes, at, before, after;
};

/* The characters that are named; entry 0 is all others, which might have any class of those that
 * code fills in. */
static struct named named[MOST_CHARS];
static uint16_t named_of[PLANE];
static size_t nnamed;
static struct row tried[ROWS];

static uint64_t class_bit(char letter)
{
    for (size_t i = 0; i < CLASSES; i++)
        if (classes[i].letter == letter)
            return 1ull << i;
    return 0;
}

/* Classes that depend on what a character is in Unicode. */
static uint64_t general_classes(uint32_t c)
{
    uint64_t bits = c == '\n' ? 0 : class_bit('n');
    if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        bits |= class_bit('x');
    if (c == '_' || dm_char_is_alnum(c))
        bits |= class_bit('w');
    return dm_char_is_space(c) ? bits | class_bit('s') : bits;
}

static const struct named *find(uint32_t c)
{
    return &named[c < PLANE ? named_of[c] : 0];
}

static uint64_t classes_of(uint32_t c)
{
    const struct named *e = find(c);
    return e == named ? general_classes(c) : e->classes;
}

static void name_char(uint32_t c, uint64_t bit)
{
    if (!named_of[c]) {
        named_of[c] = (uint16_t)++nnamed;
        named[nnamed].classes = general_classes(c);
    }
    named[named_of[c]].classes |= bit;
}

static void name_chars(const char *chars, uint64_t bit)
{
    size_t size;
    for (uint32_t first = 0, c; *chars; first = c) {
        bool range = *chars == '-' && first;
        chars += range;
        c = dm_char_read(chars, &size);
        chars += size;
        for (uint32_t k = range ? first : c; k <= c; k++)
            name_char(k, bit);
    }
}

/* The sets of a row. It is tried at the first set that has no class of ASCII characters. */
static void read_row(const char *text, struct row *row)
{
    const uint64_t ascii = class_bit('a') | class_bit('A') | class_bit('_') | class_bit('.') |
                           class_bit('s') | class_bit('^');
    for (; *text; text++) {
        if (*text == ' ')
            row->n++;
        else
            row->sets[row->n] |= class_bit(*text);
    }
    row->n++;
    while (row->sets[row->anchor] & ascii)
        row->anchor++;
}

static void find_rows(struct named *e)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &tried[i];
        const uint64_t *set = row->sets + row->anchor;
        bool first = row->anchor == 0, last = row->anchor + 1 == row->n;
        e->at |= (uint64_t)((*set & e->classes) != 0) << i;
        e->before |= (uint64_t)(first || (set[-1] & e->classes)) << i;
        e->after |= (uint64_t)(last || (set[1] & e->classes)) << i;
    }
}

static void prepare(void)
{
    for (uint32_t c = 0; c < 128; c++)
        name_char(c, 0);
    for (size_t i = 0; i < CLASSES; i++)
        name_chars(classes[i].chars, 1ull << i);
    for (size_t i = 0; i < ROWS; i++)
        read_row(rows[i], &tried[i]);
    named[0].classes = class_bit('s') | class_bit('w') | class_bit('x') | class_bit('n');
    for (size_t i = 0; i <= nnamed; i++)
        find_rows(&named[i]);
}

/* Whether the row's sets before its anchor fit what stands before i. */
static bool fits_before(const struct row *row, const char *p, size_t i)
{
    for (int k = row->anchor; k-- > 0;) {
        size_t size;
        if (i == 0)
            return row->sets[k] & class_bit('^');
        if (!(row->sets[k] & classes_of(dm_char_before(p + i, &size))))
            return false;
        i -= size;
    }
    return true;
}

static bool fits_after(const struct row *row, const char *p, size_t n, size_t i)
{
    size_t size;
    for (int k = row->anchor + 1; k < row->n; k++, i += size)
        if (i >= n || !(row->sets[k] & classes_of(dm_char_read(p + i, &size))))
            return false;
    return true;
}

/* The rows that the characters next to the one from i to end leave over. */
static uint64_t rows_around(const char *p, size_t n, size_t i, size_t end)
{
    size_t size;
    uint64_t left = i > 0 ? find(dm_char_before(p + i, &size))->before : ~0ull;
    return end < n ? left & find(dm_char_read(p + end, &size))->after : left;
}

bool dm_badness_is_clue(uint32_t c)
{
    if (!nnamed)
        prepare();
    return find(c)->at != 0;
}

bool dm_badness_is_bad(const char *p, size_t n)
{
    if (!nnamed)
        prepare();
    for (size_t i = 0, size; (i = dm_char_skip_ascii(p, n, i)) < n; i += size) {
        uint64_t left = find(dm_char_read(p + i, &size))->at;
        if (left)
            left &= rows_around(p, n, i, i + size);
        for (; left; left &= left - 1) {
            const struct row *row = &tried[__builtin_ctzll(left)];
            if (fits_before(row, p, i) && fits_after(row, p, n, i + size))
                return true;
        }
    }
    return false;
}
