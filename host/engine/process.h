/* The engine that runs worker hosts on this machine as plain processes: a run goes through all that
 * one on other nodes goes through, without a cluster. */
#ifndef DM_ENGINE_PROCESS_H
#define DM_ENGINE_PROCESS_H

#include "engine/engine.h"

extern const struct dm_engine_kind dm_engine_process;

#endif
