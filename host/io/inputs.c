#include "io/inputs.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>

static int add_path(struct dm_inputs *in, const char *path, struct dm_error *err)
{
    if (in->n == in->cap) {
        size_t cap = in->cap ? in->cap * 2 : 16;
        size_t *at = realloc(in->at, cap * sizeof *at);
        if (!at)
            return dm_fail_memory(err);
        in->at = at;
        in->cap = cap;
    }
    in->at[in->n] = in->text.n;
    if (!dm_buf_add(&in->text, path, strlen(path) + 1))
        return dm_fail_memory(err);
    in->n++;
    return DM_OK;
}

/* A pipe can not be read by range, twice, or by another process. */
static int add_file(struct dm_inputs *in, const char *path, mode_t mode, struct dm_error *err)
{
    if (S_ISREG(mode))
        return add_path(in, path, err);
    if (S_ISLNK(mode))
        return dm_fail(err, DM_EUSAGE,
                       "%s is a symbolic link that leads nowhere\nremove it, or name the files",
                       path);
    return dm_fail(err, DM_EUSAGE,
                   "%s is not a regular file\na pipe is read as standard input: -i -", path);
}

static bool ends_with(const char *s, size_t n, const char *suffix)
{
    size_t k = strlen(suffix);
    return n >= k && memcmp(s + n - k, suffix, k) == 0;
}

/* Whether a file found in a folder is taken for input. */
static bool is_input_name(const char *name)
{
    size_t n = strlen(name);
    if (ends_with(name, n, ".gz"))
        n -= 3;
    else if (ends_with(name, n, ".zst"))
        n -= 4;
    return ends_with(name, n, ".jsonl") || ends_with(name, n, ".ndjson") ||
           ends_with(name, n, ".json");
}

static int visit(struct dm_inputs *in, FTS *walk, FTSENT *e, struct dm_error *err)
{
    switch (e->fts_info) {
    case FTS_D:
        if (e->fts_level > 0 && e->fts_name[0] == '.')
            fts_set(walk, e, FTS_SKIP);
        return DM_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        errno = e->fts_errno;
        return dm_fail_errno(err, DM_EIO, "cannot read %s", e->fts_path);
    case FTS_DC:
        return dm_fail(err, DM_EIO, "%s: a symbolic link leads back to its own folder",
                       e->fts_path);
    case FTS_F:
    case FTS_DEFAULT:
    case FTS_SLNONE:
        if (e->fts_name[0] != '.' && is_input_name(e->fts_name))
            return add_file(in, e->fts_path, e->fts_statp->st_mode, err);
        return DM_OK;
    default:
        return DM_OK;
    }
}

static int add_folder(struct dm_inputs *in, const char *folder, struct dm_error *err)
{
    size_t before = in->n, n = strlen(folder);
    char *root = strdup(folder);
    if (!root)
        return dm_fail_memory(err);
    while (n > 1 && root[n - 1] == '/')
        root[--n] = 0;
    char *roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    int rc = walk ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot read %s", folder);
    FTSENT *e;
    while (rc == DM_OK && (e = fts_read(walk)))
        rc = visit(in, walk, e, err);
    if (walk)
        fts_close(walk);
    free(root);
    if (rc == DM_OK && in->n == before)
        rc = dm_fail(err, DM_EUSAGE,
                     "%s: the folder holds no .jsonl, .ndjson or .json file\n"
                     "files of other names are named by a pattern, as in -i 'DIR/*.txt'",
                     folder);
    return rc;
}

static int add_existing(struct dm_inputs *in, const char *path, struct dm_error *err)
{
    struct stat st;
    if (stat(path, &st))
        return dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    return S_ISDIR(st.st_mode) ? add_folder(in, path, err) : add_file(in, path, st.st_mode, err);
}

int dm_inputs_add(struct dm_inputs *in, const char *pattern, struct dm_error *err)
{
    struct stat st;
    glob_t found;
    if (strcmp(pattern, "-") == 0)
        return add_path(in, pattern, err);
    if (stat(pattern, &st) == 0 || !strpbrk(pattern, "*?[{"))
        return add_existing(in, pattern, err);
    int rc = glob(pattern, GLOB_BRACE | GLOB_NOSORT, NULL, &found);
    if (rc == GLOB_NOMATCH)
        return dm_fail(
            err, DM_EUSAGE,
            "no file matches the input %s\nrelative patterns count from the current directory",
            pattern);
    if (rc)
        return dm_fail_errno(err, DM_EIO, "cannot search for %s", pattern);
    rc = DM_OK;
    for (size_t i = 0; i < found.gl_pathc && rc == DM_OK; i++)
        rc = add_existing(in, found.gl_pathv[i], err);
    globfree(&found);
    return rc;
}

static int by_path(const void *a, const void *b, void *text)
{
    const char *base = text;
    return strcmp(base + *(const size_t *)a, base + *(const size_t *)b);
}

void dm_inputs_sort(struct dm_inputs *in)
{
    if (in->n < 2)
        return;
    qsort_r(in->at, in->n, sizeof *in->at, by_path, in->text.p);
    size_t kept = 1;
    for (size_t i = 1; i < in->n; i++)
        if (by_path(&in->at[i], &in->at[kept - 1], in->text.p) != 0)
            in->at[kept++] = in->at[i];
    in->n = kept;
}

const char *dm_inputs_path(const struct dm_inputs *in, size_t i)
{
    return in->text.p + in->at[i];
}

void dm_inputs_finish(struct dm_inputs *in)
{
    dm_buf_finish(&in->text);
    free(in->at);
    *in = (struct dm_inputs){0};
}
