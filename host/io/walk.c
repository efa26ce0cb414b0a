#include "io/walk.h"

#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A folder that was found: its parents tell whether a link leads back to one of them. */
struct folder {
    dev_t dev;
    ino_t ino;
    size_t parent; /* SIZE_MAX: none */
};

/* A folder to be walked through: where its path stands in `paths`, and its number. */
struct pending {
    size_t path, folder;
};

struct walk {
    dm_walk_visit *visit;
    void *arg;
    struct dm_error *err;
    struct dm_buf folders; /* of struct folder */
    struct dm_buf pending; /* of struct pending; the last one is next */
    struct dm_buf paths;   /* theirs, each ended by NUL */
    struct dm_buf path;    /* of the entry at hand */
};

static bool is_around(const struct walk *w, const struct stat *st, size_t folder)
{
    const struct folder *list = (const struct folder *)(const void *)w->folders.p;
    for (; folder != SIZE_MAX; folder = list[folder].parent)
        if (list[folder].dev == st->st_dev && list[folder].ino == st->st_ino)
            return true;
    return false;
}

/* Notes a folder, to be walked through later. */
static int push(struct walk *w, const char *path, const struct stat *st, size_t parent)
{
    struct folder folder = {st->st_dev, st->st_ino, parent};
    struct pending next = {w->paths.n, w->folders.n / sizeof folder};
    bool ok = dm_buf_add(&w->folders, &folder, sizeof folder) &&
              dm_buf_add(&w->pending, &next, sizeof next) &&
              dm_buf_add(&w->paths, path, strlen(path) + 1);
    return ok ? DM_OK : dm_fail_memory(w->err);
}

static int visit(struct walk *w, enum dm_walk_kind kind)
{
    return w->visit(w->arg, w->path.p, kind, w->err);
}

/* The entry whose path is at hand, of a kind that readdir does not tell or of a folder or link. */
static int look_at(struct walk *w, size_t parent)
{
    struct stat st;
    if (stat(w->path.p, &st))
        return visit(w, errno == ENOENT || errno == ELOOP ? DM_WALK_BROKEN : DM_WALK_UNREADABLE);
    if (!S_ISDIR(st.st_mode))
        return visit(w, S_ISREG(st.st_mode) ? DM_WALK_FILE : DM_WALK_OTHER);
    if (is_around(w, &st, parent))
        return visit(w, DM_WALK_LOOP);
    return push(w, w->path.p, &st, parent);
}

static int entry(struct walk *w, const struct dirent *e, size_t folder_bytes, size_t folder)
{
    if (e->d_name[0] == '.')
        return DM_OK;
    w->path.n = folder_bytes;
    if (!dm_buf_add(&w->path, e->d_name, strlen(e->d_name) + 1))
        return dm_fail_memory(w->err);
    return e->d_type == DT_REG ? visit(w, DM_WALK_FILE) : look_at(w, folder);
}

/* The entries of the folder whose path, with a slash, is at hand. */
static int entries(struct walk *w, DIR *dir, size_t folder)
{
    size_t bytes = w->path.n;
    const struct dirent *e;
    int rc = DM_OK;
    while (rc == DM_OK && (errno = 0, e = readdir(dir)))
        rc = entry(w, e, bytes, folder);
    if (rc || !errno)
        return rc;
    w->path.p[bytes - 1] = 0;
    return visit(w, DM_WALK_UNREADABLE);
}

static int walk_folder(struct walk *w, struct pending next)
{
    const char *path = w->paths.p + next.path;
    dm_buf_clear(&w->path);
    if (!dm_buf_add(&w->path, path, strlen(path) + 1))
        return dm_fail_memory(w->err);
    w->paths.n = next.path;
    DIR *dir = opendir(w->path.p);
    if (!dir)
        return visit(w, DM_WALK_UNREADABLE);
    if (w->path.p[w->path.n - 2] == '/')
        w->path.n--;
    else
        w->path.p[w->path.n - 1] = '/';
    int rc = entries(w, dir, next.folder);
    closedir(dir);
    return rc;
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
    closedir(dir);
    int rc = push(&w, root, &st, SIZE_MAX);
    while (rc == DM_OK && w.pending.n) {
        w.pending.n -= sizeof(struct pending);
        struct pending next;
        memcpy(&next, w.pending.p + w.pending.n, sizeof next);
        rc = walk_folder(&w, next);
    }
    dm_buf_finish(&w.folders);
    dm_buf_finish(&w.pending);
    dm_buf_finish(&w.paths);
    dm_buf_finish(&w.path);
    return rc;
}
