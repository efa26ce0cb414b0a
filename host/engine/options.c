#include "engine/options.h"

#include <stdio.h>
#include <string.h>

bool dm_engine_option(const char *options, const char *key, int i, char *value, size_t n)
{
    size_t length = strlen(key);
    for (const char *line = options; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, key, length) || line[length] != '=' || i-- > 0)
            continue;
        const char *text = line + length + 1;
        snprintf(value, n, "%.*s", (int)strcspn(text, "\n"), text);
        return true;
    }
    return false;
}
