#include "run/counts.h"

#include "base/utf8.h"
#include "io/crc64.h"

#include <stdlib.h>

bool dm_counts_init(struct dm_counts *c, uint32_t nops)
{
    *c = (struct dm_counts){.nops = nops};
    c->ops = calloc((size_t)nops + 1, sizeof *c->ops);
    return c->ops != NULL;
}

void dm_counts_finish(struct dm_counts *c)
{
    free(c->ops);
    free(c->reasons);
    *c = (struct dm_counts){0};
}

void dm_counts_clear(struct dm_counts *c)
{
    struct dm_counts kept = *c;
    memset(c->ops, 0, c->nops * sizeof *c->ops);
    *c = (struct dm_counts){.ops = kept.ops,
                            .nops = kept.nops,
                            .reasons = kept.reasons,
                            .reasons_cap = kept.reasons_cap};
}

static struct dm_reason *add_reason(struct dm_counts *c, int32_t op, bool rejected,
                                    const char *text, size_t n)
{
    if (c->nreasons == c->reasons_cap) {
        uint32_t cap = c->reasons_cap ? c->reasons_cap * 2 : 16;
        struct dm_reason *list = realloc(c->reasons, cap * sizeof *list);
        if (!list)
            return NULL;
        c->reasons = list;
        c->reasons_cap = cap;
    }
    struct dm_reason *r = &c->reasons[c->nreasons++];
    *r = (struct dm_reason){.op = op, .rejected = rejected};
    memcpy(r->text, text, n);
    return r;
}

/* The text up to its first NUL, cut such that no half of a character is left. */
static size_t clip(const char *text, size_t n)
{
    n = strnlen(text, n);
    if (n < DM_REASON_BYTES)
        return n;
    n = DM_REASON_BYTES - 1;
    while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static bool is_reason(const struct dm_reason *r, const char *text, size_t n)
{
    return memcmp(r->text, text, n) == 0 && r->text[n] == 0;
}

bool dm_counts_reason(struct dm_counts *c, int32_t op, bool rejected, const char *text, size_t n,
                      uint64_t times)
{
    static const char other[] = "other reasons";
    char valid[DM_REASON_BYTES];
    uint32_t same = 0;
    n = clip(text, n);
    memcpy(valid, text, n);
    dm_utf8_mask(valid, n);
    text = valid;
    for (uint32_t i = 0; i < c->nreasons; i++) {
        struct dm_reason *r = &c->reasons[i];
        if (r->op != op || r->rejected != rejected)
            continue;
        if (is_reason(r, text, n) ||
            (same >= DM_REASONS_PER_OP && is_reason(r, other, strlen(other)))) {
            r->n += times;
            return true;
        }
        same++;
    }
    struct dm_reason *r = same < DM_REASONS_PER_OP
                              ? add_reason(c, op, rejected, text, n)
                              : add_reason(c, op, rejected, other, strlen(other));
    if (r)
        r->n = times;
    return r != NULL;
}

/* An operator's counts as an array: all of them are 64 bits wide. */
enum { OP_FIELDS = sizeof(struct dm_opcount) / sizeof(uint64_t) };

static void fields_of(const struct dm_opcount *o, uint64_t fields[OP_FIELDS])
{
    memcpy(fields, o, sizeof *o);
}

static void set_fields(struct dm_opcount *o, const uint64_t fields[OP_FIELDS])
{
    memcpy(o, fields, sizeof *o);
}

bool dm_counts_add(struct dm_counts *c, const struct dm_counts *from)
{
    c->rows += from->rows;
    c->bytes += from->bytes;
    c->blank += from->blank;
    c->out += from->out;
    c->out_bytes += from->out_bytes;
    c->out_crc = dm_crc64_join(c->out_crc, from->out_crc, from->out_bytes);
    c->bad += from->bad;
    for (uint32_t i = 0; i < c->nops && i < from->nops; i++) {
        uint64_t from_op[OP_FIELDS], to_op[OP_FIELDS];
        fields_of(&from->ops[i], from_op);
        fields_of(&c->ops[i], to_op);
        for (size_t k = 0; k < OP_FIELDS; k++)
            to_op[k] += from_op[k];
        set_fields(&c->ops[i], to_op);
    }
    bool ok = true;
    for (uint32_t i = 0; i < from->nreasons && ok; i++) {
        const struct dm_reason *r = &from->reasons[i];
        ok = dm_counts_reason(c, r->op, r->rejected, r->text, strlen(r->text), r->n);
    }
    return ok;
}

static const size_t HEAD_FIELDS = 7;

bool dm_counts_put(struct dm_buf *b, const struct dm_counts *c)
{
    const uint64_t head[] = {c->rows, c->bytes, c->blank, c->out, c->out_bytes, c->out_crc, c->bad};
    bool ok = true;
    for (size_t i = 0; i < HEAD_FIELDS; i++)
        ok = ok && dm_put_u64(b, head[i]);
    ok = ok && dm_put_u32(b, c->nops);
    for (uint32_t i = 0; i < c->nops; i++) {
        uint64_t fields[OP_FIELDS];
        fields_of(&c->ops[i], fields);
        for (size_t k = 0; k < OP_FIELDS; k++)
            ok = ok && dm_put_u64(b, fields[k]);
    }
    ok = ok && dm_put_u32(b, c->nreasons);
    for (uint32_t i = 0; i < c->nreasons && ok; i++) {
        const struct dm_reason *r = &c->reasons[i];
        ok = dm_put_u32(b, (uint32_t)r->op) && dm_put_u8(b, r->rejected) && dm_put_u64(b, r->n) &&
             dm_put_text(b, r->text);
    }
    return ok;
}

static void get_op(struct dm_wire *w, struct dm_opcount *o)
{
    uint64_t fields[OP_FIELDS];
    for (size_t k = 0; k < OP_FIELDS; k++)
        fields[k] = dm_get_u64(w);
    set_fields(o, fields);
}

void dm_counts_get(struct dm_wire *w, struct dm_counts *c)
{
    dm_counts_clear(c);
    uint64_t *head[] = {&c->rows,      &c->bytes,   &c->blank, &c->out,
                        &c->out_bytes, &c->out_crc, &c->bad};
    for (size_t i = 0; i < HEAD_FIELDS; i++)
        *head[i] = dm_get_u64(w);
    if (dm_get_u32(w) != c->nops)
        w->bad = true;
    for (uint32_t i = 0; i < c->nops && !w->bad; i++)
        get_op(w, &c->ops[i]);
    uint32_t n = dm_get_u32(w);
    for (uint32_t i = 0; i < n && !w->bad; i++) {
        int32_t op = (int32_t)dm_get_u32(w);
        bool rejected = dm_get_u8(w);
        uint64_t times = dm_get_u64(w);
        size_t length;
        const char *text = dm_get_bytes(w, &length);
        if (op < -1 || op >= (int64_t)c->nops)
            w->bad = true;
        if (!w->bad && !dm_counts_reason(c, op, rejected, text, length, times))
            w->bad = true;
    }
}

uint64_t dm_counts_rejected(const struct dm_counts *c)
{
    uint64_t n = c->bad;
    for (uint32_t i = 0; i < c->nops; i++)
        n += c->ops[i].rejected;
    return n;
}
