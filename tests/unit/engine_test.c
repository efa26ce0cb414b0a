/* What engines make of words: options of a pipeline, what Slurm says, packages. */
#include "engine/options.h"
#include "engine/package.h"
#include "engine/ray_api.h"
#include "engine/slurm_says.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#define yes(cond) ok(cond, "no")

static void test_options(void)
{
    static const char text[] = "args=-p\nargs=a=b\nbinary=/x/y\nbin=no";
    char value[16];
    yes(dm_engine_option(text, "args", 0, value, sizeof value) && strcmp(value, "-p") == 0);
    yes(dm_engine_option(text, "args", 1, value, sizeof value) && strcmp(value, "a=b") == 0);
    yes(!dm_engine_option(text, "args", 2, value, sizeof value));
    yes(dm_engine_option(text, "bin", 0, value, sizeof value) && strcmp(value, "no") == 0);
    yes(dm_engine_option(text, "binary", 0, value, 3) && strcmp(value, "/x") == 0);
    yes(!dm_engine_option("", "args", 0, value, sizeof value));
}

static void test_slurm(void)
{
    yes(dm_slurm_reason("Unable to allocate resources: Invalid partition name specified") ==
        DM_END_REFUSED);
    yes(dm_slurm_reason("*** JOB 5 ON node1 CANCELLED AT 2026-11-29T03:08:49 DUE TO TIME LIMIT "
                        "***") == DM_END_TIME);
    yes(dm_slurm_reason("node1: task 0: Killed") == DM_END_UNKNOWN);
}

static void test_last_line(void)
{
    char line[8];
    dm_ray_last_line("a\nb b\n \n", line, sizeof line);
    yes(strcmp(line, "b b") == 0);
    dm_ray_last_line("", line, sizeof line);
    yes(strcmp(line, "") == 0);
    dm_ray_last_line("123456789", line, sizeof line);
    yes(strcmp(line, "1234567") == 0);
}

/* The same process has the same package each time, and others can read it. */
static void test_package(void)
{
    struct dm_error err;
    struct dm_package package, again;
    struct dm_buf zip = {0};
    char path[] = "/tmp/dmhost-package.XXXXXX", command[128];
    yes(dm_package_plan(&package, &err) == DM_OK && dm_package_plan(&again, &err) == DM_OK);
    yes(strcmp(package.name, again.name) == 0);
    yes(strncmp(package.glibc, "2.", 2) == 0 && strtol(package.glibc + 2, NULL, 10) > 17);
    yes(dm_package_write(&package, &zip, &err) == DM_OK);
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    yes(file && fwrite(zip.p, 1, zip.n, file) == zip.n && fclose(file) == 0);
    snprintf(command, sizeof command, "python3 -m zipfile -t %s >/dev/null", path);
    yes(system(command) == 0);
    yes(memmem(zip.p, zip.n, "lib/libexpat.so.1", 17)); /* which nothing has loaded so far */
    remove(path);
    dm_buf_finish(&zip);
    dm_package_finish(&package);
    dm_package_finish(&again);
}

int main(void)
{
    test_options();
    test_slurm();
    test_last_line();
    test_package();
    return test_end("engine");
}
