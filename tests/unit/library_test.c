/* Libraries that are loaded when first used, and those that are not what was expected. */
#include "base/error.h"
#include "base/library.h"
#include "test.h"

#include <string.h>

static struct {
    double (*floor)(double);
    void *odd;
} math;

static const struct dm_symbol good[] = {{"floor", 0}};
static const struct dm_symbol bad[] = {{"floor", 0}, {"dm_not_in_libm", sizeof(void *)}};

int main(void)
{
    struct dm_error err;
    struct dm_library there = {"libm.so.6", "libc6", &math, good, 1, false};
    ok(dm_library_load(&there, &err) == DM_OK && math.floor(1.5) == 1, "loaded");
    ok(dm_library_load(&there, &err) == DM_OK, "loaded already");
    struct dm_library other = {"libm.so.6", "libc6", &math, bad, 2, false};
    ok(dm_library_load(&other, &err) == DM_EUSAGE && !other.loaded, "a function is missing");
    ok(strstr(err.text, "libm.so.6 has no dm_not_in_libm"), "%s", err.text);
    struct dm_library none = {"libdm-nowhere.so.1", "libdm", &math, good, 1, false};
    ok(dm_library_load(&none, &err) == DM_EUSAGE, "no such library");
    ok(strcmp(err.text, "libdm-nowhere.so.1 is missing; apt-get install libdm") == 0, "%s",
       err.text);
    return test_end("library");
}
