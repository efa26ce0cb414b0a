/* What Slurm's programs say, and what it means. */
#ifndef DM_ENGINE_SLURM_SAYS_H
#define DM_ENGINE_SLURM_SAYS_H

#include "engine/engine.h"

/* How a job ended, or why it can not begin, as a line of srun tells; DM_END_UNKNOWN when it does
 * not. */
enum dm_engine_reason dm_slurm_reason(const char *line);

#endif
