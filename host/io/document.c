/* A file as a sample: what it is called, its kind, size and time, and its text. */
#include "base/buf.h"
#include "base/error.h"
#include "base/home.h"
#include "base/utf8.h"
#include "io/filetype.h"
#include "json/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Memory that a long text took is given back. */
enum { KEEP_BYTES = 1 << 20 };

static int unreadable(struct dm_error *err)
{
    return dm_fail_errno(err, DM_EINPUT, "cannot be read");
}

/* A path may hold any bytes, a row is UTF-8. */
static bool put_name(struct dm_buf *row, const char *name)
{
    struct dm_buf clean = {0};
    size_t n = strlen(name);
    if (dm_utf8_check(name, n) == n)
        return dm_json_quote(row, name, n);
    bool ok = dm_buf_add(&clean, name, n);
    for (size_t i = 0; ok && i < n; i++)
        if (clean.p[i] & 0x80)
            clean.p[i] = '?';
    ok = ok && dm_json_quote(row, clean.p, n);
    dm_buf_finish(&clean);
    return ok;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What is known of a file; st NULL: nothing but its name. */
static bool put_description(struct dm_buf *row, const char *path, const char *type,
                            const struct stat *st)
{
    char time[32];
    struct tm tm;
    bool ok = dm_buf_puts(row, "{\"fileName\":") && put_name(row, name_of(path)) &&
              dm_buf_printf(row, ",\"fileType\":\"%s\",\"filePath\":", type) && put_name(row, path);
    if (!st || !ok)
        return ok;
    ok = dm_buf_printf(row, ",\"fileSize\":%lld", (long long)st->st_size);
    if (gmtime_r(&st->st_mtim.tv_sec, &tm) && strftime(time, sizeof time, "%FT%TZ", &tm))
        ok = ok && dm_buf_printf(row, ",\"modifiedTime\":\"%s\"", time);
    return ok;
}

/* Appends up to n bytes of an open file. */
static int read_some(int fd, size_t n, struct dm_buf *to, struct dm_error *err)
{
    if (!dm_buf_reserve(to, n))
        return dm_fail_memory(err);
    while (n) {
        ssize_t got = read(fd, to->p + to->n, n);
        if (got < 0 && errno != EINTR)
            return unreadable(err);
        if (got == 0)
            break;
        if (got > 0) {
            to->n += (size_t)got;
            n -= (size_t)got;
        }
    }
    return DM_OK;
}

/* CRLF becomes LF, as DataMate reads files. Returns the new length. */
static size_t unify_lines(char *p, size_t n)
{
    char *end = p + n, *to = p, *from = p, *cr;
    while ((cr = memchr(from, '\r', (size_t)(end - from)))) {
        memmove(to, from, (size_t)(cr - from));
        to += cr - from;
        from = cr + 1;
        if (from == end || *from != '\n')
            *to++ = '\r';
    }
    memmove(to, from, (size_t)(end - from));
    return n - (size_t)(from - to);
}

/* Appends the member `text`, made of the bytes of the file. */
static int put_text(struct dm_buf *row, const struct dm_buf *bytes, struct dm_error *err)
{
    const char *charset;
    struct dm_buf text = {0};
    int rc = dm_encoding_guess(bytes->p, bytes->n, &charset, err);
    if (rc == DM_OK && !*charset)
        rc = dm_fail(err, DM_EINPUT, "its charset can not be told");
    if (rc == DM_OK)
        rc = dm_encoding_convert(bytes->p, bytes->n, charset, &text, err);
    if (rc == DM_OK && text.n)
        text.n = unify_lines(text.p, text.n);
    if (rc == DM_OK && !(dm_buf_puts(row, ",\"text\":") && dm_json_quote(row, text.p, text.n)))
        rc = dm_fail_memory(err);
    dm_buf_finish(&text);
    return rc;
}

/* Reads the rest of a file, whose head is in `bytes`. */
static int read_rest(int fd, const struct stat *st, size_t most, struct dm_buf *bytes,
                     struct dm_error *err)
{
    if ((uint64_t)st->st_size > most)
        return dm_fail(err, DM_EINPUT, "text is longer than limits.row_size, %zu bytes", most);
    size_t size = (size_t)st->st_size;
    return size > bytes->n ? read_some(fd, size - bytes->n, bytes, err) : DM_OK;
}

/* The row but for its end, of an open file. */
static int put_file(int fd, const char *path, bool content, size_t most, const struct stat *st,
                    struct dm_buf *row, struct dm_error *err)
{
    static _Thread_local struct dm_buf bytes;
    char type[DM_FILETYPE_BYTES] = "";
    dm_buf_clear(&bytes);
    int rc = read_some(fd, DM_FILETYPE_HEAD, &bytes, err);
    bool text = rc == DM_OK && dm_filetype(name_of(path), bytes.p, bytes.n, type);
    if (!put_description(row, path, type, st))
        return dm_fail_memory(err);
    if (text && content)
        rc = read_rest(fd, st, most, &bytes, err);
    if (text && content && rc == DM_OK)
        rc = put_text(row, &bytes, err);
    if (bytes.cap > KEEP_BYTES)
        dm_buf_finish(&bytes);
    return rc;
}

/* A path that leads to no file: a folder stands among files when it can not be read, or was read
 * already. */
static int put_other(const char *path, const struct stat *st, struct dm_buf *row,
                     struct dm_error *err)
{
    if (!put_description(row, path, "", NULL))
        return dm_fail_memory(err);
    if (!S_ISDIR(st->st_mode))
        return dm_fail(err, DM_EINPUT, "is no regular file");
    int fd = openat(dm_home(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return unreadable(err);
    close(fd);
    return dm_fail(err, DM_EINPUT, "is a symbolic link that leads back to a folder around it");
}

static int put_row(const char *path, bool content, size_t most, struct dm_buf *row,
                   struct dm_error *err)
{
    struct stat st;
    if (fstatat(dm_home(), path, &st, 0) == 0 && !S_ISREG(st.st_mode))
        return put_other(path, &st, row, err);
    int fd = openat(dm_home(), path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st)) {
        int rc = unreadable(err);
        if (fd >= 0)
            close(fd);
        return put_description(row, path, "", NULL) ? rc : dm_fail_memory(err);
    }
    int rc = put_file(fd, path, content, most, &st, row, err);
    close(fd);
    return rc;
}

int dm_document_read(const char *path, int content, size_t most, struct dm_buf *row,
                     struct dm_error *err)
{
    size_t n = strlen(path);
    int rc = put_row(path, content != 0, most, row, err);
    if (rc == DM_OK && dm_utf8_check(path, n) < n)
        rc = dm_fail(err, DM_EINPUT, "its path is not UTF-8");
    return rc == DM_EMEMORY || dm_buf_putc(row, '}') ? rc : dm_fail_memory(err);
}
