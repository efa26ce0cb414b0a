#include "task/options.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t count_texts(const char *p, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += p[i] == 0;
    return count;
}

/* Copies n bytes and gives each text in them a place in the list, which ends with NULL. */
static bool take_texts(struct dm_texts *t, const char *p, size_t n)
{
    size_t count = count_texts(p, n);
    t->list = calloc(count + 1, sizeof *t->list);
    t->bytes = malloc(n + 1);
    if (!t->list || !t->bytes)
        return false;
    if (n)
        memcpy(t->bytes, p, n);
    t->bytes[n] = 0;
    char *at = t->bytes;
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        t->list[i] = at;
    return true;
}

static size_t name_length(const char *text)
{
    return strcspn(text, "=");
}

static bool is_named(char *const *list, size_t count, const char *variable)
{
    size_t n = name_length(variable);
    for (size_t i = 0; i < count; i++)
        if (name_length(list[i]) == n && memcmp(list[i], variable, n) == 0)
            return true;
    return false;
}

/* Those that differ, without those that go, and ours that are not named among them. */
static bool merge_environment(struct dm_texts *t, const char *p, size_t n)
{
    size_t ours = 0, count = count_texts(p, n), kept = 0;
    while (environ && environ[ours])
        ours++;
    struct dm_texts given = {0};
    bool ok = take_texts(&given, p, n);
    t->list = ok ? calloc(count + ours + 1, sizeof *t->list) : NULL;
    ok = ok && t->list;
    for (size_t i = 0; ok && i < count; i++)
        if (strchr(given.list[i], '='))
            t->list[kept++] = given.list[i];
    for (size_t i = 0; ok && i < ours; i++)
        if (!is_named(given.list, count, environ[i]))
            t->list[kept++] = environ[i];
    t->bytes = given.bytes;
    free(given.list);
    return ok;
}

int dm_options_texts(const struct dm_process_options *o, struct dm_texts *argv,
                     struct dm_texts *env, struct dm_error *err)
{
    if (!take_texts(argv, o->argv, o->argv_bytes) || !merge_environment(env, o->env, o->env_bytes))
        return dm_fail_memory(err);
    return argv->list[0] ? DM_OK : dm_fail(err, DM_EUSAGE, "there is no command to run");
}

void dm_texts_finish(struct dm_texts *t)
{
    free(t->list);
    free(t->bytes);
}
