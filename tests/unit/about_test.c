/* What a worker host says that it is made of, and who is refused for it. */
#include "cluster/about.h"
#include "test.h"

#include <stdlib.h>

#define yes(cond) ok(cond, "no")

int main(void)
{
    struct dm_buf ours = {0};
    char why[200], *theirs;
    yes(dm_about(&ours) && strncmp(ours.p, "dmhost ", 7) == 0);
    yes(dm_about_equal(ours.p, ours.p, why, sizeof why));
    static const char *const parts[] = {"\nLuaJIT 2.", "\nzstd 1.", "\npcre2 10."};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        theirs = strdup(ours.p);
        yes(theirs != NULL);
        if (!theirs)
            break;
        char *at = strstr(theirs, parts[i]);
        yes(at != NULL);
        if (at)
            at[strlen(parts[i]) - 2] = '9';
        yes(!dm_about_equal(theirs, ours.p, why, sizeof why));
        yes(strstr(why, "both must run the same dmhost") != NULL);
        free(theirs);
    }
    yes(!dm_about_equal("dmhost 1\n", ours.p, why, sizeof why));
    dm_buf_finish(&ours);
    return test_end("about");
}
