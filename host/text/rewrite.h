/* Making a text from another one by putting something in the place of pieces of it, from left to
 * right. Nothing is copied before the first piece, so that a text without any costs nothing. */
#ifndef DM_TEXT_REWRITE_H
#define DM_TEXT_REWRITE_H

#include "base/buf.h"

struct dm_rewrite {
    const char *p;      /* the text */
    size_t n, at;       /* its size, and how far it has been copied */
    struct dm_buf *out; /* borrowed */
    bool changed, failed;
};

static inline struct dm_rewrite dm_rewrite_begin(const char *p, size_t n, struct dm_buf *out)
{
    dm_buf_clear(out);
    return (struct dm_rewrite){p, n, 0, out, false, false};
}

/* Puts `bytes` of `text` in the place of bytes start up to end, which lie behind all pieces before.
 */
static inline void dm_rewrite_put(struct dm_rewrite *w, size_t start, size_t end, const char *text,
                                  size_t bytes)
{
    if (!dm_buf_add(w->out, w->p + w->at, start - w->at) || !dm_buf_add(w->out, text, bytes))
        w->failed = true;
    w->changed = true;
    w->at = end;
}

/* Takes out the line from start to end with one newline: the one before it when a line before was
 * kept. */
static inline void dm_rewrite_drop_line(struct dm_rewrite *w, size_t start, size_t end,
                                        bool kept_before)
{
    if (kept_before)
        dm_rewrite_put(w, start - 1, end, "", 0);
    else
        dm_rewrite_put(w, start, end < w->n ? end + 1 : end, "", 0);
}

/* Copies the rest. Returns what kernels return: 1, 0 when no piece was put, DM_EMEMORY. */
static inline int dm_rewrite_end(struct dm_rewrite *w)
{
    if (w->failed)
        return DM_EMEMORY;
    if (!w->changed)
        return 0;
    return dm_buf_add(w->out, w->p + w->at, w->n - w->at) ? 1 : DM_EMEMORY;
}

#endif
