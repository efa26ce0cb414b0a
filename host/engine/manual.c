#include "engine/manual.h"

#include <stdio.h>
#include <stdlib.h>

static int open_engine(const struct dm_engine_config *config, struct dm_engine **e,
                       struct dm_error *err)
{
    struct dm_engine *m = calloc(1, sizeof *m);
    (void)config;
    if (!m)
        return dm_fail_memory(err);
    m->kind = &dm_engine_manual;
    *e = m;
    return DM_OK;
}

/* The one place where a token is shown, since it is a person who carries it: it lets one worker
 * host in, once. */
static int spawn(struct dm_engine *e, const struct dm_engine_spec *spec, uint64_t handle,
                 struct dm_error *err)
{
    (void)e, (void)handle, (void)err;
    fprintf(stderr, "run on a machine that is to work:\n ");
    for (const char *const *env = spec->env; *env; env++)
        fprintf(stderr, " %s", *env);
    fprintf(stderr, " dmhost worker-host\n");
    return DM_OK;
}

/* A worker host that is not wanted any more is refused, or ends when its connection does. */
static void kill_one(struct dm_engine *e, uint64_t handle)
{
    (void)e, (void)handle;
}

static void close_engine(struct dm_engine *e)
{
    free(e);
}

const struct dm_engine_kind dm_engine_manual = {.name = "manual",
                                                .options = "",
                                                .open = open_engine,
                                                .spawn = spawn,
                                                .kill = kill_one,
                                                .close = close_engine};
