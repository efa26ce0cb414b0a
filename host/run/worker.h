/* A worker: takes splits and grants as frames, runs splits, answers with frames. It does not know
 * how frames travel, so that one may live inside the coordinator (-j 0). */
#ifndef DM_RUN_WORKER_H
#define DM_RUN_WORKER_H

#include "lua/state.h" /* DM_EXIT_MEMORY */
#include "run/work.h"

/* Exit status of a worker whose descriptors somebody has closed, and of one whose operators took
 * too long to be made. */
enum { DM_EXIT_CLOSED = 79, DM_EXIT_SLOW = 80 };

struct dm_worker;

/* Sends one frame; the buffer is the worker's and may be emptied. */
typedef int dm_worker_send(void *arg, struct dm_buf *frame, struct dm_error *err);

/* Makes a worker from a DM_SETUP frame's fields: opens a Lua state and the pipeline's operators,
 * and sends DM_HELLO. The board is borrowed. NULL with err set when the pipeline does not load. */
struct dm_worker *dm_worker_create(struct dm_wire *setup, struct dm_board *board,
                                   dm_worker_send *send, void *arg, struct dm_error *err);
void dm_worker_destroy(struct dm_worker *w);

/* `idle` is called between blocks of input of a running split, and while its rows wait: it handles
 * frames that have come. They come on descriptor fd. */
void dm_worker_on_idle(struct dm_worker *w, dm_work_idle *idle, void *arg, int fd);

/* The same for a worker inside the coordinator, whose loop polls descriptor fd. `closed` is called,
 * and does not return, once a row's operator has closed descriptors that the process works with. */
void dm_worker_is_inside(struct dm_worker *w, dm_work_idle *idle, dm_work_tell *closed, void *arg,
                         int fd);

/* Acts on one frame (without head): runs the split of an assignment, writes what a grant gives a
 * place. An error means that the worker can not go on; DM_EMEMORY that the row at work took too
 * much. */
int dm_worker_handle(struct dm_worker *w, enum dm_message type, struct dm_wire *frame,
                     struct dm_error *err);

/* Whether the descriptors that it works with are still its own: operators can close them. Returns
 * to the directory from where paths count, which they can change. */
bool dm_worker_intact(const struct dm_worker *w);

/* Limits the memory of this process to what the settings say. */
void dm_worker_limit_memory(const struct dm_worker *w);

/* `dmhost worker`: speaks frames over descriptor 3, shows its rows on the board behind
 * descriptor 4. Returns the exit status. */
int dm_worker_main(void);

#endif
