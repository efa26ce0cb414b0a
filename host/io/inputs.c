#include "io/inputs.h"

#include "io/reader.h"
#include "io/walk.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Whether the name stands for another file in each process. */
static bool is_descriptor(const char *path)
{
    static const char *const heads[] = {DM_STANDARD_INPUT, "/dev/fd/", "/proc/self/fd/"};
    bool found = false;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        found = found || strncmp(path, heads[i], strlen(heads[i])) == 0;
    return found;
}

/* A pipe can not be read by range, twice, or by another process. */
static int add_file(struct dm_inputs *in, const char *path, mode_t mode, struct dm_error *err)
{
    if (S_ISREG(mode) && is_descriptor(path))
        return dm_fail(err, DM_EUSAGE,
                       "%s is another file in each process\nstandard input is read with -i -",
                       path);
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

/* Whether a name has one of the endings, which are in small letters. */
static bool has_suffix(const char *name, const char *suffixes)
{
    size_t n = strlen(name);
    for (const char *s = suffixes; *s;) {
        size_t k = strcspn(s, "\n");
        if (n >= k && strncasecmp(name + n - k, s, k) == 0)
            return true;
        s += k + (s[k] == '\n');
    }
    return false;
}

/* Whether a file found in a folder is taken for input. */
static bool is_input_name(const struct dm_inputs *in, const char *name)
{
    size_t n = strlen(name);
    if (in->suffixes)
        return has_suffix(name, in->suffixes);
    if (ends_with(name, n, ".gz"))
        n -= 3;
    else if (ends_with(name, n, ".zst"))
        n -= 4;
    return ends_with(name, n, ".jsonl") || ends_with(name, n, ".ndjson") ||
           ends_with(name, n, ".json");
}

/* A walk through one folder. */
struct search {
    struct dm_inputs *in;
    bool found_own;                   /* what would be input, were it not dmhost's own */
    char *outputs[DM_INPUTS_OUTPUTS]; /* as the walk would name them; NULL: not in this folder */
};

/* The real path of an output: where it is one for each input, of their folder. */
static char *real_output(const char *path)
{
    const char *hole = strstr(path, "{file}");
    while (hole && hole > path && hole[-1] != '/')
        hole--;
    char *folder = hole ? strndup(path, (size_t)(hole - path)) : NULL;
    char *real = realpath(hole ? folder && *folder ? folder : "." : path, NULL);
    free(folder);
    return real;
}

/* How a walk through `root` names what stands at `path`: "" for root itself, NULL when it is not
 * there. The caller frees it. */
static char *name_under(const char *root, const char *path)
{
    char *outer = path ? realpath(root, NULL) : NULL, *inner = outer ? real_output(path) : NULL;
    char *name = NULL;
    size_t n = outer ? strlen(outer) : 0;
    if (inner && strncmp(outer, inner, n) == 0 && !inner[n])
        name = strdup("");
    else if (inner && strncmp(outer, inner, n) == 0 && inner[n] == '/' &&
             asprintf(&name, "%s%s", root, inner + n) < 0)
        name = NULL;
    free(outer);
    free(inner);
    return name;
}

/* Whether a path is an output of the run, or lies in one. */
static bool is_output(const struct search *s, const char *path)
{
    for (size_t i = 0; i < DM_INPUTS_OUTPUTS; i++) {
        size_t n = s->outputs[i] ? strlen(s->outputs[i]) : 0;
        if (s->outputs[i] && strncmp(path, s->outputs[i], n) == 0 &&
            (!n || !path[n] || path[n] == '/'))
            return true;
    }
    return false;
}

/* Whether a path is the run directory of any run that wrote a file, or lies in one. */
static bool in_run_directory(const char *path)
{
    static const char ending[] = ".run";
    for (const char *at = strstr(path, ending); at; at = strstr(at + 1, ending)) {
        char *journal = NULL;
        const char *end = at + strlen(ending);
        bool found = (!*end || *end == '/') &&
                     asprintf(&journal, "%.*s/journal", (int)(end - path), path) > 0 &&
                     access(journal, F_OK) == 0;
        free(journal);
        if (found)
            return true;
    }
    return false;
}

static int visit(void *arg, const char *path, enum dm_walk_kind kind, struct dm_error *err)
{
    struct search *s = arg;
    if (s->in->documents) {
        bool left_out = s->in->suffixes && !has_suffix(path, s->in->suffixes);
        return left_out || is_output(s, path) ? DM_OK : add_path(s->in, path, err);
    }
    if (kind == DM_WALK_UNREADABLE)
        return dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    if (kind == DM_WALK_LOOP)
        return dm_fail(err, DM_EIO, "%s: a symbolic link leads back to its own folder", path);
    if (!is_input_name(s->in, path))
        return DM_OK;
    if (is_output(s, path) || in_run_directory(path)) {
        s->found_own = true;
        return DM_OK;
    }
    mode_t mode = kind == DM_WALK_FILE ? S_IFREG : kind == DM_WALK_BROKEN ? S_IFLNK : S_IFIFO;
    return add_file(s->in, path, mode, err);
}

/* Output goes into the folder that is searched itself. Rows that were written there would be found
 * when the run is resumed; documents have names of their own, and stay input. */
static int take_own_folder(struct search *s, size_t i, const char *root, struct dm_error *err)
{
    free(s->outputs[i]);
    s->outputs[i] = NULL;
    if (s->in->documents)
        return DM_OK;
    return dm_fail(err, DM_EUSAGE,
                   "%s is searched for input, and output goes there too\n"
                   "choose another folder with -o",
                   root);
}

/* All that was found is of this run, or of the directory of another. */
static int fail_own(const char *where, struct dm_error *err)
{
    return dm_fail(err, DM_EUSAGE,
                   "there is nothing in %s but what dmhost wrote: this run's output, or a run "
                   "directory\nchoose another input with -i, or another output with -o",
                   where);
}

static int search(struct dm_inputs *in, const char *root, struct dm_error *err)
{
    struct search s = {.in = in};
    size_t before = in->n;
    int rc = DM_OK;
    for (size_t i = 0; i < DM_INPUTS_OUTPUTS; i++) {
        s.outputs[i] = name_under(root, in->outputs[i]);
        if (s.outputs[i] && !*s.outputs[i] && (!in->documents || strstr(in->outputs[i], "{file}")))
            rc = take_own_folder(&s, i, root, err);
    }
    rc = rc ? rc : dm_walk(root, visit, &s, err);
    if (rc == DM_OK && in->n == before && s.found_own)
        rc = fail_own(root, err);
    for (size_t i = 0; i < DM_INPUTS_OUTPUTS; i++)
        free(s.outputs[i]);
    return rc;
}

static int add_folder(struct dm_inputs *in, const char *folder, struct dm_error *err)
{
    size_t before = in->n, n = strlen(folder);
    char *root = strdup(folder);
    if (!root)
        return dm_fail_memory(err);
    while (n > 1 && root[n - 1] == '/')
        root[--n] = 0;
    int rc = search(in, root, err);
    free(root);
    if (rc == DM_OK && in->n == before && in->suffixes)
        rc = dm_fail(err, DM_EUSAGE, "%s: the folder holds no file with such a suffix", folder);
    else if (rc == DM_OK && in->n == before && !in->documents)
        rc = dm_fail(err, DM_EUSAGE,
                     "%s: the folder holds no .jsonl, .ndjson or .json file\n"
                     "files of other names are named by a pattern, as in -i 'DIR/*.txt'",
                     folder);
    return rc;
}

/* Whether a file that a glob found is an output. */
static bool is_output_file(const struct dm_inputs *in, const struct stat *st)
{
    struct stat out;
    for (size_t i = 0; i < DM_INPUTS_OUTPUTS; i++)
        if (in->outputs[i] && stat(in->outputs[i], &out) == 0 && out.st_dev == st->st_dev &&
            out.st_ino == st->st_ino)
            return true;
    return false;
}

static int add_existing(struct dm_inputs *in, const char *path, struct dm_error *err)
{
    struct stat st;
    if (stat(path, &st))
        return dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    if (S_ISDIR(st.st_mode))
        return add_folder(in, path, err);
    if (in->documents)
        return is_output_file(in, &st) ? DM_OK : add_path(in, path, err);
    return add_file(in, path, st.st_mode, err);
}

static const char *without_dot(const char *path)
{
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return path;
}

/* Whether a glob that finds `path` will find what is written as well: files of the output folder,
 * or the one of this input. */
static bool finds_output(const struct dm_inputs *in, const char *pattern, const char *path)
{
    const char *out = in->outputs[0], *hole = out ? strstr(out, "{file}") : NULL;
    const char *slash = strrchr(path, '/');
    char *name = NULL;
    struct stat st;
    int n = -1;
    if (hole)
        n = asprintf(&name, "%.*s%s%s", (int)(hole - out), out, slash ? slash + 1 : path,
                     hole + strlen("{file}"));
    else if (out && stat(out, &st) == 0 && S_ISDIR(st.st_mode))
        n = asprintf(&name, "%s/00000.jsonl", out);
    if (n < 0)
        return false;
    int rc = fnmatch(without_dot(pattern), without_dot(name), FNM_PATHNAME | FNM_PERIOD);
    free(name);
    return rc == 0;
}

/* Adds what a glob found. */
static int add_found(struct dm_inputs *in, const char *pattern, const char *path,
                     struct dm_error *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && (is_output_file(in, &st) || in_run_directory(path)))
        return DM_OK;
    if (!in->documents && finds_output(in, pattern, path))
        return dm_fail(err, DM_EUSAGE,
                       "%s would find what is written to %s, too\nchoose another folder with -o",
                       pattern, in->outputs[0]);
    return add_existing(in, path, err);
}

