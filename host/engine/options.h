/* The `engine` table of a pipeline, as an engine gets it: a line KEY=VALUE for each option, of a
 * list one for each element. */
#ifndef DM_ENGINE_OPTIONS_H
#define DM_ENGINE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Copies the value of the i-th line with that key, cut to n bytes with the final NUL. False when
 * there is none. */
bool dm_engine_option(const char *options, const char *key, int i, char *value, size_t n);

#endif
