/* The run directory: one run at a time, and what is left of the last. */
#ifndef DM_RUN_FOLDER_H
#define DM_RUN_FOLDER_H

#include "base/error.h"

#include <stdbool.h>

/* dm_folder_lock and dm_folder_begin, with which a run takes its folder, stand in dm_ffi_export.h.
 */

/* Makes the parents of a path; an error below zero when that fails. */
int dm_folder_make_parents(const char *path, struct dm_error *err);

/* Removes a folder and what is in it, as far as that goes. parent: descriptor of the folder that
 * it is in, or AT_FDCWD. */
void dm_folder_remove(int parent, const char *name);

/* Makes a finished file's or folder's new name durable. */
int dm_folder_sync_parent(const char *path, struct dm_error *err);

#endif
