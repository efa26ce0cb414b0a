/* The texts of struct dm_process_options as execve takes them. */
#ifndef DM_TASK_OPTIONS_H
#define DM_TASK_OPTIONS_H

#include "base/error.h"

#include <stddef.h>

/* Texts that end with NULL; some may be borrowed. Zeroed is empty. */
struct dm_texts {
    char **list;
    char *bytes;
};

/* The arguments, and the environment: ours with what is to differ. The options must live as long:
 * texts of theirs are borrowed. DM_EMEMORY; dm_texts_finish for both in any case. */
int dm_options_texts(const struct dm_process_options *o, struct dm_texts *argv,
                     struct dm_texts *env, struct dm_error *err);

/* Frees the list and its copies. */
void dm_texts_finish(struct dm_texts *t);

#endif
