/* Files that tasks export, on their way to the disk. What Lua calls of export.c stands in
 * lua/dm_ffi_export.h. */
#ifndef DM_IO_EXPORT_H
#define DM_IO_EXPORT_H

#include "base/error.h"

/* Has the system put the files of a folder on disk, and their names. */
int dm_export_sync(const char *folder, struct dm_error *err);

#endif
