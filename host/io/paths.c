#include "io/paths.h"

#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Paths are sorted in memory up to so many bytes. What is more goes to a file as a run of sorted
 * paths; so many runs become one of the next level. Pages of files that were looked at are let go
 * of after so many paths. */
enum { SORT_BYTES = 1024 * 1024, FAN = 16, LEVELS = 8, MAX_RUNS = FAN * LEVELS, LOOKS = 4096 };

struct run {
    size_t from, to; /* in the file of runs */
    int level;
};

struct map {
    char *p;
    size_t n;
};

struct dm_paths {
    size_t n;
    struct dm_buf text; /* paths in memory, each ended by NUL */
    struct dm_buf at;   /* of uint64_t: where each begins */
    FILE *file;         /* of runs; NULL: there are none */
    size_t bytes;       /* in it */
    struct run runs[MAX_RUNS];
    size_t nruns;
    struct map list, places; /* as text and at, of a long list that is sorted */
    atomic_uint looks;
};

/* What is left of a run that is merged. */
struct cursor {
    const char *at, *end;
};

struct dm_paths *dm_paths_create(void)
{
    return calloc(1, sizeof(struct dm_paths));
}

static int fail_file(struct dm_error *err)
{
    return dm_fail(err, DM_EIO,
                   "cannot keep the list of inputs in %s: %s\n"
                   "have TMPDIR name a folder that has room for it",
                   dm_folder_temporary(), strerror(errno));
}

/* A file without a name, which goes with its process whatever ends it. Not every file system has
 * them; there a name is taken for a moment. */
static int open_nameless(const char *folder)
{
    char path[4096];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    snprintf(path, sizeof path, "%s/dmhost-paths-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static FILE *open_file(void)
{
    int fd = open_nameless(dm_folder_temporary());
    if (fd < 0)
        return NULL;
    FILE *f = fdopen(fd, "w+");
    if (!f)
        close(fd);
    return f;
}

/* ---- in memory ---- */

static int by_path(const void *a, const void *b, void *text)
{
    const char *base = text;
    return strcmp(base + *(const uint64_t *)a, base + *(const uint64_t *)b);
}

/* Sorts what is in memory; repeats are dropped. */
static void sort_text(struct dm_paths *p)
{
    uint64_t *at = (uint64_t *)(void *)p->at.p;
    size_t n = p->at.n / sizeof *at, kept = n > 0;
    if (n)
        qsort_r(at, n, sizeof *at, by_path, p->text.p);
    for (size_t i = 1; i < n; i++)
        if (by_path(&at[i], &at[kept - 1], p->text.p) != 0)
            at[kept++] = at[i];
    p->at.n = kept * sizeof *at;
}

/* ---- runs ---- */

static bool map(struct map *m, FILE *f, size_t n)
{
    void *at = fflush(f) ? MAP_FAILED : mmap(NULL, n, PROT_READ, MAP_SHARED, fileno(f), 0);
    if (at == MAP_FAILED)
        return false;
    *m = (struct map){at, n};
    return true;
}

static void unmap(struct map *m)
{
    if (m->p)
        munmap(m->p, m->n);
    *m = (struct map){0};
}

static void let_go(const struct map *m)
{
    if (m->p)
        madvise(m->p, m->n, MADV_DONTNEED);
}

/* Puts the first cursor of a heap whose path has changed in its place. */
static void sink(struct cursor *heap, size_t n)
{
    size_t i = 0;
    for (size_t child = 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && strcmp(heap[child + 1].at, heap[child].at) < 0)
            child++;
        if (strcmp(heap[i].at, heap[child].at) <= 0)
            return;
        struct cursor other = heap[i];
        heap[i] = heap[child];
        heap[child] = other;
        i = child;
    }
}

static int by_cursor(const void *a, const void *b)
{
    return strcmp(((const struct cursor *)a)->at, ((const struct cursor *)b)->at);
}

/* What paths are merged into. */
struct merged {
    FILE *out;
    FILE *places; /* where each path begins; NULL: nobody asks */
    uint64_t bytes;
    size_t n;
};

static bool put(struct merged *m, const char *path)
{
    size_t bytes = strlen(path) + 1;
    bool ok = !m->places || fwrite(&m->bytes, sizeof m->bytes, 1, m->places) == 1;
    ok = ok && fwrite(path, 1, bytes, m->out) == bytes;
    m->bytes += bytes;
    m->n++;
    return ok;
}

/* Merges the runs from number `first` on. */
static bool merge(struct dm_paths *p, size_t first, struct merged *m)
{
    struct cursor heap[MAX_RUNS];
    struct map runs;
    size_t n = p->nruns - first;
    if (!map(&runs, p->file, p->bytes))
        return false;
    for (size_t i = 0; i < n; i++)
        heap[i] = (struct cursor){runs.p + p->runs[first + i].from, runs.p + p->runs[first + i].to};
    qsort(heap, n, sizeof *heap, by_cursor);
    const char *last = NULL;
    bool ok = true;
    for (unsigned looks = 1; n && ok; looks++) {
        const char *path = heap[0].at;
        if (!last || strcmp(last, path) != 0)
            ok = put(m, path);
        last = path;
        heap[0].at += strlen(path) + 1;
        if (heap[0].at == heap[0].end)
            heap[0] = heap[--n];
        sink(heap, n);
        if (looks % LOOKS == 0)
            let_go(&runs);
    }
    unmap(&runs);
    return ok;
}

static void note_run(struct dm_paths *p, size_t bytes, int level)
{
    p->runs[p->nruns++] = (struct run){p->bytes, p->bytes + bytes, level};
    p->bytes += bytes;
}

/* Has so many runs of a level become one of the next. */
static bool merge_full_levels(struct dm_paths *p)
{
    while (p->nruns >= FAN && p->runs[p->nruns - FAN].level == p->runs[p->nruns - 1].level) {
        struct merged m = {.out = p->file};
        size_t first = p->nruns - FAN;
        if (!merge(p, first, &m))
            return false;
        p->nruns = first;
        note_run(p, m.bytes, p->runs[first].level + 1);
    }
    return true;
}

/* Moves what is in memory to the file, as a run. */
static int spill(struct dm_paths *p, struct dm_error *err)
{
    if (!p->file && !(p->file = open_file()))
        return fail_file(err);
    sort_text(p);
    const uint64_t *at = (const uint64_t *)(const void *)p->at.p;
    size_t n = p->at.n / sizeof *at, bytes = 0;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        const char *path = p->text.p + at[i];
        size_t len = strlen(path) + 1;
        ok = fwrite(path, 1, len, p->file) == len;
        bytes += len;
    }
    note_run(p, bytes, 0);
    dm_buf_clear(&p->text);
    dm_buf_clear(&p->at);
    return ok && merge_full_levels(p) ? DM_OK : fail_file(err);
}

