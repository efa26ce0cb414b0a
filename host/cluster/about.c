#include "cluster/about.h"

#include "engine/self.h"
#include "io/versions.h"
#include "lua/ffi.h"
#include "lua/state.h"
#include "text/versions.h"

#include <stdio.h>

bool dm_about(struct dm_buf *out)
{
    return dm_buf_printf(out, "dmhost %016llx\n", (unsigned long long)dm_file_hash(DM_SELF)) &&
           dm_lua_versions(out) && dm_io_versions(out) && dm_text_versions(out) &&
           dm_buf_putc(out, 0);
}

bool dm_about_equal(const char *theirs, const char *ours, char *why, size_t n)
{
    while (*theirs || *ours) {
        size_t a = strcspn(theirs, "\n"), b = strcspn(ours, "\n");
        if (a != b || memcmp(theirs, ours, a) != 0) {
            int name = (int)strcspn(ours, " \n");
            snprintf(why, n,
                     "it has %.*s, and we %.*s: both must run the same dmhost and the same %.*s",
                     (int)a, theirs, (int)b, ours, name, ours);
            return false;
        }
        theirs += a + (theirs[a] != 0);
        ours += b + (ours[b] != 0);
    }
    return true;
}
