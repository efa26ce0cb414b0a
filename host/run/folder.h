/* The run directory: one run at a time, and what is left of the last. */
#ifndef DM_RUN_FOLDER_H
#define DM_RUN_FOLDER_H

#include "base/error.h"

#include <stdbool.h>

/* Makes the folder (and its parents), locks it against a second run, and looks for an unfinished
 * run in it: with `resume` it is kept, with `force` removed, else it is an error that says what to
 * do. Returns the descriptor that holds the lock (the caller closes it at the end), or an error
 * below zero. */
int dm_folder_open(const char *folder, bool resume, bool force, struct dm_error *err);

/* Makes the parents of a path; an error below zero when that fails. */
int dm_folder_make_parents(const char *path, struct dm_error *err);

/* Removes a folder and the files in it, as far as that goes. parent: descriptor of the folder that
 * it is in, or AT_FDCWD. */
void dm_folder_remove(int parent, const char *name);

/* Makes a finished file's or folder's new name durable. */
int dm_folder_sync_parent(const char *path, struct dm_error *err);

#endif
