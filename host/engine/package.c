#include "engine/package.h"

#include "base/library.h"
#include "engine/self.h"

#include <endian.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

/* Of a zip's headers, see APPNOTE.TXT: made by Unix, version 2.0; files are ours to run. */
enum {
    LOCAL = 0x04034b50,
    CENTRAL = 0x02014b50,
    END = 0x06054b50,
    VERSION = 20,
    UNIX_VERSION = 3 << 8 | VERSION,
    EXECUTABLE = 0100755,
    NAMES_UTF8 = 1 << 11,
    JANUARY_1980 = 1 << 5 | 1
};

struct dm_package_file {
    char *path; /* where it is */
    char *name; /* in the package */
    uint64_t hash;
    uint32_t size, crc, offset;
};

/* ---- what is in it ---- */

/* Of the C library, every machine has its own, which must fit the kernel and each other. */
static bool is_glibc(const char *name)
{
    static const char *const parts[] = {"ld-linux",      "libc.so",    "libm.so",    "libdl.so",
                                        "libpthread.so", "librt.so",   "libutil.so", "libresolv.so",
                                        "libnss_",       "libmvec.so", "linux-vdso", NULL};
    for (const char *const *p = parts; *p; p++)
        if (strncmp(name, *p, strlen(*p)) == 0)
            return true;
    return false;
}

static int add_file(struct dm_package *package, const char *path, const char *folder,
                    const char *name)
{
    char full[512];
    struct dm_package_file *files =
        realloc(package->files, (package->nfiles + 1) * sizeof *package->files);
    if (!files)
        return DM_EMEMORY;
    package->files = files;
    snprintf(full, sizeof full, "%s%s", folder, name);
    struct dm_package_file *file = &files[package->nfiles++];
    *file = (struct dm_package_file){.path = strdup(path), .name = strdup(full)};
    return file->path && file->name ? DM_OK : DM_EMEMORY;
}

static int on_object(struct dl_phdr_info *info, size_t n, void *arg)
{
    const char *path = info->dlpi_name, *slash = strrchr(path, '/');
    (void)n;
    if (!slash || is_glibc(slash + 1)) /* ourselves have no name here */
        return 0;
    return add_file(arg, path, "lib/", slash + 1);
}

/* Libraries that workers load when an operator asks for them; one that this machine has not, they
 * do without here, too. */
