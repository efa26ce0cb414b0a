/* Paragraphs of Word's XML (ECMA-376, 17.3), as python-docx writes them: tabs and line ends become
 * elements; a piece between them that XML can not hold is left out with all that follows. */
#include "base/buf.h"

/* What a byte is to XML. */
enum { PLAIN, SIGN, BREAK, FOREIGN, SUSPECT };

static const unsigned char *kinds(void)
{
    static unsigned char table[256];
    if (table['&'])
        return table;
    memset(table, FOREIGN, ' ');
    table['\t'] = table['\n'] = table['\r'] = BREAK;
    table['<'] = table['>'] = SIGN;
    table[0xef] = SUSPECT; /* U+FFFE and U+FFFF begin so */
    table['&'] = SIGN;
    return table;
}

static bool is_noncharacter(const unsigned char *u, size_t n)
{
    return n >= 3 && u[1] == 0xbf && u[2] >= 0xbe;
}

/* Where the piece at p ends; sets `foreign` when XML can not hold it. */
static size_t piece_end(const char *p, size_t n, bool *foreign)
{
    const unsigned char *kind = kinds(), *u = (const unsigned char *)p;
    size_t i = 0;
    for (; i < n && kind[u[i]] != BREAK; i++)
        if (kind[u[i]] == FOREIGN || (kind[u[i]] == SUSPECT && is_noncharacter(u + i, n - i)))
            *foreign = true;
    return i;
}

static bool put_text(struct dm_buf *out, const char *p, size_t n)
{
    const unsigned char *kind = kinds();
    size_t from = 0;
    bool keep = p[0] == ' ' || p[n - 1] == ' ';
    bool ok = dm_buf_puts(out, keep ? "<w:t xml:space=\"preserve\">" : "<w:t>");
    for (size_t i = 0; i < n && ok; i++) {
        if (kind[(unsigned char)p[i]] != SIGN)
            continue;
        ok = dm_buf_add(out, p + from, i - from) && dm_buf_puts(out, p[i] == '&'   ? "&amp;"
                                                                     : p[i] == '<' ? "&lt;"
                                                                                   : "&gt;");
        from = i + 1;
    }
    return ok && dm_buf_add(out, p + from, n - from) && dm_buf_puts(out, "</w:t>");
}

int dm_docx_paragraph(const char *p, size_t n, struct dm_buf *out)
{
    if (!n)
        return dm_buf_puts(out, "<w:p/>") ? DM_OK : DM_EMEMORY;
    bool ok = dm_buf_puts(out, "<w:p><w:r>"), foreign = false;
    while (n && ok) {
        size_t k = piece_end(p, n, &foreign);
        if (foreign)
            break;
        ok = !k || put_text(out, p, k);
        if (k < n)
            ok = ok && dm_buf_puts(out, p[k++] == '\t' ? "<w:tab/>" : "<w:br/>");
        p += k;
        n -= k;
    }
    return ok && dm_buf_puts(out, "</w:r></w:p>") ? DM_OK : DM_EMEMORY;
}

int dm_docx_lines(const char *p, size_t n, struct dm_buf *out)
{
    const char *end = p + n, *newline;
    int rc = DM_OK;
    while (rc == DM_OK && (newline = memchr(p, '\n', (size_t)(end - p)))) {
        rc = dm_docx_paragraph(p, (size_t)(newline - p), out);
        p = newline + 1;
    }
    return rc ? rc : dm_docx_paragraph(p, (size_t)(end - p), out);
}
