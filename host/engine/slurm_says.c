#include "engine/slurm_says.h"

#include <string.h>

static const struct {
    const char *text;
    enum dm_engine_reason reason;
} sayings[] = {
    {"node configuration is not available", DM_END_REFUSED},
    {"More processors requested than permitted", DM_END_REFUSED},
    {"Memory specification can not be satisfied", DM_END_REFUSED},
    {"Node count specification invalid", DM_END_REFUSED},
    {"nvalid partition", DM_END_REFUSED},
    {"nvalid account", DM_END_REFUSED},
    {"nvalid qos", DM_END_REFUSED},
    {"nvalid feature", DM_END_REFUSED},
    {"nvalid generic resource", DM_END_REFUSED},
    {"nvalid job array specification", DM_END_REFUSED},
    {"invalid option", DM_END_REFUSED},
    {"unrecognized option", DM_END_REFUSED},
    {"violates accounting/QOS policy", DM_END_REFUSED},
    {"Access/permission denied", DM_END_REFUSED},
    {"time limit is invalid", DM_END_REFUSED},
    {"exceeded job memory limit", DM_END_MEMORY},
    {"Exceeded job memory limit", DM_END_MEMORY},
    {"Exceeded step memory limit", DM_END_MEMORY},
    {"Out Of Memory", DM_END_MEMORY},
    {"oom-kill", DM_END_MEMORY},
    {"DUE TO TIME LIMIT", DM_END_TIME},
    {"NODE FAILURE", DM_END_NODE},
    {"Node failure", DM_END_NODE},
};

enum dm_engine_reason dm_slurm_reason(const char *line)
{
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++)
        if (strstr(line, sayings[i].text))
            return sayings[i].reason;
    return DM_END_UNKNOWN;
}
