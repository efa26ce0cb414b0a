/* A list of paths, sorted bytewise and without repeats. A long one is sorted and kept in files
 * without a name in TMPDIR, and memory does not grow with it. */
#ifndef DM_IO_PATHS_H
#define DM_IO_PATHS_H

#include "base/buf.h"
#include "base/error.h"

struct dm_paths;

/* An empty list; NULL when memory is short. */
struct dm_paths *dm_paths_create(void);

/* Adds a path. */
int dm_paths_add(struct dm_paths *p, const char *path, struct dm_error *err);

/* Sorts the list and drops repeats; to be called once, after the last dm_paths_add. */
int dm_paths_sort(struct dm_paths *p, struct dm_error *err);

/* How many there are. Before dm_paths_sort repeats count too. */
size_t dm_paths_count(const struct dm_paths *p);

/* Path number i of a sorted list, for any thread. Borrowed until the list is destroyed. */
const char *dm_paths_at(struct dm_paths *p, size_t i);

/* The number of a path in a sorted list; SIZE_MAX: it is not there. */
size_t dm_paths_find(struct dm_paths *p, const char *path);

/* Frees the list, which may be NULL. */
void dm_paths_destroy(struct dm_paths *p);

#endif
