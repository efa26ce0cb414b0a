/* What reading and writing is linked with. */
#ifndef DM_IO_VERSIONS_H
#define DM_IO_VERSIONS_H

#include "base/buf.h"

/* Appends a line for each library: its name, the version, and what it can do. False when memory is
 * short. */
bool dm_io_versions(struct dm_buf *out);

#endif
