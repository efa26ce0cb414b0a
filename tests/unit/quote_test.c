/* Quoting a text reads nothing behind it: texts stand at the end of a page that no page follows. */
#include "base/buf.h"
#include "json/write.h"
#include "test.h"

#include <sys/mman.h>

enum { PAGE = 4096 };

/* What JSON text of n bytes `c`, and a quote before the last, is. */
static size_t expected(char c, size_t n, char *out)
{
    size_t k = 0;
    out[k++] = '"';
    for (size_t i = 0; i < n; i++) {
        if (i + 2 == n)
            out[k++] = '\\';
        out[k++] = i + 2 == n ? '"' : c;
    }
    out[k++] = '"';
    return k;
}

int main(void)
{
    static char want[PAGE];
    struct dm_buf b = {0};
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ok(page != MAP_FAILED && mprotect(page + PAGE, PAGE, PROT_NONE) == 0, "pages");
    for (size_t n = 0; n < 300; n++) {
        char *text = page + PAGE - n;
        memset(text, 'a', n);
        if (n > 1)
            text[n - 2] = '"';
        dm_buf_clear(&b);
        size_t k = expected('a', n, want);
        ok(dm_json_quote(&b, text, n) && b.n == k && memcmp(b.p, want, k) == 0, "%zu bytes", n);
    }
    dm_buf_finish(&b);
    return test_end("quote");
}
