/* Lists of paths longer than memory keeps are sorted as short ones are; patterns find what glob(3)
 * finds; and a walk comes back from folders deeper than it keeps open. */
#include "io/folder.h"
#include "io/glob.h"
#include "io/paths.h"
#include "io/walk.h"
#include "test.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct dm_error err;

/* Path number i: long, and with a beginning that others share. */
static const char *long_path(size_t i)
{
    static char path[1100];
    snprintf(path, sizeof path, "%01000zu/%zu", i % 7, i);
    return path;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A list of n paths, of which some are added twice, in an order that is not theirs. */
static void check_list(size_t n, size_t step)
{
    struct dm_paths *list = dm_paths_create();
    char **want = calloc(n, sizeof *want);
    int rc = list && want ? DM_OK : DM_EMEMORY;
    for (size_t i = 0; i < n && rc == DM_OK; i++) {
        want[i] = strdup(long_path(i));
        rc = dm_paths_add(list, long_path(i * step % n), &err);
        if (i % 5 == 0 && rc == DM_OK)
            rc = dm_paths_add(list, long_path(i), &err);
    }
    ok(rc == DM_OK && dm_paths_count(list) == n + (n + 4) / 5, "%zu paths added", n);
    rc = dm_paths_sort(list, &err);
    ok(rc == DM_OK && dm_paths_count(list) == n, "%zu paths sorted: %s", n, rc ? err.text : "");
    qsort(want, n, sizeof *want, by_text);
    size_t same = 0, found = 0;
    for (size_t i = 0; i < n; i++) {
        same += strcmp(dm_paths_at(list, i), want[i]) == 0;
        found += dm_paths_find(list, want[i]) == i;
        free(want[i]);
    }
    ok(same == n && found == n, "%zu of %zu paths stand in their places", same, n);
    ok(dm_paths_find(list, "") == SIZE_MAX && dm_paths_find(list, "~") == SIZE_MAX, "no others");
    dm_paths_destroy(list);
    free(want);
}

static void test_lists(void)
{
    check_list(1, 1);
    check_list(500, 7);     /* in memory */
    check_list(5000, 7);    /* some runs */
    check_list(40009, 101); /* so many that runs are merged twice */
    struct dm_paths *list = dm_paths_create();
    setenv("TMPDIR", "/nowhere", 1);
    int rc = DM_OK;
    for (size_t i = 0; i < 5000 && rc == DM_OK; i++)
        rc = dm_paths_add(list, long_path(i), &err);
    ok(rc == DM_EIO && strstr(err.text, "/nowhere: No such file"), "%s", err.text);
    dm_paths_destroy(list);
    unsetenv("TMPDIR");
}

static int add_found(void *list, const char *path, struct dm_error *e)
{
    return dm_paths_add(list, path, e);
}

static int add_walked(void *list, const char *path, enum dm_walk_kind kind, struct dm_error *e)
{
    return kind == DM_WALK_FILE ? dm_paths_add(list, path, e) : DM_EIO;
}

static void make_file(const char *path)
{
    ok(dm_folder_make_parents(path, &err) == DM_OK, "parents of %s", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    ok(fd >= 0 && close(fd) == 0, "%s", path);
}

static void check_glob(const char *pattern)
{
    struct dm_paths *mine = dm_paths_create(), *theirs = dm_paths_create();
    glob_t found = {0};
    glob(pattern, GLOB_BRACE | GLOB_NOSORT, NULL, &found);
    int rc = dm_glob(pattern, add_found, mine, &err);
    for (size_t i = 0; i < found.gl_pathc && rc == DM_OK; i++)
        rc = dm_paths_add(theirs, found.gl_pathv[i], &err);
    rc = rc ? rc : dm_paths_sort(mine, &err);
    rc = rc ? rc : dm_paths_sort(theirs, &err);
    size_t n = dm_paths_count(mine), same = 0;
    ok(rc == DM_OK && n == dm_paths_count(theirs), "%s: %zu, not %zu", pattern, n,
       dm_paths_count(theirs));
    for (size_t i = 0; i < n && i < dm_paths_count(theirs); i++)
        same += strcmp(dm_paths_at(mine, i), dm_paths_at(theirs, i)) == 0;
    ok(same == n, "%s: other paths", pattern);
    globfree(&found);
    dm_paths_destroy(mine);
    dm_paths_destroy(theirs);
}

static void test_globs(void)
{
    static const char *const files[] = {"a/1.jsonl",  "a/2.jsonl",   "a/b/3.jsonl", "a/.x.jsonl",
                                        "c/1.jsonl",  "c/[1].jsonl", "c/x{y}.txt",  ".d/4.jsonl",
                                        "e,f/1.json", "top.jsonl",   "a/*.star"};
    static const char *const patterns[] = {"*",
                                           "*.jsonl",
                                           "a/*",
                                           "*/*.jsonl",
                                           "a/?.jsonl",
                                           "a/[12].jsonl",
                                           "a/[!1].jsonl",
                                           "./a/*.jsonl",
                                           "a//*.jsonl",
                                           "*/",
                                           "*/b/*",
                                           "*/b/3.jsonl",
                                           "*/1.jsonl",
                                           ".*/*",
                                           "a/.*",
                                           "a/{1,2}.jsonl",
                                           "{a,c}/1.jsonl",
                                           "{a,a}/1*",
                                           "{a/b,c}/*",
                                           "a/{1,b/3}.*",
                                           "{a,{c,.d}}/*",
                                           "c/\\[1\\].*",
                                           "c/x\\{y\\}.*",
                                           "a/\\*.*",
                                           "e{\\,,x}f/*",
                                           "{a",
                                           "*}",
                                           "{}",
                                           "x{}*",
                                           "{*.jsonl,none}",
                                           "none/*",
                                           "none",
                                           "[a",
                                           "a/[",
                                           "*/link",
                                           "link/*",
                                           "dangling*",
                                           "dangling/*",
                                           "top.jsonl/*",
                                           "*.jsonl/",
                                           "../*/top.jsonl"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        make_file(files[i]);
    ok(symlink("a", "link") == 0 && symlink("nowhere", "dangling") == 0, "links");
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        check_glob(patterns[i]);
}

static void test_names(void)
{
    static const struct {
        const char *pattern, *path;
        bool named;
    } cases[] = {
        {"o/*.jsonl", "./o/1.jsonl", true},
        {"{i,./o}/*.jsonl", "o/1.jsonl", true},
        {"{i,{p,o}}/{1,2}.jsonl", "o/2.jsonl", true},
        {"{i,p}/*.jsonl", "o/1.jsonl", false},
        {"{o,i}/*.jsonl", "o/.1.jsonl", false},
        {"\\{o,i}/*", "o/1", false},
        {"*", "o/1.jsonl", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool named = !cases[i].named;
        int rc = dm_glob_names(cases[i].pattern, cases[i].path, &named, &err);
        ok(rc == DM_OK && named == cases[i].named, "%s: %s", cases[i].pattern, cases[i].path);
    }
}

/* A kill at any time would leave a name behind: the folder's time would tell of one. */
static void test_nameless(void)
{
    struct stat st = {.st_mtime = 1};
    const struct timespec long_ago[2] = {{0, 0}, {0, 0}};
    ok(mkdir("tmp", 0700) == 0, "tmp");
    int fd = open("tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return; /* the file system knows no such files */
    close(fd);
    setenv("TMPDIR", "tmp", 1);
    ok(utimensat(AT_FDCWD, "tmp", long_ago, 0) == 0, "time");
    check_list(5000, 7);
    ok(stat("tmp", &st) == 0 && st.st_mtime == 0, "a file had a name in TMPDIR");
    unsetenv("TMPDIR");
}

/* Folders in each other, with files and another folder beside each. */
static void test_walk(void)
{
    enum { DEPTH = 200 };
    struct dm_buf path = {0};
    struct dm_paths *list = dm_paths_create();
    dm_buf_puts(&path, "deep/");
    for (int i = 0; i < DEPTH; i++) {
        size_t n = path.n;
        for (char name = 'x'; name <= 'z'; name++) {
            path.n = n;
            dm_buf_putc(&path, name);
            dm_buf_add(&path, name == 'y' ? "/" : "\0", 2 - (name == 'y'));
            if (name != 'y')
                make_file(path.p);
        }
        path.n = n;
        dm_buf_add(&path, "w/beside", 9);
        make_file(path.p);
        path.n = n;
        dm_buf_puts(&path, "y/");
    }
    int rc = dm_walk("deep", add_walked, list, &err);
    rc = rc ? rc : dm_paths_sort(list, &err);
    ok(rc == DM_OK && dm_paths_count(list) == 3 * DEPTH, "%zu files found", dm_paths_count(list));
    dm_paths_destroy(list);
    dm_buf_finish(&path);
}

int main(void)
{
    char folder[] = "/tmp/dmhost-paths-XXXXXX";
    ok(mkdtemp(folder) && chdir(folder) == 0, "folder");
    test_lists();
    test_globs();
    test_names();
    test_nameless();
    test_walk();
    ok(unlink("a/.x.jsonl") == 0 && unlink(".d/4.jsonl") == 0 && rmdir(".d") == 0, "hidden");
    dm_folder_remove(AT_FDCWD, folder);
    return test_end("paths");
}
