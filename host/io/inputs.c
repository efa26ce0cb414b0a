#include "io/inputs.h"

#include "io/glob.h"
#include "io/reader.h"
#include "io/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static int add_path(struct dm_inputs *in, const char *path, struct dm_error *err)
{
    if (!in->open) {
        struct dm_paths **list = realloc(in->sources, (in->nsources + 1) * sizeof *list);
        if (!list)
            return dm_fail_memory(err);
        in->sources = list;
        list[in->nsources] = dm_paths_create();
        if (!list[in->nsources])
            return dm_fail_memory(err);
        in->nsources++;
        in->open = true;
    }
    int rc = dm_paths_add(in->sources[in->nsources - 1], path, err);
    in->n += rc == DM_OK;
    return rc;
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

/* Whether a glob that finds `path` will find what is written as well: files of the output folder,
 * or the one of this input. */
static int finds_output(const struct dm_inputs *in, const char *pattern, const char *path,
                        bool *found, struct dm_error *err)
{
    const char *out = in->outputs[0], *hole = out ? strstr(out, "{file}") : NULL;
    const char *slash = strrchr(path, '/');
    char *name = NULL;
    int n = 0;
    *found = false;
    if (hole)
        n = asprintf(&name, "%.*s%s%s", (int)(hole - out), out, slash ? slash + 1 : path,
                     hole + strlen("{file}"));
    else if (out && in->numbered)
        n = asprintf(&name, "%s/00000.jsonl", out);
    if (n < 0)
        return dm_fail_memory(err);
    int rc = n ? dm_glob_names(pattern, name, found, err) : DM_OK;
    free(name);
    return rc;
}

/* A search for what matches a pattern. */
struct globbing {
    struct dm_inputs *in;
    const char *pattern;
    bool found;
};

/* Adds what a glob found. */
static int add_found(void *arg, const char *path, struct dm_error *err)
{
    struct globbing *g = arg;
    struct stat st;
    bool finds = false;
    g->found = true;
    if (stat(path, &st) == 0 && (is_output_file(g->in, &st) || in_run_directory(path)))
        return DM_OK;
    int rc = g->in->documents ? DM_OK : finds_output(g->in, g->pattern, path, &finds, err);
    if (rc)
        return rc;
    if (finds)
        return dm_fail(err, DM_EUSAGE,
                       "%s would find what is written to %s, too\nchoose another folder with -o",
                       g->pattern, g->in->outputs[0]);
    return add_existing(g->in, path, err);
}

int dm_inputs_add(struct dm_inputs *in, const char *pattern, struct dm_error *err)
{
    struct stat st;
    struct globbing g = {in, pattern, false};
    size_t before = in->n;
    if (strcmp(pattern, "-") == 0)
        return add_path(in, pattern, err);
    if (stat(pattern, &st) == 0 || !strpbrk(pattern, "*?[{"))
        return add_existing(in, pattern, err);
    int rc = dm_glob(pattern, add_found, &g, err);
    if (rc == DM_OK && !g.found)
        return dm_fail(err, DM_EUSAGE,
                       "no file matches the input %s\n"
                       "relative patterns count from the current directory",
                       pattern);
    return rc == DM_OK && in->n == before && !in->documents ? fail_own(pattern, err) : rc;
}

static int add_section(struct dm_inputs *in, size_t n, uint64_t share, struct dm_error *err)
{
    struct dm_section *list = realloc(in->sections, (in->nsections + 1) * sizeof *list);
    if (!list)
        return dm_fail_memory(err);
    in->sections = list;
    list[in->nsections++] = (struct dm_section){in->sources[in->nsources - 1], n, share};
    in->n += n;
    return DM_OK;
}

int dm_inputs_sort(struct dm_inputs *in, struct dm_error *err)
{
    if (!in->open)
        return DM_OK;
    struct dm_paths *paths = in->sources[in->nsources - 1];
    in->open = false;
    in->n -= dm_paths_count(paths);
    int rc = dm_paths_sort(paths, err);
    return rc ? rc : add_section(in, dm_paths_count(paths), 0, err);
}

int dm_inputs_take(struct dm_inputs *in, uint64_t times, uint64_t share, struct dm_error *err)
{
    struct dm_section *last = &in->sections[in->nsections - 1];
    size_t n = dm_paths_count(last->paths);
    if (!times) {
        last->share = share;
        return DM_OK;
    }
    in->n += n * (times - 1);
    last->n = n * times;
    return share ? add_section(in, n, share, err) : DM_OK;
}

/* The section that input `i` is of, which becomes its number there. */
static const struct dm_section *find_section(const struct dm_inputs *in, size_t *i)
{
    const struct dm_section *s = in->sections;
    for (; *i >= s->n; s++)
        *i -= s->n;
    return s;
}

uint64_t dm_inputs_share(const struct dm_inputs *in, size_t i)
{
    return find_section(in, &i)->share;
}

const char *dm_inputs_path(const struct dm_inputs *in, size_t i)
{
    const struct dm_section *s = find_section(in, &i);
    return dm_paths_at(s->paths, i % dm_paths_count(s->paths));
}

bool dm_inputs_has(const struct dm_inputs *in, const char *path)
{
    bool found = false;
    for (size_t i = 0; i < in->nsources && !found; i++)
        found = dm_paths_find(in->sources[i], path) != SIZE_MAX;
    return found;
}

size_t dm_inputs_common(const struct dm_inputs *in)
{
    const char *first = in->n ? dm_inputs_path(in, 0) : "", *slash = strrchr(first, '/');
    size_t common = slash ? (size_t)(slash - first) + 1 : 0;
    for (size_t k = 0; k < in->nsources; k++) {
        struct dm_paths *paths = in->sources[k];
        const char *ends[] = {dm_paths_at(paths, 0), dm_paths_at(paths, dm_paths_count(paths) - 1)};
        for (size_t e = 0; e < 2; e++)
            while (common && strncmp(first, ends[e], common) != 0)
                do
                    common--;
                while (common && first[common - 1] != '/');
    }
    return common;
}

void dm_inputs_finish(struct dm_inputs *in)
{
    for (size_t i = 0; i < in->nsources; i++)
        dm_paths_destroy(in->sources[i]);
    free(in->sources);
    free(in->sections);
    *in = (struct dm_inputs){0};
}
