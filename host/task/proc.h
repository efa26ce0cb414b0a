/* What /proc tells of processes that are no longer our children. dm_process_sweep is here too. */
#ifndef DM_TASK_PROC_H
#define DM_TASK_PROC_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether a process group has a member that is not a zombie: those stay for as long as nobody reaps
 * them, which in some containers is for ever. */
bool dm_proc_has_group(pid_t group);

#endif
