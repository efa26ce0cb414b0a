/* The engines that there are, by name. */
#include "engine/engine.h"

#include "engine/manual.h"
#include "engine/process.h"
#include "engine/ray.h"
#include "engine/slurm.h"

#include <string.h>

static const struct dm_engine_kind *const kinds[] = {&dm_engine_manual, &dm_engine_process,
                                                     &dm_engine_slurm, &dm_engine_ray};

const struct dm_engine_kind *dm_engine_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

const char *dm_engine_options(const char *name)
{
    const struct dm_engine_kind *kind = dm_engine_find(name);
    return kind ? kind->options : NULL;
}

const char *dm_engine_names(void)
{
    static char names[128];
    names[0] = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (i)
            strncat(names, ", ", sizeof names - strlen(names) - 1);
        strncat(names, kinds[i]->name, sizeof names - strlen(names) - 1);
    }
    return names;
}
