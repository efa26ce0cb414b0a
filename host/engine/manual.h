/* The engine that is a person: it prints the command that starts each worker host, to be run on any
 * machine that reaches this one. */
#ifndef DM_ENGINE_MANUAL_H
#define DM_ENGINE_MANUAL_H

#include "engine/engine.h"

extern const struct dm_engine_kind dm_engine_manual;

#endif
