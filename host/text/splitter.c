/* DataMate's TextSplitter, chunk for chunk.
 *
 * The text is cut at blank lines, or else at line ends; pieces that are too long are cut at the
 * other. Pieces without a character are left out, so that what is merged afterwards is a text of
 * its own, into which all spans point. Pieces are merged to chunks of at most chunk_size code
 * points, which may begin with pieces of the chunk before up to `overlap`; chunks that are still
 * too long are cut behind punctuation, merged again, and at last cut anywhere. */
#include "text/chars.h"
#include "text/scratch.h"

enum { BLANK_LINE = 2 }; /* line ends in a row */

struct piece {
    size_t start, end, chars;
};

struct split {
    size_t size;
    ptrdiff_t overlap;     /* below 0: windows leave so much out */
    struct dm_buf *text;   /* the pieces, one behind the other */
    struct dm_buf *pieces; /* struct piece */
    struct dm_buf *cuts;   /* pieces of one long chunk */
    struct dm_buf *chunks; /* struct dm_text_span */
    bool failed;           /* memory ran short */
};

static size_t chars_in(const char *p, size_t n)
{
    return (size_t)dm_text_length(p, n);
}

static void put_piece(struct split *s, struct dm_buf *list, size_t start, size_t end)
{
    struct piece piece = {start, end, chars_in(s->text->p + start, end - start)};
    s->failed |= !dm_buf_add(list, &piece, sizeof piece);
}

static void add_piece(struct split *s, const char *p, size_t n)
{
    size_t start = s->text->n;
    s->failed |= !dm_buf_add(s->text, p, n);
    if (!s->failed)
        put_piece(s, s->pieces, start, s->text->n);
}

/* The first place where so many line ends stand in a row. */
static const char *find_ends(const char *p, size_t n, size_t ends)
{
    const char *hit = memchr(p, '\n', n);
    while (hit && ends == BLANK_LINE && (hit + 1 == p + n || hit[1] != '\n'))
        hit = memchr(hit + 1, '\n', n - (size_t)(hit + 1 - p));
    return hit;
}

static void cut_text(struct split *s, const char *p, size_t n, size_t ends);

/* One piece between separators: left out, taken, or cut again. */
static void take_piece(struct split *s, const char *p, size_t n, size_t ends)
{
    struct dm_text_span inner;
    dm_text_strip(p, n, &inner);
    size_t bytes = inner.end - inner.start;
    if (bytes == 0)
        return;
    if (ends > 0 && bytes > s->size && chars_in(p + inner.start, bytes) > s->size)
        cut_text(s, p, n, ends);
    else
        add_piece(s, p, n);
}

/* Cuts at so many line ends in a row, or at fewer when those do not stand inside the text; they
 * lead the piece that follows. */
static void cut_text(struct split *s, const char *p, size_t n, size_t ends)
{
    struct dm_text_span inner;
    dm_text_strip(p, n, &inner);
    while (ends > 0 && !find_ends(p + inner.start, inner.end - inner.start, ends))
        ends--;
    if (ends == 0) {
        add_piece(s, p, n);
        return;
    }
    size_t start = 0, search = 0;
    for (const char *hit; (hit = find_ends(p + search, n - search, ends));) {
        size_t at = (size_t)(hit - p);
        take_piece(s, p + start, at - start, ends - 1);
        start = at;
        search = at + ends;
    }
    take_piece(s, p + start, n - start, ends - 1);
}

/* Cuts a chunk behind punctuation; what remains at its end is a piece even when it is empty. */
static void cut_sentences(struct split *s, struct dm_text_span chunk)
{
    const char *p = s->text->p;
    size_t start = chunk.start, size;
    dm_buf_clear(s->cuts);
    for (size_t i = chunk.start; i < chunk.end; i += size) {
        switch (dm_char_read(p + i, &size)) {
        case 0xFF0C:
        case 0x3002:
        case 0xFF1F:
        case 0xFF01:
        case 0xFF1B:
        case ',':
        case '?':
        case '!':
        case ';':
            put_piece(s, s->cuts, start, i + size);
            start = i + size;
        }
    }
    put_piece(s, s->cuts, start, chunk.end);
}

static void add_chunk(struct split *s, size_t start, size_t end)
{
    struct dm_text_span span;
    if (start == end)
        return;
    dm_text_strip(s->text->p + start, end - start, &span);
    span.start += start;
    span.end += start;
    s->failed |= !dm_buf_add(s->chunks, &span, sizeof span);
}

/* Cuts a chunk into windows of s->size, the last one to the end. */
static void cut_windows(struct split *s, struct dm_text_span chunk, size_t chars)
{
    const char *p = s->text->p;
    size_t start = chunk.start, step = (size_t)((ptrdiff_t)s->size - s->overlap);
    while (chars > s->size) {
        size_t left = chunk.end - start;
        size_t end = start + (size_t)dm_text_offset(p + start, left, (double)s->size);
        add_chunk(s, start, end);
        start += (size_t)dm_text_offset(p + start, left, (double)step);
        chars -= step < chars ? step : chars;
    }
    add_chunk(s, start, chunk.end);
}

typedef void chunk_fn(struct split *s, struct dm_text_span chunk, size_t chars);

/* Merges pieces to chunks and gives each to `use`. */
static void merge(struct split *s, const struct dm_buf *list, chunk_fn *use)
{
    const struct piece *piece = (const struct piece *)(const void *)list->p;
    size_t n = list->n / sizeof *piece;
    for (size_t i = 0, last; i < n && !s->failed; i = last + 1) {
        size_t first = i, chars = piece[i].chars, added = 0;
        last = i;
        if (chars < s->size) {
            while (first > 0 && (ptrdiff_t)(added + piece[first - 1].chars) <= s->overlap &&
                   chars + piece[first - 1].chars <= s->size) {
                first--;
                added += piece[first].chars;
                chars += piece[first].chars;
            }
            while (last + 1 < n && chars + piece[last + 1].chars <= s->size)
                chars += piece[++last].chars;
        }
        use(s, (struct dm_text_span){piece[first].start, piece[last].end}, chars);
    }
}

static void use_chunk(struct split *s, struct dm_text_span chunk, size_t chars)
{
    if (chars <= s->size) {
        add_chunk(s, chunk.start, chunk.end);
        return;
    }
    cut_sentences(s, chunk);
    if (!s->failed)
        merge(s, s->cuts, cut_windows);
}

int dm_text_split(const char *p, size_t n, double max_chars, double chunk_size, double overlap,
                  const char **text, struct dm_buf *out)
{
    struct split s = {.size = (size_t)chunk_size,
                      .overlap = (ptrdiff_t)overlap,
                      .text = dm_scratch_get(DM_SCRATCH_SPLIT),
                      .pieces = dm_scratch_get(DM_SCRATCH_PIECES),
                      .cuts = dm_scratch_get(DM_SCRATCH_CUTS),
                      .chunks = out};
    if (max_chars > 0)
        n = (size_t)dm_text_offset(p, n, max_chars);
    dm_buf_clear(s.text);
    dm_buf_clear(s.pieces);
    dm_buf_clear(out);
    cut_text(&s, p, n, BLANK_LINE);
    if (!s.failed)
        merge(&s, s.pieces, use_chunk);
    *text = s.text->p;
    return s.failed ? DM_EMEMORY : DM_OK;
}
