#include "text/versions.h"

#include <utf8proc.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <xxhash.h>

bool dm_text_versions(struct dm_buf *out)
{
    char version[64] = "?", unicode[64] = "?";
    uint32_t jit = 0;
    unsigned xxh = XXH_versionNumber();
    pcre2_config(PCRE2_CONFIG_VERSION, version);
    pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, unicode);
    pcre2_config(PCRE2_CONFIG_JIT, &jit);
    return dm_buf_printf(out, "pcre2 %s; Unicode %s, JIT %s\n", version, unicode,
                         jit ? "on" : "off: regular expressions are slow") &&
           dm_buf_printf(out, "utf8proc %s; Unicode %s\n", utf8proc_version(),
                         utf8proc_unicode_version()) &&
           dm_buf_printf(out, "xxhash %u.%u.%u\n", xxh / 10000, xxh / 100 % 100, xxh % 100);
}
