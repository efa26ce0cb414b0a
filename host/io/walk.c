#include "io/walk.h"

#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

/* So many folders around the one at hand are kept open; those further out are opened again. */
enum { OPEN = 64 };

/* A folder that is walked through. */
struct level {
    DIR *dir;     /* NULL: it is closed for now */
    long behind;  /* where to go on in it then */
    size_t bytes; /* of its path, with a slash */
    dev_t dev;    /* what a link that leads back leads to */
    ino_t ino;
};

struct walk {
    dm_walk_visit *visit;
    void *arg;
    struct dm_error *err;
    struct dm_buf levels; /* of struct level, from the root to the folder at hand */
    struct dm_buf path;   /* of the entry at hand, ended by NUL */
};

static size_t depth(const struct walk *w)
{
    return w->levels.n / sizeof(struct level);
}

/* The folder that is so many levels around the one at hand. */
static struct level *around(const struct walk *w, size_t levels)
{
    return (struct level *)(void *)w->levels.p + (depth(w) - 1 - levels);
}

static bool leads_back(const struct walk *w, const struct stat *st)
{
    for (size_t i = 0; i < depth(w); i++)
        if (around(w, i)->dev == st->st_dev && around(w, i)->ino == st->st_ino)
            return true;
    return false;
}

static int visit(struct walk *w, enum dm_walk_kind kind)
{
    return w->visit(w->arg, w->path.p, kind, w->err);
}

static void close_level(struct level *l)
{
    if (!l->dir)
        return;
    l->behind = telldir(l->dir);
    closedir(l->dir);
    l->dir = NULL;
}

/* Goes into the folder whose path is at hand. */
static int enter(struct walk *w, DIR *dir, const struct stat *st)
{
    size_t n = w->path.n - 1;
    bool slash = n && w->path.p[n - 1] == '/';
    struct level l = {.dir = dir, .bytes = n + !slash, .dev = st->st_dev, .ino = st->st_ino};
    if (!dm_buf_add(&w->levels, &l, sizeof l)) {
        closedir(dir);
        return dm_fail_memory(w->err);
    }
    if (depth(w) > OPEN)
        close_level(around(w, OPEN));
    return DM_OK;
}

/* The entry whose path is at hand, of a kind that readdir does not tell or of a folder or link. */
static int look_at(struct walk *w)
{
    struct stat st;
    if (stat(w->path.p, &st))
        return visit(w, errno == ENOENT || errno == ELOOP ? DM_WALK_BROKEN : DM_WALK_UNREADABLE);
    if (!S_ISDIR(st.st_mode))
        return visit(w, S_ISREG(st.st_mode) ? DM_WALK_FILE : DM_WALK_OTHER);
    if (leads_back(w, &st))
        return visit(w, DM_WALK_LOOP);
    DIR *dir = opendir(w->path.p);
    return dir ? enter(w, dir, &st) : visit(w, DM_WALK_UNREADABLE);
}

static int entry(struct walk *w, const struct dirent *e)
{
    if (e->d_name[0] == '.')
        return DM_OK;
    w->path.n = around(w, 0)->bytes;
    w->path.p[w->path.n - 1] = '/';
    if (!dm_buf_add(&w->path, e->d_name, strlen(e->d_name) + 1))
        return dm_fail_memory(w->err);
    return e->d_type == DT_REG ? visit(w, DM_WALK_FILE) : look_at(w);
}

static void end_path(struct walk *w, const struct level *l)
{
    w->path.p[l->bytes - (l->bytes > 1)] = 0;
}

static bool is_open(struct walk *w, struct level *l)
{
    if (l->dir)
        return true;
    end_path(w, l);
    l->dir = opendir(w->path.p);
    if (l->dir)
        seekdir(l->dir, l->behind);
    return l->dir != NULL;
}

/* The next entry of the folder at hand, or its end. */
static int step(struct walk *w)
{
    struct level *l = around(w, 0);
    const struct dirent *e = NULL;
    errno = 0;
    if (is_open(w, l) && (errno = 0, e = readdir(l->dir)))
        return entry(w, e);
    int failed = errno;
    if (l->dir)
        closedir(l->dir);
    end_path(w, l);
    w->levels.n -= sizeof *l;
    errno = failed;
    return failed ? visit(w, DM_WALK_UNREADABLE) : DM_OK;
}

int dm_walk(const char *root, dm_walk_visit *visitor, void *arg, struct dm_error *err)
{
    struct walk w = {.visit = visitor, .arg = arg, .err = err};
    struct stat st;
    DIR *dir = opendir(root);
    if (!dir || stat(root, &st)) {
        if (dir)
            closedir(dir);
        return dm_fail_errno(err, DM_EIO, "cannot read %s", root);
    }
    int rc = DM_OK;
    if (!dm_buf_add(&w.path, root, strlen(root) + 1)) {
        closedir(dir);
        rc = dm_fail_memory(err);
    }
    rc = rc ? rc : enter(&w, dir, &st);
    while (rc == DM_OK && w.levels.n)
        rc = step(&w);
    for (; w.levels.n; w.levels.n -= sizeof(struct level))
        if (around(&w, 0)->dir)
            closedir(around(&w, 0)->dir);
    dm_buf_finish(&w.levels);
    dm_buf_finish(&w.path);
    return rc;
}