static void load_more(void)
{
    static const char *const names[] = {"libcurl.so.4",     "libsqlite3.so.0", "libcld2.so.0",
                                        "libuchardet.so.0", "libexpat.so.1",   "libidn2.so.0",
                                        "libnettle.so.8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        dm_library_try(names[i]);
}

static int compare(const void *a, const void *b)
{
    const struct dm_package_file *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int read_file(struct dm_package_file *file, struct dm_buf *out, struct dm_error *err)
{
    ssize_t n = 0;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot open %s", file->path);
    while (dm_buf_reserve(out, 1 << 20) && (n = read(fd, out->p + out->n, 1 << 20)) > 0)
        out->n += (size_t)n;
    close(fd);
    if (n < 0)
        return dm_fail_errno(err, DM_EIO, "cannot read %s", file->path);
    return n > 0 ? dm_fail_memory(err) : DM_OK;
}

/* Symbols of the C library carry the version in which they came: GLIBC_2.34. */
static void note_glibc(struct dm_package *package, const char *p, size_t n)
{
    static const char mark[] = "GLIBC_2.";
    const char *end = p + n;
    int most = package->glibc[0] ? (int)strtol(package->glibc + 2, NULL, 10) : 0;
    while ((p = memmem(p, (size_t)(end - p), mark, sizeof mark - 1))) {
        p += sizeof mark - 1;
        int minor = 0;
        for (const char *q = p; q < end && *q >= '0' && *q <= '9' && minor < 100; q++)
            minor = minor * 10 + (*q - '0');
        most = minor > most ? minor : most;
    }
    snprintf(package->glibc, sizeof package->glibc, "2.%d", most);
}

static int measure(struct dm_package *package, struct dm_error *err)
{
    struct dm_buf bytes = {0};
    XXH64_hash_t all = 0;
    int rc = DM_OK;
    for (size_t i = 0; i < package->nfiles && rc == DM_OK; i++) {
        struct dm_package_file *file = &package->files[i];
        dm_buf_clear(&bytes);
        rc = read_file(file, &bytes, err);
        file->size = (uint32_t)bytes.n;
        file->hash = XXH3_64bits(bytes.p, bytes.n);
        note_glibc(package, bytes.p, bytes.n);
        all = XXH3_64bits_withSeed(file->name, strlen(file->name), all ^ file->hash);
    }
    dm_buf_finish(&bytes);
    snprintf(package->name, sizeof package->name, "dmhost-%016llx.zip", (unsigned long long)all);
    return rc;
}

int dm_package_plan(struct dm_package *package, struct dm_error *err)
{
    *package = (struct dm_package){0};
    load_more();
    int rc = add_file(package, DM_SELF, "", "dmhost");
    if (rc || dl_iterate_phdr(on_object, package))
        rc = dm_fail_memory(err);
    if (rc == DM_OK) {
        qsort(package->files, package->nfiles, sizeof *package->files, compare);
        rc = measure(package, err);
    }
    if (rc)
        dm_package_finish(package);
    return rc;
}

void dm_package_finish(struct dm_package *package)
{
    for (size_t i = 0; i < package->nfiles; i++) {
        free(package->files[i].path);
        free(package->files[i].name);
    }
    free(package->files);
    package->files = NULL;
    package->nfiles = 0;
}

/* ---- writing it ---- */

static bool put(struct dm_buf *b, uint32_t value, size_t bytes)
{
    uint32_t le = htole32(value);
    return dm_buf_add(b, &le, bytes);
}

/* What a local header and a directory entry have in common. */
static bool put_common(struct dm_buf *b, const struct dm_package_file *f)
{
    return put(b, VERSION, 2) && put(b, NAMES_UTF8, 2) && put(b, 0, 2) && put(b, 0, 2) &&
           put(b, JANUARY_1980, 2) && put(b, f->crc, 4) && put(b, f->size, 4) &&
           put(b, f->size, 4) && put(b, (uint32_t)strlen(f->name), 2) && put(b, 0, 2);
}

static bool put_entry(struct dm_buf *b, const struct dm_package_file *f)
{
    return put(b, CENTRAL, 4) && put(b, UNIX_VERSION, 2) && put_common(b, f) && put(b, 0, 4) &&
           put(b, 0, 2) && put(b, (uint32_t)EXECUTABLE << 16, 4) && put(b, f->offset, 4) &&
           dm_buf_puts(b, f->name);
}

static int write_file(struct dm_package_file *f, struct dm_buf *zip, struct dm_error *err)
{
    struct dm_buf bytes = {0};
    int rc = read_file(f, &bytes, err);
    if (rc == DM_OK && (bytes.n != f->size || XXH3_64bits(bytes.p, bytes.n) != f->hash))
        rc = dm_fail(err, DM_EIO, "%s has just been changed", f->path);
    if (rc == DM_OK) {
        f->crc = (uint32_t)dm_crc32(0, bytes.p, bytes.n);
        f->offset = (uint32_t)zip->n;
        if (!put(zip, LOCAL, 4) || !put_common(zip, f) || !dm_buf_puts(zip, f->name) ||
            !dm_buf_add(zip, bytes.p, bytes.n))
            rc = dm_fail_memory(err);
    }
    dm_buf_finish(&bytes);
    return rc;
}

int dm_package_write(struct dm_package *package, struct dm_buf *zip, struct dm_error *err)
{
    for (size_t i = 0; i < package->nfiles; i++) {
        int rc = write_file(&package->files[i], zip, err);
        if (rc)
            return rc;
    }
    uint32_t directory = (uint32_t)zip->n, n = (uint32_t)package->nfiles;
    bool ok = true;
    for (uint32_t i = 0; ok && i < n; i++)
        ok = put_entry(zip, &package->files[i]);
    ok = ok && put(zip, END, 4) && put(zip, 0, 4) && put(zip, n, 2) && put(zip, n, 2);
    ok = ok && put(zip, (uint32_t)zip->n - directory - 12, 4) && put(zip, directory, 4) &&
         put(zip, 0, 2);
    return ok ? DM_OK : dm_fail_memory(err);
}
