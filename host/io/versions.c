#include "io/versions.h"

#include <isa-l.h>
#include <libdeflate.h>
#include <zstd.h>

bool dm_io_versions(struct dm_buf *out)
{
    /* isa-l has no function that tells its version */
    return dm_buf_printf(out, "isa-l %d.%d.%d; as built\n", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION,
                         ISAL_PATCH_VERSION) &&
           dm_buf_printf(out, "libdeflate %s; as built\n", LIBDEFLATE_VERSION_STRING) &&
           dm_buf_printf(out, "zstd %s\n", ZSTD_versionString());
}
