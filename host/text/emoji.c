/* DataMate's EmojiCleaner, which is replace_emoji of Python's emoji module, in its steps:
 *
 * Where a character begins a sequence of the table, the longest way through the table is taken; if
 * it ends where a sequence ends that is an emoji, else the character stays, without a look at
 * shorter sequences. A joiner (U+200D) behind what is a sequence by itself is passed over and the
 * sequence is read once more, now without it; if it was a component (skin tone, hair) the one
 * before it is read again too. Variation selectors go everywhere. */
#include "text/charset.h"
#include "text/emoji_table.h"
#include "text/rewrite.h"
#include "text/scratch.h"

enum { JOINER = 0x200D, COMPONENT = 2 };

/* A joiner takes back two tokens at most, and a new one stands before the next joiner. */
enum { MOST_TOKENS = 4096, SETTLED = MOST_TOKENS - 64 };

/* What the text since the last character outside of the table was read as. */
struct token {
    size_t start, end;
    bool emoji;
};

struct scan {
    struct dm_rewrite w;
    size_t kept; /* end of what was kept so far */
    struct dm_buf *tokens;
    char *passed; /* for each byte whether a joiner there is passed over; NULL before the first */
};

static const struct emoji_node *child_of(const struct emoji_node *node, uint32_t c)
{
    size_t low = node->child, n = node->children;
    while (n > 0) {
        size_t half = n / 2;
        if (emoji_nodes[low + half].point == c)
            return &emoji_nodes[low + half];
        if (emoji_nodes[low + half].point < c) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return NULL;
}

static bool is_passed(const struct scan *s, size_t at)
{
    return s->passed && s->passed[at];
}

/* The last node on the way through the table from `at`; NULL when none begins there. *end: where
 * the way ends. */
static const struct emoji_node *walk(const struct scan *s, size_t at, size_t *end)
{
    const struct emoji_node *node = NULL, *next = emoji_nodes;
    size_t size = 0;
    for (*end = at; next && *end < s->w.n; *end += next ? size : 0) {
        if (node && is_passed(s, *end))
            break;
        next = child_of(node ? node : emoji_nodes, dm_char_read(s->w.p + *end, &size));
        node = next ? next : node;
    }
    return node;
}

static struct token *last_token(const struct scan *s)
{
    return s->tokens->n ? (struct token *)(void *)(s->tokens->p + s->tokens->n) - 1 : NULL;
}

static void drop_token(struct scan *s)
{
    s->tokens->n -= sizeof(struct token);
}

static void keep(struct scan *s, size_t start, size_t end)
{
    if (start > s->kept)
        dm_rewrite_put(&s->w, s->kept, start, "", 0);
    s->kept = end;
}

/* Forgets the first tokens: nothing that follows can change what they are. */
static void settle(struct scan *s, size_t count)
{
    const struct token *tokens = (const void *)s->tokens->p;
    for (size_t i = 0; i < count; i++)
        if (!tokens[i].emoji)
            keep(s, tokens[i].start, tokens[i].end);
    s->tokens->n -= count * sizeof *tokens;
    if (s->tokens->n)
        memmove(s->tokens->p, tokens + count, s->tokens->n);
}

static void add_token(struct scan *s, size_t start, size_t end, bool emoji)
{
    struct token token = {start, end, emoji};
    if (s->tokens->n == MOST_TOKENS * sizeof token)
        settle(s, SETTLED);
    if (!dm_buf_add(s->tokens, &token, sizeof token))
        s->w.failed = true;
}

static void flush(struct scan *s)
{
    settle(s, s->tokens->n / sizeof(struct token));
}

/* What a token is as a sequence by itself; 0: none. */
static uint8_t kind_of(const struct scan *s, const struct token *token)
{
    const struct emoji_node *node = emoji_nodes;
    size_t size;
    for (size_t at = token->start; node && at < token->end; at += size)
        node = child_of(node, dm_char_read(s->w.p + at, &size));
    return node ? node->kind : 0;
}

static size_t points_of(const struct scan *s, const struct token *token)
{
    return (size_t)dm_text_length(s->w.p + token->start, token->end - token->start);
}

static size_t go_back(const struct scan *s, size_t at, size_t points)
{
    for (size_t size; points > 0; points--, at -= size)
        dm_char_before(s->w.p + at, &size);
    return at;
}

static bool pass(struct scan *s, size_t at)
{
    if (!s->passed) {
        s->passed = dm_scratch_room(DM_SCRATCH_MARKS, s->w.n);
        if (!s->passed)
            return false;
        memset(s->passed, 0, s->w.n);
    }
    s->passed[at] = 1;
    return true;
}

/* Whether the joiner at `at` has a sequence before it. */
static bool joins(const struct scan *s, size_t at)
{
    const struct token *last = last_token(s);
    return last && at > 0 && kind_of(s, last) && child_of(emoji_nodes, dm_char_left(s->w.p, at));
}

/* Passes over the joiner at `at`; returns where to read on. A component is read again with the
 * token before it; when the way back ends at a joiner that was passed over, with nothing else. */
static size_t step_back(struct scan *s, size_t at)
{
    struct token *last = last_token(s);
    size_t points = points_of(s, last), size;
    bool component = kind_of(s, last) == COMPONENT;
    if (!pass(s, at)) {
        s->w.failed = true;
        return s->w.n;
    }
    drop_token(s);
    if (!component)
        return go_back(s, at, points);
    if (s->tokens->n)
        points += points_of(s, last - 1);
    size_t back = go_back(s, at, points);
    if (dm_char_read(s->w.p + back, &size) == JOINER)
        return back + size;
    if (s->tokens->n)
        drop_token(s);
    return back;
}

/* Reads what stands at `at`; returns where to read on. */
static size_t read_one(struct scan *s, size_t at, uint32_t c, size_t size)
{
    size_t end;
    if (is_passed(s, at))
        return at + size;
    if (c < 0x80 && at + 1 < s->w.n && (unsigned char)s->w.p[at + 1] < 0x80) {
        add_token(s, at, at + 1, false); /* a digit without a keycap */
        return at + 1;
    }
    const struct emoji_node *node = walk(s, at, &end);
    if (node && node->kind) {
        add_token(s, at, end, true);
        return end;
    }
    if (!node && c == JOINER && joins(s, at))
        return step_back(s, at);
    if (!node)
        flush(s);
    if (c != 0xFE0E && c != 0xFE0F)
        add_token(s, at, at + size, false);
    return at + size;
}

/* Code points that need a look: those that begin sequences, joiners, variation selectors. */
static const struct dm_charset *looked_at(void)
{
    static struct dm_charset *set;
    uint32_t ranges[EMOJI_FIRST_POINTS + 2][2];
    size_t n = 0;
    if (set)
        return set;
    for (; n < EMOJI_FIRST_POINTS; n++)
        ranges[n][0] = ranges[n][1] = emoji_nodes[1 + n].point;
    ranges[n][0] = ranges[n][1] = JOINER;
    ranges[n + 1][0] = 0xFE0E;
    ranges[n + 1][1] = 0xFE0F;
    set = dm_charset_create(ranges[0], n + 2);
    return set;
}

int dm_text_emoji(const char *p, size_t n, struct dm_buf *out)
{
    struct scan s = {.w = dm_rewrite_begin(p, n, out), .tokens = dm_scratch_get(DM_SCRATCH_FOUND)};
    const struct dm_charset *set = looked_at();
    size_t size = 0;
    uint32_t c = 0;
    dm_buf_clear(s.tokens);
    if (!set)
        return DM_EMEMORY;
    for (size_t at = 0, next; at < n && !s.w.failed;) {
        next = dm_charset_find(set, p, n, at, &size, &c);
        if (next > at) {
            flush(&s);
            keep(&s, at, next);
        }
        at = next < n ? read_one(&s, next, c, size) : n;
    }
    flush(&s);
    keep(&s, n, n);
    return dm_rewrite_end(&s.w);
}
