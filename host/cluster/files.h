/* Files that operators have declared, and recordings of models' replies, on a worker host: each is
 * known by the hash of its bytes. What does not lie here under its path is fetched from the
 * coordinator into a private folder, under the name of its hash, and checked. */
#ifndef DM_CLUSTER_FILES_H
#define DM_CLUSTER_FILES_H

#include "cluster/link.h"
#include "run/private.h"

#include <xxhash.h>

struct dm_files {
    uv_loop_t *loop;
    struct dm_link *link; /* NULL from when it is closed */
    const char *list;     /* lines "HASH PATH", see struct dm_settings; borrowed */
    /* all are here, or why not; called once */
    void (*on_ready)(void *arg, const char *why);
    void *arg;
    struct dm_private folder; /* when one had to be fetched */
    /* while it goes on */
    uv_work_t work;
    bool *here; /* of each file: it lies here under its path */
    uint32_t n, at;
    int fd; /* of the one that comes; else -1 */
    uint64_t offset;
    XXH3_state_t *state;
};

/* Begins; the caller has set the fields down to `arg` in a zeroed struct, which lives as long as
 * the loop. */
void dm_files_start(struct dm_files *f);

/* DM_GIFT and DM_GIVEN. It can not go on after an error: DM_EIO, or DM_EINPUT when the other end
 * sent something else. */
int dm_files_take(struct dm_files *f, enum dm_message type, struct dm_wire *w,
                  struct dm_error *err);

/* Where the file of that path is read; the path itself when it is none of them, or here. */
void dm_files_place(const struct dm_files *f, const char *path, char *place, size_t n);

/* Removes what was fetched. */
void dm_files_close(struct dm_files *f);

enum { DM_HASH_DIGITS = 16 };

/* Line i of such a list: its hash, and its path, up to `n` bytes of it. NULL when there is none. */
const char *dm_files_line(const char *list, uint32_t i, size_t *n, uint64_t *hash);

#endif