/* Makes the list of the runs. */
static int merge_all(struct dm_paths *p, struct dm_error *err)
{
    struct merged m = {.out = open_file(), .places = open_file()};
    bool ok = m.out && m.places && merge(p, 0, &m) && map(&p->list, m.out, m.bytes) &&
              map(&p->places, m.places, m.n * sizeof m.bytes);
    p->n = m.n;
    int rc = ok ? DM_OK : fail_file(err);
    if (m.out)
        fclose(m.out);
    if (m.places)
        fclose(m.places);
    fclose(p->file);
    p->file = NULL;
    return rc;
}

/* ---- the list ---- */

int dm_paths_add(struct dm_paths *p, const char *path, struct dm_error *err)
{
    uint64_t at = p->text.n;
    size_t n = strlen(path) + 1;
    if (p->at.n && p->text.n + p->at.n + n + sizeof at > SORT_BYTES) {
        int rc = spill(p, err);
        if (rc)
            return rc;
        at = 0;
    }
    if (!dm_buf_add(&p->text, path, n) || !dm_buf_add(&p->at, &at, sizeof at))
        return dm_fail_memory(err);
    p->n++;
    return DM_OK;
}

int dm_paths_sort(struct dm_paths *p, struct dm_error *err)
{
    if (!p->file) {
        sort_text(p);
        p->n = p->at.n / sizeof(uint64_t);
        return DM_OK;
    }
    int rc = spill(p, err);
    dm_buf_finish(&p->text);
    dm_buf_finish(&p->at);
    return rc ? rc : merge_all(p, err);
}

size_t dm_paths_count(const struct dm_paths *p)
{
    return p->n;
}

const char *dm_paths_at(struct dm_paths *p, size_t i)
{
    if (!p->list.p)
        return p->text.p + ((const uint64_t *)(const void *)p->at.p)[i];
    if (atomic_fetch_add_explicit(&p->looks, 1, memory_order_relaxed) % LOOKS == LOOKS - 1) {
        let_go(&p->list);
        let_go(&p->places);
    }
    return p->list.p + ((const uint64_t *)(const void *)p->places.p)[i];
}

size_t dm_paths_find(struct dm_paths *p, const char *path)
{
    size_t from = 0, to = p->n;
    while (from < to) {
        size_t i = from + (to - from) / 2;
        int order = strcmp(path, dm_paths_at(p, i));
        if (order == 0)
            return i;
        if (order < 0)
            to = i;
        else
            from = i + 1;
    }
    return SIZE_MAX;
}

void dm_paths_destroy(struct dm_paths *p)
{
    if (!p)
        return;
    if (p->file)
        fclose(p->file);
    unmap(&p->list);
    unmap(&p->places);
    dm_buf_finish(&p->text);
    dm_buf_finish(&p->at);
    free(p);
}
