/* What is written behind arrives whole and at its place, whatever becomes of the buffers that were
 * given away, and an error is told. */
#include "io/behind.h"
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BYTES = 16 * 1024 * 1024, LARGEST = 1536 * 1024 };

static uint64_t state = 1;

static uint64_t next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

/* Fills the buffer with n bytes of the file, behind some that are not. */
static void fill(struct dm_buf *buf, const char *file, size_t from, size_t n)
{
    ok(buf->n == 0 && dm_buf_reserve(buf, from + n), "memory for %zu bytes", n);
    memset(buf->p, '-', from);
    memcpy(buf->p + from, file, n);
    buf->n = from + n;
}

static void test_bytes(struct dm_behind *b, int fd)
{
    char *file = malloc(BYTES), *got = malloc(BYTES);
    struct dm_buf buf = {0};
    struct dm_error err;
    for (size_t i = 0; i < BYTES; i++)
        file[i] = (char)(next() % 256);
    for (size_t at = 0, n; at < BYTES; at += n) {
        size_t from = next() % 100;
        n = 1 + next() % LARGEST;
        n = n < BYTES - at ? n : BYTES - at;
        fill(&buf, file + at, from, n);
        ok(dm_behind_write(b, fd, at, &buf, from, n, &err) == DM_OK, "%zu bytes at %zu", n, at);
        if (buf.cap)
            memset(buf.p, '!', buf.cap);
        dm_buf_clear(&buf);
    }
    ok(dm_behind_wait(b, &err) == DM_OK, "all is written");
    ok(pread(fd, got, BYTES, 0) == BYTES && memcmp(file, got, BYTES) == 0, "the same bytes");
    dm_buf_finish(&buf);
    free(file);
    free(got);
}

/* Of two writes that fail one tells so, or the wait; then all is forgotten. */
static void test_full(struct dm_behind *b)
{
    struct dm_buf buf = {0};
    struct dm_error err = {0};
    int fd = open("/dev/full", O_WRONLY), rc = DM_OK;
    for (int i = 0; i < 2 && rc == DM_OK; i++) {
        dm_buf_clear(&buf);
        fill(&buf, "row", 0, 3);
        rc = dm_behind_write(b, fd, 0, &buf, 0, 3, &err);
    }
    rc = rc ? rc : dm_behind_wait(b, &err);
    ok(rc == DM_EIO && strstr(err.text, "No space left"), "%d: %s", rc, err.text);
    dm_behind_wait(b, NULL);
    ok(dm_behind_wait(b, &err) == DM_OK, "an error is told once");
    close(fd);
    dm_buf_finish(&buf);
}

int main(void)
{
    char path[] = "/tmp/dmhost-behind-XXXXXX";
    int fd = mkstemp(path);
    struct dm_behind *b = dm_behind_create();
    ok(fd >= 0 && b, "a file and a thread");
    test_bytes(b, fd);
    test_full(b);
    test_bytes(b, fd);
    dm_behind_destroy(b);
    close(fd);
    unlink(path);
    return test_end("behind");
}
