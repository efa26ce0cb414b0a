/* This program with the libraries that it needs, as one file that other machines unpack and run. */
#ifndef DM_ENGINE_PACKAGE_H
#define DM_ENGINE_PACKAGE_H

#include "base/buf.h"
#include "base/error.h"

struct dm_package {
    char name[64];  /* "dmhost-HASH.zip": equal packages have equal names */
    char glibc[16]; /* the least version of glibc that its programs need */
    struct dm_package_file *files;
    size_t nfiles;
};

/* What a package of this process would hold: "dmhost", and in "lib/" what it is linked with and
 * what it loads when needed, glibc aside. It finds the latter by its DT_RPATH, $ORIGIN/lib. Reads
 * the files to name the package by their hashes. DM_EIO or DM_EMEMORY with a message;
 * dm_package_finish in any case. */
int dm_package_plan(struct dm_package *package, struct dm_error *err);

/* Appends the package: a zip, not compressed. DM_EIO when a file has changed since. */
int dm_package_write(struct dm_package *package, struct dm_buf *zip, struct dm_error *err);

/* Frees what a plan holds. */
void dm_package_finish(struct dm_package *package);

#endif
