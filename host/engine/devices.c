#include "engine/devices.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Slurm and Ray set those of the accelerators that they granted; numbers or names, a comma
 * between. */
static const char *const variables[] = {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
                                        "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK",
                                        "ASCEND_RT_VISIBLE_DEVICES"};

enum { VARIABLES = sizeof variables / sizeof *variables, MOST = 64 };

static const char *end_of(const char *p)
{
    return p + strcspn(p, ",");
}

static const char *after(const char *p)
{
    p = end_of(p);
    return p + (*p == ',');
}

static uint32_t count(const char *list)
{
    uint32_t n = 0;
    for (; *list; list = after(list))
        n++;
    return n;
}

/* "0,1" for the accelerators of NVIDIA that have a device file. */
static const char *device_files(void)
{
    static char list[4 * MOST];
    char path[32];
    size_t n = 0;
    for (int i = 0; i < MOST; i++) {
        snprintf(path, sizeof path, "/dev/nvidia%d", i);
        if (access(path, F_OK) == 0)
            n += (size_t)snprintf(list + n, sizeof list - n, n ? ",%d" : "%d", i);
    }
    return list;
}

/* The list that a variable holds; NULL when it is not set. "-1" and "NoDevFiles" stand for none. */
static const char *list_of(const char *variable)
{
    const char *list = getenv(variable);
    return list && (strcmp(list, "-1") == 0 || strcmp(list, "NoDevFiles") == 0) ? "" : list;
}

/* What there is when none of the variables is set. */
static const char *other(void)
{
    const char *list = getenv("SLURM_STEP_GPUS");
    list = list ? list : getenv("SLURM_JOB_GPUS");
    return list ? list : device_files();
}

static bool any_set(void)
{
    for (int i = 0; i < VARIABLES; i++)
        if (getenv(variables[i]))
            return true;
    return false;
}

static bool put_share(const char *variable, const char *list, uint32_t i, uint32_t n,
                      struct dm_buf *out)
{
    uint32_t all = count(list);
    uint32_t from = all >= n ? (uint32_t)((uint64_t)i * all / n) : i % (all ? all : 1);
    uint32_t to = all >= n ? (uint32_t)((uint64_t)(i + 1) * all / n) : from + 1;
    bool ok = all == 0 || dm_buf_printf(out, "%s=", variable);
    for (uint32_t k = 0; ok && *list; k++, list = after(list))
        if (k >= from && k < to)
            ok =
                dm_buf_printf(out, "%s%.*s", k > from ? "," : "", (int)(end_of(list) - list), list);
    return ok && (all == 0 || dm_buf_putc(out, 0));
}

bool dm_devices_share(uint32_t i, uint32_t n, struct dm_buf *out)
{
    bool ok = true;
    if (!any_set())
        return put_share(variables[0], other(), i, n, out);
    for (int k = 0; ok && k < VARIABLES; k++) {
        const char *list = list_of(variables[k]);
        ok = !list || put_share(variables[k], list, i, n, out);
    }
    return ok;
}

int dm_devices(struct dm_buf *out)
{
    const char *list = any_set() ? "" : other();
    for (int k = 0; k < VARIABLES && !*list; k++) {
        list = list_of(variables[k]);
        list = list ? list : "";
    }
    bool ok = true;
    for (; ok && *list; list = after(list))
        ok = dm_buf_printf(out, "%.*s\n", (int)(end_of(list) - list), list);
    return ok ? DM_OK : DM_EMEMORY;
}
