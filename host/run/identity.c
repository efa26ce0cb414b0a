#include "run/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { PATH_BYTES = 4096 };

static FILE *open_in(const char *folder, const char *name, const char *mode, struct dm_error *err)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, mode);
    if (!f)
        dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    return f;
}

/* Closes, and syncs before when it is to last: the journal must not outlive what it belongs to. */
static bool keep(FILE *f, bool lasting)
{
    bool ok = !lasting || (fflush(f) == 0 && fdatasync(fileno(f)) == 0);
    return fclose(f) == 0 && ok;
}

static int write_file(const char *folder, const char *name, const char *p, size_t n, bool lasting,
                      struct dm_error *err)
{
    FILE *f = open_in(folder, name, "we", err);
    if (!f)
        return err->status;
    bool ok = fwrite(p, 1, n, f) == n;
    ok = keep(f, lasting) && ok;
    return ok ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot write %s/%s", folder, name);
}

int dm_file_stamp(const char *path, struct dm_buf *out)
{
    struct stat st;
    if (stat(path, &st))
        st = (struct stat){0};
    bool ok = dm_buf_printf(out, "%lld %lld%09ld", (long long)st.st_size,
                            (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    return ok ? DM_OK : DM_EMEMORY;
}

/* "size time-in-ns path", ended by NUL since paths may hold newlines. */
static bool put_line(struct dm_buf *b, const char *path)
{
    return dm_file_stamp(path, b) == DM_OK && dm_buf_putc(b, ' ') && dm_buf_puts(b, path) &&
           dm_buf_putc(b, 0);
}

static int write_inputs(const char *folder, const struct dm_inputs *in, bool lasting,
                        struct dm_error *err)
{
    struct dm_buf line = {0};
    FILE *f = open_in(folder, "inputs", "we", err);
    if (!f)
        return err->status;
    bool ok = true;
    for (size_t i = 0; i < in->n && ok; i++) {
        dm_buf_clear(&line);
        ok = put_line(&line, dm_inputs_path(in, i)) && fwrite(line.p, 1, line.n, f) == line.n;
    }
    dm_buf_finish(&line);
    ok = keep(f, lasting) && ok;
    return ok ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot write %s/inputs", folder);
}

int dm_identity_write(const char *folder, const char *plan, const struct dm_inputs *in,
                      bool lasting, struct dm_error *err)
{
    int rc = write_file(folder, "plan.json", plan, strlen(plan), lasting, err);
    return rc ? rc : write_inputs(folder, in, lasting, err);
}

/* The path of a recorded line: behind the second space. */
static const char *path_of(const char *line)
{
    for (int i = 0; i < 2 && line; i++) {
        line = strchr(line, ' ');
        line = line ? line + 1 : NULL;
    }
    return line ? line : "";
}

/* Compares one recorded line with the file as it is now. */
static int check_line(const char *was, const char *path, struct dm_error *err)
{
    if (strcmp(path_of(was), path) != 0)
        return dm_fail(
            err, DM_EUSAGE,
            "the run began with the input %s where it is %s now\nstart again with --force",
            path_of(was), path);
    struct dm_buf now = {0};
    if (!put_line(&now, path))
        return dm_fail_memory(err);
    int rc = DM_OK;
    if (strcmp(was, now.p) != 0)
        rc =
            dm_fail(err, DM_EUSAGE,
                    "the input %s has changed since the run began\nstart again with --force", path);
    dm_buf_finish(&now);
    return rc;
}

int dm_identity_check(const char *folder, const struct dm_inputs *in, struct dm_error *err)
{
    char *line = NULL;
    size_t cap = 0;
    int rc = DM_OK;
    FILE *f = open_in(folder, "inputs", "re", err);
    if (!f && errno == ENOENT)
        return dm_fail(err, DM_EUSAGE,
                       "%s/inputs is missing: what the run was begun with is not known\n"
                       "start again with --force",
                       folder);
    if (!f)
        return err->status;
    for (size_t i = 0; i < in->n && rc == DM_OK; i++) {
        const char *path = dm_inputs_path(in, i);
        if (getdelim(&line, &cap, 0, f) < 0)
            rc = dm_fail(err, DM_EUSAGE,
                         "the run began without the input %s\nstart again with --force", path);
        else
            rc = check_line(line, path, err);
    }
    if (rc == DM_OK && getdelim(&line, &cap, 0, f) >= 0)
        rc =
            dm_fail(err, DM_EUSAGE, "the run began with the input %s too\nstart again with --force",
                    path_of(line));
    free(line);
    fclose(f);
    return rc;
}

uint64_t dm_file_hash(const char *path)
{
    char block[64 * 1024];
    XXH3_state_t *state = XXH3_createState();
    FILE *f = fopen(path, "rbe");
    uint64_t hash = 0;
    size_t n;
    if (f && state && XXH3_64bits_reset(state) == XXH_OK) {
        while ((n = fread(block, 1, sizeof block, f)) > 0)
            XXH3_64bits_update(state, block, n);
        hash = ferror(f) ? 0 : XXH3_64bits_digest(state);
    }
    if (f)
        fclose(f);
    XXH3_freeState(state);
    return hash;
}
