#include "io/behind.h"

#include "base/write.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

/* One write is under way and one waits, so that the thread finds work when it is done; more would
 * push each other out of the cache. */
enum { WRITES = 2, STACK_BYTES = 256 * 1024 };

/* A larger buffer stays its owner's, and is written at once. */
enum { LARGEST_KEPT = 1024 * 1024 };

struct write {
    int fd;
    uint64_t offset;
    struct dm_buf buf;
    size_t from, n;
    int here; /* the processor that the owner ran on */
};

struct dm_behind {
    uv_thread_t thread;
    bool ending;    /* what is given next is no write, but the end */
    uv_sem_t room;  /* for so many further writes */
    uv_sem_t given; /* so many are not begun */
    unsigned next;  /* where the next is put: they are done in order, so there is room first */
    struct write writes[WRITES];
    atomic_int error; /* errno of the first that failed */
};

static int fail(int error, struct dm_error *err)
{
    errno = error;
    return error ? dm_fail_errno(err, DM_EIO, "cannot write output") : DM_OK;
}

/* A thread that is woken is left behind the one that woke it where few processors share a cache,
 * even though another is idle: it goes there by itself, and is woken there from then on. */
static void leave_processor(int here)
{
    cpu_set_t allowed, others;
    if (here != sched_getcpu() || sched_getaffinity(0, sizeof allowed, &allowed))
        return;
    others = allowed;
    CPU_CLR((size_t)here, &others);
    if (CPU_COUNT(&others) && !sched_setaffinity(0, sizeof others, &others))
        sched_setaffinity(0, sizeof allowed, &allowed);
}

static void in_thread(void *arg)
{
    struct dm_behind *b = arg;
    for (unsigned at = 0;; at = (at + 1) % WRITES) {
        uv_sem_wait(&b->given);
        if (b->ending)
            return;
        const struct write *w = &b->writes[at];
        leave_processor(w->here);
        int none = 0;
        if (!dm_write_at(w->fd, w->offset, w->buf.p + w->from, w->n))
            atomic_compare_exchange_strong(&b->error, &none, errno);
        uv_sem_post(&b->room);
    }
}

/* Signals are for the other threads. */
static bool make_thread(struct dm_behind *b)
{
    uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_BYTES};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = uv_thread_create_ex(&b->thread, &options, in_thread, b) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return made;
}

struct dm_behind *dm_behind_create(void)
{
    struct dm_behind *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    bool room = uv_sem_init(&b->room, WRITES) == 0, given = uv_sem_init(&b->given, 0) == 0;
    if (room && given && make_thread(b))
        return b;
    if (room)
        uv_sem_destroy(&b->room);
    if (given)
        uv_sem_destroy(&b->given);
    free(b);
    return NULL;
}

int dm_behind_write(struct dm_behind *b, int fd, uint64_t offset, struct dm_buf *buf, size_t from,
                    size_t n, struct dm_error *err)
{
    if (buf->cap > LARGEST_KEPT || uv_sem_trywait(&b->room))
        return fail(dm_write_at(fd, offset, buf->p + from, n) ? 0 : errno, err);
    struct write *w = &b->writes[b->next];
    struct dm_buf other = w->buf;
    *w = (struct write){
        .fd = fd, .offset = offset, .buf = *buf, .from = from, .n = n, .here = sched_getcpu()};
    *buf = other;
    dm_buf_clear(buf);
    b->next = (b->next + 1) % WRITES;
    uv_sem_post(&b->given);
    return fail(atomic_load(&b->error), err);
}

int dm_behind_wait(struct dm_behind *b, struct dm_error *err)
{
    for (int i = 0; i < WRITES; i++)
        uv_sem_wait(&b->room);
    for (int i = 0; i < WRITES; i++)
        uv_sem_post(&b->room);
    return fail(atomic_exchange(&b->error, 0), err);
}

void dm_behind_destroy(struct dm_behind *b)
{
    if (!b)
        return;
    dm_behind_wait(b, NULL);
    b->ending = true;
    uv_sem_post(&b->given);
    uv_thread_join(&b->thread);
    for (int i = 0; i < WRITES; i++)
        dm_buf_finish(&b->writes[i].buf);
    uv_sem_destroy(&b->room);
    uv_sem_destroy(&b->given);
    free(b);
}
