#include "io/glob.h"

#include "base/buf.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>

struct search {
    const char *name; /* whether the pattern stands for it is all that is asked; NULL: a search */
    bool named;
    dm_glob_visit *visit;
    void *arg;
    struct dm_error *err;
    struct dm_buf path; /* what has matched so far */
};

static int match(struct search *s, const char *pattern);

/* Adds to the path at hand, and ends it by NUL. */
static int append(struct search *s, const char *p, size_t n)
{
    if (!dm_buf_add(&s->path, p, n) || !dm_buf_reserve(&s->path, 0))
        return dm_fail_memory(s->err);
    s->path.p[s->path.n] = 0;
    return DM_OK;
}

/* Whether the path at hand is there, and a folder when it ends in a slash. */
static bool is_there(const struct search *s)
{
    struct stat st;
    return lstat(s->path.p, &st) == 0;
}

/* Goes on with an entry of a folder, whose path is `bytes` long, when it matches. */
static int entry(struct search *s, const struct dirent *e, size_t bytes, const char *step,
                 const char *rest)
{
    bool folder = e->d_type == DT_DIR || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN;
    if (fnmatch(step, e->d_name, FNM_PERIOD) != 0 || (*rest && !folder))
        return DM_OK;
    s->path.n = bytes;
    int rc = append(s, e->d_name, strlen(e->d_name));
    if (rc)
        return rc;
    return *rest ? match(s, rest) : s->visit(s->arg, s->path.p, s->err);
}

/* The entries that match one step of a pattern, in the folder at hand. */
static int match_entries(struct search *s, const char *step, const char *rest)
{
    size_t bytes = s->path.n;
    DIR *dir = opendir(bytes ? s->path.p : ".");
    const struct dirent *e;
    int rc = DM_OK;
    while (dir && rc == DM_OK && (e = readdir(dir)))
        rc = entry(s, e, bytes, step, rest);
    if (dir)
        closedir(dir);
    return rc;
}

/* Goes on from the path at hand with what is left of a pattern. */
static int match(struct search *s, const char *pattern)
{
    size_t slashes = strspn(pattern, "/"), n = strcspn(pattern + slashes, "/");
    const char *rest = pattern + slashes + n;
    int rc = append(s, pattern, slashes);
    if (rc)
        return rc;
    char *step = strndup(pattern + slashes, n);
    if (!step)
        return dm_fail_memory(s->err);
    if (strpbrk(step, "*?[\\"))
        rc = match_entries(s, step, rest);
    else if ((rc = append(s, step, n)) == DM_OK && *rest)
        rc = match(s, rest);
    else if (rc == DM_OK && is_there(s))
        rc = s->visit(s->arg, s->path.p, s->err);
    free(step);
    return rc;
}

/* The end of an alternative in braces: at its comma, or the closing brace; NULL: there is none. */
static const char *alternative_end(const char *p)
{
    for (int depth = 0; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (depth == 0 && (*p == ',' || *p == '}'))
            return p;
        else
            depth += (*p == '{') - (*p == '}');
    }
    return NULL;
}

/* The first brace of a pattern that opens alternatives, and behind which one closes; else NULL. */
static const char *first_brace(const char *pattern, const char **behind)
{
    const char *open = pattern, *end;
    while (*open && *open != '{')
        open += 1 + (*open == '\\' && open[1]);
    for (end = *open ? alternative_end(open + 1) : NULL; end && *end == ',';)
        end = alternative_end(end + 1);
    *behind = end ? end + 1 : NULL;
    return end ? open : NULL;
}

static const char *without_dot(const char *path)
{
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return path;
}

/* Takes a pattern that has no alternatives. */
static int take(struct search *s, const char *pattern)
{
    dm_buf_clear(&s->path);
    if (!s->name)
        return match(s, pattern);
    const char *name = without_dot(s->name);
    if (fnmatch(without_dot(pattern), name, FNM_PATHNAME | FNM_PERIOD) == 0)
        s->named = true;
    return DM_OK;
}

/* Takes each alternative for itself. */
static int expand(struct search *s, const char *pattern)
{
    const char *behind, *open = first_brace(pattern, &behind);
    if (!open)
        return take(s, pattern);
    int rc = DM_OK;
    for (const char *at = open + 1; at < behind && rc == DM_OK;) {
        const char *end = alternative_end(at);
        struct dm_buf one = {0};
        bool ok = dm_buf_add(&one, pattern, (size_t)(open - pattern)) &&
                  dm_buf_add(&one, at, (size_t)(end - at)) && dm_buf_puts(&one, behind) &&
                  dm_buf_putc(&one, 0);
        rc = ok ? expand(s, one.p) : dm_fail_memory(s->err);
        dm_buf_finish(&one);
        at = end + 1;
    }
    return rc;
}

int dm_glob(const char *pattern, dm_glob_visit *visit, void *arg, struct dm_error *err)
{
    struct search s = {.visit = visit, .arg = arg, .err = err};
    int rc = expand(&s, pattern);
    dm_buf_finish(&s.path);
    return rc;
}

int dm_glob_names(const char *pattern, const char *path, bool *named, struct dm_error *err)
{
    struct search s = {.name = path, .err = err};
    int rc = expand(&s, pattern);
    *named = s.named;
    return rc;
}
