/* Processes of tasks on the event loop of base/loop.h. What Lua calls of it, and what a process
 * promises, stands in lua/dm_ffi_task.h. */
#ifndef DM_TASK_PROCESS_H
#define DM_TASK_PROCESS_H

/* Kills what still runs and frees everything. Nothing when no process was ever started. */
void dm_process_finish(void);

#endif
