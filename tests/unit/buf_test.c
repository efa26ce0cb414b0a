#include "base/buf.h"
#include "test.h"

int main(void)
{
    struct dm_buf b = {0};
    ok(dm_buf_puts(&b, "row ") && dm_buf_printf(&b, "%d", 7), "append");
    ok(b.n == 5 && memcmp(b.p, "row 7", 5) == 0, "content is %.*s", (int)b.n, b.p);
    ok(!dm_buf_grow(&b, SIZE_MAX - 3), "a size that overflows is refused");
    for (int i = 0; i < 10000; i++)
        ok(dm_buf_putc(&b, 'x'), "growth");
    ok(b.n == 10005 && b.p[10004] == 'x', "length is %zu", b.n);
    dm_buf_finish(&b);
    ok(b.p == NULL && b.n == 0, "finished");
    return test_end("buf");
}
