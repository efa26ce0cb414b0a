/* What the text kernels are linked with. */
#ifndef DM_TEXT_VERSIONS_H
#define DM_TEXT_VERSIONS_H

#include "base/buf.h"

/* Appends a line for each library: its name, the version that runs, and what it can do. False when
 * memory is short. */
bool dm_text_versions(struct dm_buf *out);

#endif
