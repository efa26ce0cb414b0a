#include "run/record.h"

#include "base/utf8.h"
#include "json/write.h"

#include <math.h>

/* Text that may hold anything: bytes that are not UTF-8 become question marks. */
static bool put_text(struct dm_buf *b, const char *p, size_t n)
{
    if (dm_utf8_check(p, n) == n)
        return dm_json_quote(b, p, n);
    struct dm_buf clean = {0};
    bool ok = dm_buf_add(&clean, p, n);
    if (ok)
        dm_utf8_mask(clean.p, n);
    ok = ok && dm_json_quote(b, clean.p, n);
    dm_buf_finish(&clean);
    return ok;
}

/* The row's id within quotes: what follows the file's name needs no escapes. */
static bool put_id(struct dm_buf *b, const struct dm_record *r)
{
    if (!put_text(b, r->file, strlen(r->file)))
        return false;
    b->n--;
    return dm_buf_putc(b, '@') && dm_buf_decimal(b, r->offset) && dm_buf_puts(b, r->child) &&
           dm_buf_putc(b, '"');
}

static bool put_head(struct dm_buf *b, const struct dm_record *r)
{
    return dm_buf_puts(b, "{\"row\":") && put_id(b, r) && dm_buf_puts(b, ",\"op\":") &&
           put_text(b, r->op_name, strlen(r->op_name)) && dm_buf_puts(b, ",\"reason\":") &&
           put_text(b, r->reason, r->reason_bytes);
}

bool dm_record_ledger(struct dm_buf *b, const struct dm_record *r)
{
    bool ok = put_head(b, r);
    if (r->has_value)
        ok = ok && (isfinite(r->value) ? dm_buf_printf(b, ",\"value\":%.17g", r->value)
                                       : dm_buf_puts(b, ",\"value\":null"));
    return ok && dm_buf_puts(b, r->rejected ? ",\"outcome\":\"rejected\"}\n"
                                            : ",\"outcome\":\"dropped\"}\n");
}

bool dm_record_reject(struct dm_buf *b, const struct dm_record *r)
{
    bool ok = put_head(b, r);
    if (r->cut)
        ok = ok && dm_buf_puts(b, ",\"cut\":true");
    if (dm_utf8_check(r->input, r->input_bytes) == r->input_bytes)
        ok = ok && dm_buf_puts(b, ",\"input\":") && dm_json_quote(b, r->input, r->input_bytes);
    else
        ok = ok && dm_buf_puts(b, ",\"input_base64\":\"") &&
             dm_base64_encode(r->input, r->input_bytes, b) == DM_OK && dm_buf_putc(b, '"');
    return ok && dm_buf_puts(b, "}\n");
}