int dm_inputs_add(struct dm_inputs *in, const char *pattern, struct dm_error *err)
{
    struct stat st;
    glob_t found;
    size_t before = in->n;
    if (strcmp(pattern, "-") == 0)
        return add_path(in, pattern, err);
    if (stat(pattern, &st) == 0 || !strpbrk(pattern, "*?[{"))
        return add_existing(in, pattern, err);
    int rc = glob(pattern, GLOB_BRACE | GLOB_NOSORT, NULL, &found);
    if (rc == GLOB_NOMATCH)
        return dm_fail(err, DM_EUSAGE,
                       "no file matches the input %s\n"
                       "relative patterns count from the current directory",
                       pattern);
    if (rc)
        return dm_fail_errno(err, DM_EIO, "cannot search for %s", pattern);
    rc = DM_OK;
    for (size_t i = 0; i < found.gl_pathc && rc == DM_OK; i++)
        rc = add_found(in, pattern, found.gl_pathv[i], err);
    globfree(&found);
    return rc == DM_OK && in->n == before && !in->documents ? fail_own(pattern, err) : rc;
}

static int by_path(const void *a, const void *b, void *text)
{
    const char *base = text;
    return strcmp(base + *(const size_t *)a, base + *(const size_t *)b);
}

void dm_inputs_sort_from(struct dm_inputs *in, size_t first)
{
    if (in->n < first + 2)
        return;
    qsort_r(in->at + first, in->n - first, sizeof *in->at, by_path, in->text.p);
    size_t kept = first + 1;
    for (size_t i = kept; i < in->n; i++)
        if (by_path(&in->at[i], &in->at[kept - 1], in->text.p) != 0)
            in->at[kept++] = in->at[i];
    in->n = kept;
}

void dm_inputs_sort(struct dm_inputs *in)
{
    dm_inputs_sort_from(in, 0);
}

int dm_inputs_set_share(struct dm_inputs *in, size_t i, uint64_t share, struct dm_error *err)
{
    uint64_t *list = realloc(in->share, in->cap * sizeof *list);
    if (!list)
        return in->cap ? dm_fail_memory(err) : DM_OK;
    if (!in->share)
        memset(list, 0, i * sizeof *list);
    in->share = list;
    while (i < in->n)
        list[i++] = share;
    return DM_OK;
}

int dm_inputs_repeat(struct dm_inputs *in, size_t from, size_t to, struct dm_error *err)
{
    int rc = DM_OK;
    for (size_t i = from; i < to && rc == DM_OK; i++) {
        char *path = strdup(dm_inputs_path(in, i));
        rc = path ? add_path(in, path, err) : dm_fail_memory(err);
        free(path);
    }
    return rc;
}

const char *dm_inputs_path(const struct dm_inputs *in, size_t i)
{
    return in->text.p + in->at[i];
}

void dm_inputs_finish(struct dm_inputs *in)
{
    dm_buf_finish(&in->text);
    free(in->at);
    free(in->share);
    *in = (struct dm_inputs){0};
}
