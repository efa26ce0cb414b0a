/* Folders: made, removed, made durable. */
#ifndef DM_IO_FOLDER_H
#define DM_IO_FOLDER_H

#include "base/error.h"

/* Where files go that nobody needs when the process has ended: TMPDIR, or /tmp. */
const char *dm_folder_temporary(void);

/* Makes the parents of a path; an error below zero when that fails. */
int dm_folder_make_parents(const char *path, struct dm_error *err);

/* Removes a folder and what is in it, as far as that goes. parent: descriptor of the folder that
 * it is in, or AT_FDCWD. */
void dm_folder_remove(int parent, const char *name);

/* Makes a finished file's or folder's new name durable. */
int dm_folder_sync_parent(const char *path, struct dm_error *err);

#endif
