/* The run directory: one run at a time, and what is left of the last. */
#ifndef DM_RUN_FOLDER_H
#define DM_RUN_FOLDER_H

#include "base/error.h"

#include <stdbool.h>

/* dm_folder_lock, which makes and locks the folder, is declared in dm_ffi_export.h: the caller
 * closes the descriptor at the end. */

/* Looks for an unfinished run in a folder that is locked: with `resume` it is kept, with `force`
 * removed, else it is an error that says what to do. */
int dm_folder_begin(const char *folder, bool resume, bool force, struct dm_error *err);

/* Makes the parents of a path; an error below zero when that fails. */
int dm_folder_make_parents(const char *path, struct dm_error *err);

/* Makes a finished file's or folder's new name durable. */
int dm_folder_sync_parent(const char *path, struct dm_error *err);

#endif
