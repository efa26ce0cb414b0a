/* Paths that a pattern stands for, as glob(7) has it, with braces. Unlike glob(3) it keeps no list
 * of them. */
#ifndef DM_IO_GLOB_H
#define DM_IO_GLOB_H

#include "base/error.h"

#include <stdbool.h>

/* Called for each path, in no order, perhaps twice. An answer other than DM_OK ends the search. */
typedef int dm_glob_visit(void *arg, const char *path, struct dm_error *err);

/* Finds what matches a pattern. What can not be read is passed over. */
int dm_glob(const char *pattern, dm_glob_visit *visit, void *arg, struct dm_error *err);

/* Whether a pattern would find a path, be there something or not. */
int dm_glob_names(const char *pattern, const char *path, bool *named, struct dm_error *err);

#endif
