/* What srun and sbatch are asked for. */
#include "engine/options.h"
#include "engine/slurm_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void dm_slurm_add(struct dm_slurm_words *w, const char *format, ...)
{
    char word[4400];
    va_list args;
    va_start(args, format);
    vsnprintf(word, sizeof word, format, args);
    va_end(args);
    w->full = w->full || ++w->n >= DM_SLURM_WORDS || !dm_buf_add(&w->text, word, strlen(word) + 1);
}

/* The list points into the text only when that does not move any more. */
int dm_slurm_end_words(struct dm_slurm_words *w, struct dm_error *err)
{
    char *p = w->text.p;
    if (w->n >= DM_SLURM_WORDS)
        return dm_fail(err, DM_EUSAGE,
                       "the engine's args are too many: with them Slurm's command "
                       "has more than %d words",
                       DM_SLURM_WORDS - 1);
    if (w->full)
        return dm_fail_memory(err);
    for (size_t i = 0; i < w->n; i++, p += strlen(p) + 1)
        w->list[i] = p;
    w->list[w->n] = NULL;
    return DM_OK;
}

struct dm_slurm_size dm_slurm_size(const struct dm_engine_spec *spec)
{
    return (struct dm_slurm_size){
        .cpus = spec->cpus, .gpus = spec->gpus, .megabytes = (spec->memory + (1 << 20) - 1) >> 20};
}

/* A step that does not name GPUs takes all of the job's on its node; a number of tasks and the
 * environment are set against what a surrounding job has set. */
void dm_slurm_add_request(const struct dm_slurm *s, const struct dm_engine_spec *spec,
                          struct dm_slurm_words *w)
{
    char word[4096];
    dm_slurm_add(w, "--ntasks=1");
    dm_slurm_add(w, "--nodes=1");
    dm_slurm_add(w, "--cpus-per-task=%u", spec->cpus ? spec->cpus : 1);
    if (spec->memory)
        dm_slurm_add(w, "--mem=%lluM", (unsigned long long)dm_slurm_size(spec).megabytes);
    if (spec->gpus)
        dm_slurm_add(w, "--gres=gpu:%u", spec->gpus);
    else
        dm_slurm_add(w, "--gres=none");
    dm_slurm_add(w, "--export=ALL");
    for (int i = 0; dm_engine_option(s->config.options, "args", i, word, sizeof word); i++)
        dm_slurm_add(w, "%s", word);
}
