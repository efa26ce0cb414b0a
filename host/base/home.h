/* Where relative paths count from, whatever operators make of the current directory. */
#ifndef DM_BASE_HOME_H
#define DM_BASE_HOME_H

#include <stdbool.h>

/* From now on it is the current directory, unless it was kept before. */
void dm_home_keep(void);

/* Its descriptor, for openat and the like; AT_FDCWD as long as none is kept. */
int dm_home(void);

/* Makes it the current directory again. Returns whether its descriptor is still its own. */
bool dm_home_return(void);

/* Makes it that of this thread, which has a current directory of its own from now on, where the
 * system allows that: operators may be at work in another thread. */
void dm_home_in_thread(void);

#endif
