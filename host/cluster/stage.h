/* A worker host that does not see the run's files: what a split reads is fetched from the
 * coordinator into files of a private folder, and what it wrote is brought there. Its workers know
 * nothing of that. */
#ifndef DM_CLUSTER_STAGE_H
#define DM_CLUSTER_STAGE_H

#include "cluster/link.h"
#include "run/private.h"
#include "run/split.h"

struct dm_stage_slot;

struct dm_stages {
    struct dm_link *link;
    struct dm_stage_slot *slots;
    uint32_t n;
    struct dm_private folder;
    /* a frame for the worker in this slot; the buffer is emptied */
    void (*to_worker)(void *arg, uint32_t slot, struct dm_buf *frame);
    void *arg;
};

/* Makes the private folder and n slots; the caller has set link, to_worker and arg. */
int dm_stages_open(struct dm_stages *s, uint32_t n, struct dm_error *err);

/* Removes the folder and what is in it. */
void dm_stages_close(struct dm_stages *s);

/* A split (an assignment's fields) is for this slot: it goes to the worker when its input is here.
 */
int dm_stage_split(struct dm_stages *s, uint32_t slot, struct dm_wire *assign,
                   struct dm_error *err);

/* DM_PIECE and DM_FETCHED: the input of a slot. */
int dm_stage_input(struct dm_stages *s, enum dm_message type, struct dm_wire *w,
                   struct dm_error *err);

/* The worker says (a whole frame) that it has run its split: the frame follows its output. */
int dm_stage_done(struct dm_stages *s, uint32_t slot, const char *frame, size_t n,
                  struct dm_error *err);

/* The link has room again. */
int dm_stages_go_on(struct dm_stages *s, struct dm_error *err);

/* The worker of this slot has gone. */
void dm_stage_drop(struct dm_stages *s, uint32_t slot);

#endif
