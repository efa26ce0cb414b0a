/* Data-Juicer's expand_macro. Macros without arguments are found by
 *
 *   \\\bnewcommand\b\*?\{(\\[a-zA-Z0-9]+?)\}\{(.*?)\}$   and \\def\s*(\\[a-zA-Z0-9]+?)\s*\{(.*?)\}$
 *
 * ($ at the end of each line; a name that is defined again keeps its place and takes the new
 * value). Then, for one macro after the other, (\name)([^a-zA-Z0-9]) in the whole text is replaced
 * by the value and group 2.
 *
 * A text of n bytes may define n/20 macros, so the text is not searched for each. It is a list of
 * pieces: each backslash with the letters and digits after it is one, a name, and what lies between
 * names another. Every macro has the list of the names that are its own. A match is such a name
 * that is not the last piece; of equal names side by side every other one, since a match takes the
 * next backslash along. Its value is cut into pieces itself; and where it begins with letters or
 * digits, it makes the name before it longer. Macros whose turn is over are not looked at again.
 *
 * Macros that name each other may double the text with every step, so there is a limit. */
#include "text/chars.h"
#include "text/intern.h"
#include "text/scratch.h"

#include <string.h>

enum { GROWTH = 16 << 20, GROWTH_RATE = 4, PIECE_COST = 8 };
enum { NO_MACRO = -1 };

struct macro {
    size_t at, n;   /* value */
    uint32_t names; /* first piece of its list */
};

/* Piece 0 is before the first and after the last. */
struct piece {
    size_t at, n; /* in bytes */
    uint32_t prev, next;
    uint32_t same; /* next of the macro's list */
    int32_t macro;
};

struct expansion {
    struct dm_intern names;
    struct dm_buf *bytes; /* the text, then names that were made */
    struct dm_buf *macros, *pieces;
    struct dm_buf *matches; /* numbers of pieces */
    size_t longest;         /* bytes of the longest name */
    size_t cost, limit;
    int32_t turn; /* the macro at work */
};

