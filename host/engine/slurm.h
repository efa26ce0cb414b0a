/* The engine that starts each worker host with a srun of its own: as a job, or, within an
 * allocation, as a step of it. An exit of srun proves nothing: of a node that is lost it says 0. */
#ifndef DM_ENGINE_SLURM_H
#define DM_ENGINE_SLURM_H

#include "engine/engine.h"

extern const struct dm_engine_kind dm_engine_slurm;

#endif
