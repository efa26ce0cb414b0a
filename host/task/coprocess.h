/* Programs that a worker talks to while it runs rows: it writes lines to them, and they answer with
 * lines. What Lua calls of it stands in lua/dm_ffi_coprocess.h. */
#ifndef DM_TASK_COPROCESS_H
#define DM_TASK_COPROCESS_H

/* Kills those that still run and frees everything. To be called before dm_loop_finish. */
void dm_coprocess_finish(void);

#endif
