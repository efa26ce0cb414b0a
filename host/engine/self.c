#include "engine/self.h"

#include <elf.h>
#include <endian.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int dm_self_path(char *path, size_t n, struct dm_error *err)
{
    ssize_t length = readlink(DM_SELF, path, n - 1);
    if (length < 0)
        return dm_fail_errno(err, DM_EIO, "cannot find the binary that runs");
    path[length] = 0;
    if (access(path, X_OK))
        return dm_fail(err, DM_EUSAGE,
                       "the binary that runs has been removed or replaced (%s)\n"
                       "start the run again",
                       path);
    return DM_OK;
}

static int follow_parent(int signal, struct dm_error *err)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, signal);
    if (getppid() != parent)
        return dm_fail(err, DM_EIO, "who started this process has gone");
    return DM_OK;
}

int dm_self_follow_parent(struct dm_error *err)
{
    return follow_parent(SIGKILL, err);
}

static void on_parent_gone(int signal)
{
    (void)signal;
    kill(0, SIGKILL);
}

int dm_self_lead_group(struct dm_error *err)
{
    /* not SIGHUP, which a group's members get for other reasons */
    struct sigaction action = {.sa_handler = on_parent_gone};
    if ((getpgrp() != getpid() && setpgid(0, 0)) || sigaction(SIGRTMAX, &action, NULL))
        return dm_fail_errno(err, DM_EIO, "cannot make a group of processes");
    return follow_parent(SIGRTMAX, err);
}

/* The first 8 bytes of the build id among the notes of a segment; 0 when it has none. */
static uint64_t id_in_notes(const char *p, size_t n)
{
    enum { ALIGN = 4 };
    ElfW(Nhdr) note;
    uint64_t id = 0;
    for (size_t at = 0; at + sizeof note <= n;) {
        memcpy(&note, p + at, sizeof note);
        size_t name = at + sizeof note, data = name + (note.n_namesz + ALIGN - 1) / ALIGN * ALIGN;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz >= sizeof id &&
            memcmp(p + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0) {
            memcpy(&id, p + data, sizeof id);
            break;
        }
        at = data + (note.n_descsz + ALIGN - 1) / ALIGN * ALIGN;
    }
    return id;
}

/* The first object is the program itself. */
static int find_id(struct dl_phdr_info *object, size_t size, void *id)
{
    (void)size;
    for (int i = 0; i < object->dlpi_phnum && *(uint64_t *)id == 0; i++) {
        const ElfW(Phdr) *h = &object->dlpi_phdr[i];
        if (h->p_type == PT_NOTE)
            *(uint64_t *)id = id_in_notes((const char *)object->dlpi_addr + h->p_vaddr, h->p_memsz);
    }
    return 1;
}

uint64_t dm_self_hash(void)
{
    uint64_t id = 0;
    dl_iterate_phdr(find_id, &id);
    return id ? be64toh(id) : dm_file_hash(DM_SELF);
}

void dm_self_limit_memory(uint64_t bytes)
{
/* the sanitizers reserve far more address space than they use */
#if !defined(__SANITIZE_ADDRESS__)
    struct rlimit limit;
    if (!bytes || getrlimit(RLIMIT_DATA, &limit))
        return;
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    setrlimit(RLIMIT_DATA, &limit);
#else
    (void)bytes;
#endif
}