static bool in_name(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static size_t skip_name(const char *p, size_t end, size_t i)
{
    while (i < end && in_name(p[i]))
        i++;
    return i;
}

static size_t skip_white(const char *p, size_t n, size_t i)
{
    size_t size;
    while (i < n && dm_char_is_white(dm_char_read(p + i, &size)))
        i += size;
    return i;
}

static struct macro *macro_at(const struct expansion *x, int64_t i)
{
    return (struct macro *)(void *)x->macros->p + i;
}

static struct piece *piece_at(const struct expansion *x, uint32_t i)
{
    return (struct piece *)(void *)x->pieces->p + i;
}

/* Definitions ------------------------------------------------------------------------------- */

/* A definition as far as it was read: its name, and where the value starts. */
struct definition {
    struct dm_text_span name;
    size_t value;
};

/* Reads what follows \newcommand. */
static bool read_newcommand(const char *p, size_t n, size_t i, struct definition *d)
{
    if (i < n && p[i] == '*')
        i++;
    if (n - i < 2 || p[i] != '{' || p[i + 1] != '\\')
        return false;
    d->name.start = i + 1;
    d->name.end = skip_name(p, n, i + 2);
    d->value = d->name.end + 2;
    return d->name.end > i + 2 && d->value <= n && p[d->name.end] == '}' &&
           p[d->name.end + 1] == '{';
}

/* Reads what follows \def. */
static bool read_def(const char *p, size_t n, size_t i, struct definition *d)
{
    i = skip_white(p, n, i);
    if (i >= n || p[i] != '\\')
        return false;
    d->name.start = i;
    d->name.end = skip_name(p, n, i + 1);
    size_t brace = skip_white(p, n, d->name.end);
    d->value = brace + 1;
    return d->name.end > i + 1 && brace < n && p[brace] == '{';
}

static bool define(struct expansion *x, const char *p, const struct definition *d, size_t end)
{
    struct macro macro = {d->value, end - d->value, 0};
    size_t bytes = d->name.end - d->name.start, at = x->names.text->n;
    bool fresh;
    if (!dm_buf_add(x->names.text, p + d->name.start, bytes))
        return false;
    int64_t i = dm_intern_take(&x->names, at, &fresh);
    if (i < 0)
        return false;
    if (bytes > x->longest)
        x->longest = bytes;
    if (fresh)
        return dm_buf_add(x->macros, &macro, sizeof macro);
    *macro_at(x, i) = macro;
    return true;
}

/* Finds the definitions that begin with `word`. The end of a line is looked up once. */
static bool find_definitions(struct expansion *x, const char *p, size_t n, const char *word,
                             bool (*read)(const char *, size_t, size_t, struct definition *))
{
    size_t eol = 0, bytes = strlen(word);
    const char *at = p;
    while ((at = memmem(at, n - (size_t)(at - p), word, bytes)) != NULL) {
        struct definition d;
        at += bytes;
        if (!read(p, n, (size_t)(at - p), &d))
            continue;
        if (d.value > eol) {
            const char *newline = memchr(p + d.value, '\n', n - d.value);
            eol = newline ? (size_t)(newline - p) : n;
        }
        if (eol <= d.value || p[eol - 1] != '}')
            continue;
        if (!define(x, p, &d, eol - 1))
            return false;
        at = p + eol;
    }
    return true;
}

/* Pieces ------------------------------------------------------------------------------------ */

/* Notes whose name a piece is; only macros whose turn is to come matter. */
static void name_piece(struct expansion *x, uint32_t i)
{
    struct piece *piece = piece_at(x, i);
    piece->macro = NO_MACRO;
    if (piece->n > x->longest)
        return;
    int64_t macro = dm_intern_find(&x->names, x->bytes->p + piece->at, piece->n);
    if (macro <= x->turn)
        return;
    piece->macro = (int32_t)macro;
    piece->same = macro_at(x, macro)->names;
    macro_at(x, macro)->names = i;
}

/* Puts a piece behind *after, and moves *after to it. */
static bool add_piece(struct expansion *x, uint32_t *after, size_t at, size_t end)
{
    uint32_t i = (uint32_t)(x->pieces->n / sizeof(struct piece));
    struct piece piece = {at, end - at, *after, piece_at(x, *after)->next, 0, NO_MACRO};
    if (!dm_buf_add(x->pieces, &piece, sizeof piece))
        return false;
    piece_at(x, *after)->next = i;
    piece_at(x, piece.next)->prev = i;
    *after = i;
    return true;
}

/* Start of the first name in [i, end), and where it ends; `end` when there is none. */
static size_t find_name(const char *p, size_t i, size_t end, size_t *stop)
{
    for (; i < end; i++) {
        const char *slash = memchr(p + i, '\\', end - i);
        if (!slash)
            break;
        i = (size_t)(slash - p);
        *stop = skip_name(p, end, i + 1);
        if (*stop > i + 1)
            return i;
    }
    return end;
}

/* Cuts bytes into pieces behind one. */
static bool add_pieces(struct expansion *x, uint32_t after, size_t at, size_t end)
{
    for (size_t stop = end; at < end; at = stop) {
        size_t name = find_name(x->bytes->p, at, end, &stop);
        if (name > at && !add_piece(x, &after, at, name))
            return false;
        if (name == end)
            break;
        if (!add_piece(x, &after, name, stop))
            return false;
        name_piece(x, after);
    }
    return true;
}

/* Takes a piece out; its macro's list still goes through it. */
static void unlink_piece(struct expansion *x, uint32_t i)
{
    struct piece *piece = piece_at(x, i);
    piece->macro = NO_MACRO;
    piece_at(x, piece->prev)->next = piece->next;
    piece_at(x, piece->next)->prev = piece->prev;
}

/* Whether a piece is a name; others do not begin like one. */
static bool is_name(const struct expansion *x, const struct piece *piece)
{
    const char *p = x->bytes->p + piece->at;
    return piece->n > 1 && p[0] == '\\' && in_name(p[1]);
}

/* Makes the name or backslash that the piece i ends with longer by the bytes [at, end): letters and
 * digits that now follow it. A name that no macro can have is left in two pieces. */
static bool lengthen(struct expansion *x, uint32_t i, size_t at, size_t end)
{
    struct piece *piece = piece_at(x, i);
    size_t bytes = is_name(x, piece) ? piece->n : 1, made = x->bytes->n;
    piece->macro = NO_MACRO;
    if (bytes + (end - at) > x->longest)
        return add_piece(x, &i, at, end);
    if (!dm_buf_reserve(x->bytes, bytes + (end - at)))
        return false;
    x->cost += bytes;
    dm_buf_add(x->bytes, x->bytes->p + piece->at + piece->n - bytes, bytes);
    dm_buf_add(x->bytes, x->bytes->p + at, end - at);
    piece->n -= bytes;
    if (!piece->n) {
        unlink_piece(x, i);
        i = piece->prev;
    }
    if (!add_piece(x, &i, made, x->bytes->n))
        return false;
    name_piece(x, i);
    return true;
}

/* Expansion --------------------------------------------------------------------------------- */

/* Puts the value in the piece's place. */
static bool replace(struct expansion *x, uint32_t i, const struct macro *macro)
{
    size_t at = macro->at, end = at + macro->n, letters = skip_name(x->bytes->p, end, at);
    uint32_t prev = piece_at(x, i)->prev, next = piece_at(x, i)->next;
    const struct piece *before = piece_at(x, prev);
    unlink_piece(x, i);
    x->cost += macro->n + PIECE_COST;
    if (prev && letters > at &&
        (is_name(x, before) || x->bytes->p[before->at + before->n - 1] == '\\')) {
        if (!lengthen(x, prev, at, letters))
            return false;
        at = letters;
    }
    return add_pieces(x, piece_at(x, next)->prev, at, end);
}

/* Lists the matches among the names of the macro whose turn it is: of each row of them every other
 * one, except the text's last piece. */
static bool find_matches(struct expansion *x, uint32_t names)
{
    dm_buf_clear(x->matches);
    for (uint32_t i = names; i; i = piece_at(x, i)->same) {
        const struct piece *piece = piece_at(x, i);
        if (piece->macro != x->turn || piece_at(x, piece->prev)->macro == x->turn)
            continue;
        bool match = true;
        for (uint32_t j = i; piece_at(x, j)->macro == x->turn; j = piece_at(x, j)->next) {
            if (match && piece_at(x, j)->next && !dm_buf_add(x->matches, &j, sizeof j))
                return false;
            match = !match;
        }
    }
    return true;
}

/* Replaces the names of the macro whose turn it is. */
static int take_turn(struct expansion *x)
{
    struct macro macro = *macro_at(x, x->turn);
    if (!find_matches(x, macro.names))
        return DM_EMEMORY;
    const uint32_t *matches = (const uint32_t *)(const void *)x->matches->p;
    for (size_t i = 0; i < x->matches->n / sizeof *matches; i++) {
        if (!replace(x, matches[i], &macro))
            return DM_EMEMORY;
        if (x->cost > x->limit)
            return DM_EINPUT;
    }
    return DM_OK;
}

static int expand(struct expansion *x, size_t n)
{
    const struct piece none = {.macro = NO_MACRO};
    if (!dm_buf_add(x->pieces, &none, sizeof none) || !add_pieces(x, 0, 0, n))
        return DM_EMEMORY;
    int32_t count = (int32_t)(x->macros->n / sizeof(struct macro));
    for (x->turn = 0; x->turn < count; x->turn++) {
        int status = take_turn(x);
        if (status < 0)
            return status;
    }
    return DM_OK;
}

static int write_pieces(const struct expansion *x, struct dm_buf *out)
{
    dm_buf_clear(out);
    for (uint32_t i = piece_at(x, 0)->next; i; i = piece_at(x, i)->next) {
        const struct piece *piece = piece_at(x, i);
        if (!dm_buf_add(out, x->bytes->p + piece->at, piece->n))
            return DM_EMEMORY;
    }
    return 1;
}

int dm_text_expand_macros(const char *p, size_t n, struct dm_buf *out)
{
    struct expansion x = {.turn = NO_MACRO, .limit = GROWTH + GROWTH_RATE * n};
    x.bytes = dm_scratch_get(DM_SCRATCH_LOWER);
    x.macros = dm_scratch_get(DM_SCRATCH_MACROS);
    x.pieces = dm_scratch_get(DM_SCRATCH_ROWS);
    x.matches = dm_scratch_get(DM_SCRATCH_MATCHES);
    dm_buf_clear(x.bytes);
    dm_buf_clear(x.macros);
    dm_buf_clear(x.pieces);
    if (!dm_intern_begin(&x.names) ||
        !find_definitions(&x, p, n, "\\newcommand", read_newcommand) ||
        !find_definitions(&x, p, n, "\\def", read_def))
        return DM_EMEMORY;
    if (!x.macros->n)
        return 0;
    if (!dm_buf_add(x.bytes, p, n))
        return DM_EMEMORY;
    int status = expand(&x, n);
    return status < 0 ? status : write_pieces(&x, out);
}
