#include "run/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

bool dm_names_is_shard(const char *name, const char *ending, uint64_t from)
{
    char *rest;
    if (*name < '0' || *name > '9')
        return false;
    uint64_t shard = strtoull(name, &rest, 10);
    return rest - name >= 5 && strcmp(rest, ending) == 0 && shard >= from;
}

/* Whether a step of the path is "..", out of the output folder, or "." or nothing: then another
 * path may mean the same output. */
static bool has_odd_step(const char *path)
{
    for (;;) {
        size_t n = strcspn(path, "/");
        if (n == 0 || (n <= 2 && memcmp(path, "..", n) == 0))
            return true;
        if (!path[n])
            return false;
        path += n + 1;
    }
}

/* Whether the output of an input would have to be a folder for that of `path`; then `name` is that
 * input. `ending` is what stands behind {file}. */
static bool is_in_the_way(const struct dm_inputs *in, const char *path, const char *ending,
                          char name[PATH_BYTES])
{
    size_t m = strlen(ending);
    snprintf(name, PATH_BYTES, "%s%s", path, ending);
    for (char *slash = strrchr(name, '/'); slash && slash > name; slash = strrchr(name, '/')) {
        *slash = 0;
        size_t n = (size_t)(slash - name);
        if (n <= m || memcmp(slash - m, ending, m) != 0)
            continue;
        slash[-(ptrdiff_t)m] = 0;
        if (dm_inputs_has(in, name))
            return true;
        memcpy(slash - m, ending, m);
    }
    return false;
}

static int check_each(const struct dm_commit *c, size_t i, size_t common, struct dm_error *err)
{
    const char *path = dm_inputs_path(c->inputs, i), *out = c->job->output;
    if (has_odd_step(path + common + (!common && *path == '/')))
        return dm_fail(err, DM_EUSAGE,
                       "the output of %s would lie outside of %s, or where another's does\n"
                       "name the inputs without \"..\", \"/./\" and \"//\"",
                       path, out);
    char other[PATH_BYTES];
    if (is_in_the_way(c->inputs, path, strstr(out, "{file}") + strlen("{file}"), other))
        return dm_fail(err, DM_EUSAGE,
                       "the output of %s would be a folder in which that of %s lies\n"
                       "let something else stand behind {file}: %s.rows",
                       other, path, out);
    return DM_OK;
}

/* Whether two paths lead to one file. */
static bool is_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A run clears its directory, and writes there. */
static int check_apart(const struct dm_commit *c, size_t i, struct dm_error *err)
{
    char to[PATH_BYTES], parent[PATH_BYTES];
    const char *path = dm_inputs_path(c->inputs, i), *slash = strrchr(path, '/');
    const char *folder = c->job->settings.folder, *base = strrchr(folder, '/');
    size_t n = strlen(folder);
    if (slash && strstr(path, base ? base + 1 : folder) &&
        (size_t)snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path) <
            sizeof parent &&
        is_same(parent, folder))
        return dm_fail(err, DM_EUSAGE,
                       "the input %s lies in the run directory, which is cleared\n"
                       "copy it elsewhere, or choose another output with -o",
                       path);
    if (c->job->kind == DM_TO_EACH && dm_names_final(c, i, to, sizeof to) &&
        strncmp(to, folder, n) == 0 && to[n] == '/')
        return dm_fail(err, DM_EUSAGE,
                       "the output of %s would lie in the run directory, %s\n"
                       "copy it elsewhere, or choose another output with -o",
                       path, folder);
    return DM_OK;
}

/* Files of several get their names while others are still read. */
static int check_replaced(const struct dm_commit *c, size_t i, struct dm_error *err)
{
    char to[PATH_BYTES];
    const char *path = dm_inputs_path(c->inputs, i), *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path, *replaced = NULL;
    if (c->job->kind == DM_TO_FOLDER && dm_names_is_shard(name, c->streams[DM_ROWS].name, 0) &&
        (size_t)snprintf(to, sizeof to, "%s/%s", c->job->output, name) < sizeof to)
        replaced = is_same(to, path) ? path : NULL;
    else if (c->job->kind == DM_TO_EACH && dm_names_final(c, i, to, sizeof to))
        replaced = is_same(to, path) ? path : dm_inputs_has(c->inputs, to) ? to : NULL;
    if (!replaced)
        return DM_OK;
    return dm_fail(err, DM_EUSAGE,
                   "%s is an input and an output: it would be replaced before the run is complete, "
                   "which could not be resumed then\nwrite into another folder",
                   replaced);
}

int dm_names_check(const struct dm_commit *c, struct dm_error *err)
{
    size_t common = dm_inputs_common(c->inputs);
    int rc = DM_OK;
    for (size_t i = 0; i < c->inputs->n && rc == DM_OK; i++) {
        rc = c->job->kind == DM_TO_EACH ? check_each(c, i, common, err) : DM_OK;
        rc = rc ? rc : check_apart(c, i, err);
        rc = rc ? rc : check_replaced(c, i, err);
    }
    return rc;
}

int dm_names_check_place(const struct dm_commit *c, struct dm_error *err)
{
    char parent[PATH_BYTES] = ".";
    const char *folder = c->job->settings.folder, *slash = strrchr(folder, '/');
    struct stat inner, outer;
    if (slash && slash - folder < PATH_BYTES)
        snprintf(parent, sizeof parent, "%.*s/", (int)(slash - folder), folder);
    if (c->job->kind == DM_TO_STDOUT || stat(folder, &inner) || stat(parent, &outer) ||
        inner.st_dev == outer.st_dev)
        return DM_OK;
    return dm_fail(err, DM_EUSAGE,
                   "%s is on another file system than the output: complete files could not be "
                   "renamed\nremove it, or choose another output with -o",
                   folder);
}

bool dm_names_final(const struct dm_commit *c, uint64_t shard, char *buf, size_t n)
{
    const char *out = c->job->output;
    int k;
    if (c->job->kind == DM_TO_EACH) {
        const char *hole = strstr(out, "{file}");
        const char *name = dm_inputs_path(c->inputs, shard) + dm_inputs_common(c->inputs);
        k = snprintf(buf, n, "%.*s%s%s", (int)(hole - out), out, name, hole + strlen("{file}"));
    } else if (c->job->kind == DM_TO_FOLDER) {
        k = snprintf(buf, n, "%s/%05llu%s", out, (unsigned long long)shard,
                     c->streams[DM_ROWS].name);
    } else {
        k = snprintf(buf, n, "%s", out);
    }
    return k > 0 && (size_t)k < n;
}
