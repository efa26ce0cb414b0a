/* The engine that starts each worker host as a job of Ray, by the Jobs API of its head. */
#ifndef DM_ENGINE_RAY_H
#define DM_ENGINE_RAY_H

#include "engine/engine.h"

extern const struct dm_engine_kind dm_engine_ray;

#endif
