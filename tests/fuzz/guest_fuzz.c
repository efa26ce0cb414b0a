/* A worker host, and what it takes from a coordinator: the real one from its main function on, with
 * a coordinator at the other end of a real connection that says what the input says. Its workers
 * are played; they too say and do what the input says, but are ours: what they say is well formed.
 * Whatever comes, the worker host ends when the connection does, and leaves nothing behind. */
#include "cluster/proof.h"
#include "fuzz.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

static FILE *unheard; /* what it tells people */
static int drive(uv_loop_t *loop, uv_run_mode mode);
static int close_loop(uv_loop_t *loop);
static int enter(const char *folder);
static char *variable(const char *name);

#define dm_worker_host_main guest_main
#define dm_pool_start start_worker
#define dm_about know_about
#define uv_run drive
#define uv_loop_close close_loop
#define chdir enter
#define getenv variable
#undef stderr
#define stderr unheard
#include "../../host/cluster/worker_host.c"
#undef stderr
#define stderr stderr
#undef getenv
#undef uv_run
#undef uv_loop_close

#define NAME "dm00000000-0-1"
enum { SLOTS = 3, TURNS = 4 };

static struct {
    int listener, fd;
    unsigned port;
    char address[32], token[2 * DM_KEY_BYTES + 1];
    char folder[64]; /* where it makes its private ones */
    const uint8_t *data;
    size_t n;
    struct worker_host *h;
    struct dm_buf heard; /* of the worker host */
    struct dm_key theirs, ours;
    struct dm_split splits[SLOTS]; /* that its workers were given last */
} w;

/* ---- around the worker host ---- */

/* The folder is only looked at: others of this process are relative. */
static int enter(const char *folder)
{
    return access(folder, X_OK);
}

/* One after another: at one there are no more ports than connections end in a minute. */
static void set_address(void)
{
    static uint32_t n;
    n = (n + 1) % 60000;
    snprintf(w.address, sizeof w.address, "127.1.%u.%u:%u", n >> 8, n & 255, w.port);
}

/* Its environment. */
static char *variable(const char *name)
{
    static char called[] = NAME, slots[] = "3";
    return strcmp(name, "DM_CONNECT") == 0 ? w.address
           : strcmp(name, "DM_TOKEN") == 0 ? w.token
           : strcmp(name, "DM_SLOTS") == 0 ? memcpy(slots, "3", 2)
                                           : memcpy(called, NAME, sizeof called);
}

/* That it reads all of this program does not change what follows. */
bool know_about(struct dm_buf *out)
{
    return dm_buf_add(out, "fuzz 1\n", 8);
}

static int close_loop(uv_loop_t *loop)
{
    int rc = uv_loop_close(loop);
    must(rc == 0, "no handle is left: %s", uv_strerror(rc));
    return rc;
}

static void send_worker(struct dm_peer *peer, struct dm_buf *frame)
{
    struct dm_split split;
    struct dm_error err;
    const unsigned char *p = (unsigned char *)frame->p;
    struct dm_wire r = {.p = p + DM_FRAME_HEAD, .end = p + frame->n};
    must(dm_frame_size(frame->p, frame->n) == (int64_t)frame->n, "a whole frame");
    if (p[4] == DM_STOP)
        peer->exited = true;
    if (p[4] == DM_ASSIGN) {
        bool good = dm_split_get(&r, &split, &err) == DM_OK;
        must(good || w.h->shared, "of a split that was staged");
        dm_split_finish(&w.splits[peer->slot]);
        w.splits[peer->slot] = split;
    }
    dm_buf_clear(frame);
}

static void kill_worker(struct dm_peer *peer)
{
    peer->exited = true;
}

static const struct dm_channel channel = {send_worker, kill_worker, dm_peer_free};

int start_worker(struct dm_pool *p, uint32_t slot, bool inside, struct dm_error *err)
{
    struct dm_peer *peer = calloc(1, sizeof *peer);
    (void)err;
    must(peer && !inside && slot < SLOTS && p->setup.n, "a worker that can be started");
    peer->slot = slot;
    peer->channel = &channel;
    peer->board = &peer->far_board;
    atomic_store(&peer->board->row, DM_NO_ROW);
    dm_pool_add(p, peer);
    return DM_OK;
}

/* Workers that were ended have gone. */
static void reap(void)
{
    struct dm_peer *next;
    for (struct dm_peer *peer = w.h->has_orders ? w.h->pool.peers : NULL; peer; peer = next) {
        next = peer->next;
        if (peer->exited)
            dm_pool_lose(peer);
    }
}

static void worker_says(struct dm_peer *peer, enum dm_message type, const void *p, size_t n)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, type);
    must(dm_buf_add(&frame, p, n), "memory");
    dm_frame_end(&frame, at);
    const unsigned char *bytes = (unsigned char *)frame.p;
    struct dm_wire r = {.p = bytes + DM_FRAME_HEAD, .end = bytes + frame.n};
    w.h->pool.events.on_frame(w.h->pool.events.arg, peer, type, &r);
    dm_buf_finish(&frame);
}

/* It has run its split, and written so many bytes to each of its parts. */
static void worker_is_done(struct dm_peer *peer, size_t bytes)
{
    const struct dm_split *s = &w.splits[peer->slot];
    struct dm_place ends[DM_STREAMS] = {0};
    struct dm_buf fields = {0};
    char name[64], path[512];
    for (int i = 0; i < DM_STREAMS && s->part && !w.h->shared; i++) {
        dm_part_name(s->id, s->attempt, i, name, sizeof name);
        snprintf(path, sizeof path, "%s/%s", w.h->stages.folder.path, name);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        must(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0 && close(fd) == 0, "written");
        ends[i].offset = bytes;
    }
    must(dm_put_u64(&fields, s->id) && dm_put_u32(&fields, s->attempt) && dm_put_u8(&fields, 0) &&
             dm_place_put(&fields, ends),
         "memory");
    worker_says(peer, DM_DONE, fields.p, fields.n);
    dm_buf_finish(&fields);
}

/* ---- the coordinator ---- */

static void turn(void)
{
    char block[4096];
    ssize_t n;
    for (int i = 0; i < TURNS; i++) {
        reap();
        uv_run(&w.h->loop, UV_RUN_NOWAIT);
    }
    while (w.fd >= 0 && (n = recv(w.fd, block, sizeof block, MSG_DONTWAIT)) > 0)
        must(dm_buf_add(&w.heard, block, (size_t)n), "memory");
}

static void send_bytes(const void *p, size_t n)
{
    if (w.fd >= 0)
        (void)!send(w.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    turn();
}

static void send_frame(unsigned type, const void *p, size_t n)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, (enum dm_message)type);
    must(dm_buf_add(&frame, p, n), "memory");
    dm_frame_end(&frame, at);
    send_bytes(frame.p, frame.n);
    dm_buf_finish(&frame);
}

static void send_key(enum dm_message type, const struct dm_key *key)
{
    struct dm_buf fields = {0};
    must(dm_put_bytes(&fields, (const char *)key->bytes, sizeof key->bytes), "memory");
    send_frame(type, fields.p, fields.n);
    dm_buf_finish(&fields);
}

/* What it says first ends with its random number. Only with no bit changed the proof is right. */
static void let_in(unsigned bit)
{
    struct dm_key token = {0};
    must(w.heard.n >= sizeof w.theirs.bytes, "it has dialled");
    memcpy(w.theirs.bytes, w.heard.p + w.heard.n - sizeof w.theirs.bytes, sizeof w.theirs.bytes);
    send_key(DM_CHALLENGE, &w.ours);
    struct dm_key key = dm_proof(&token, DM_SIDE_COORDINATOR, NAME, &w.theirs, &w.ours);
    if (bit < 8 * DM_KEY_BYTES)
        key.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    send_key(DM_WELCOME, &key);
    must((w.h->link != NULL) == (bit >= 8 * DM_KEY_BYTES) || w.h->ending, "let in or not");
}

/* Bits of `how`: it sees the files of the run, keeps replies, replays them, needs files. */
static void send_begin(unsigned how)
{
    struct dm_buf fields = {0};
    struct dm_orders o = {.folder = how & 1 ? "/" : "/nowhere", .probe = "", .row_ms = 1000};
    o.lease_ms = 60000;
    o.settings.parts = w.folder;
    o.settings.replies = how & 2 ? "/nowhere/replies" : "";
    o.settings.replay = (how & 4) != 0;
    o.settings.files =
        how & 8 ? "2d06800538d394c2 /dev/null\n2d06800538d394c2 /nowhere/replies" : "";
    must(dm_orders_put(&fields, &o), "memory");
    send_frame(DM_BEGIN, fields.p, fields.n);
    dm_buf_finish(&fields);
}

static void send_number(enum dm_message type, uint32_t number)
{
    struct dm_buf fields = {0};
    must(dm_put_u32(&fields, number), "memory");
    send_frame(type, fields.p, fields.n);
    dm_buf_finish(&fields);
}

static void send_slot(uint32_t slot, unsigned type, const void *p, size_t n)
{
    struct dm_buf fields = {0};
    must(dm_put_u32(&fields, slot), "memory");
    size_t at = dm_frame_begin(&fields, (enum dm_message)type);
    must(dm_buf_add(&fields, p, n), "memory");
    dm_frame_end(&fields, at);
    send_frame(DM_SLOT, fields.p, fields.n);
    dm_buf_finish(&fields);
}

/* A split of so many ranges as the two lowest bits of `how` say. */
static void send_split(uint32_t slot, unsigned how)
{
    struct dm_range ranges[3] = {{.path = "a", .name = "a", .end = 9, .size = 9, .damage = ""},
                                 {.path = "b", .name = "b", .end = 9, .size = 9, .damage = ""},
                                 {.path = "", .name = "", .damage = ""}};
    struct dm_split s = {.id = how, .attempt = 1, .ranges = ranges, .nranges = how & 3};
    struct dm_buf fields = {0};
    s.part = (how & 4) != 0;
    s.whole = (how & 8) != 0;
    must(dm_split_put(&fields, &s), "memory");
    send_slot(slot, DM_ASSIGN, fields.p, fields.n);
    dm_buf_finish(&fields);
}

static void send_piece(uint32_t slot, uint32_t range, uint64_t offset, const void *p, size_t n)
{
    struct dm_buf fields = {0};
    must(dm_put_u32(&fields, slot) && dm_put_u32(&fields, range) && dm_put_u64(&fields, offset) &&
             dm_put_bytes(&fields, p, n),
         "memory");
    send_frame(DM_PIECE, fields.p, fields.n);
    dm_buf_finish(&fields);
}

/* What a worker does, when there is one in the slot. */
static void work(uint32_t slot, unsigned what, const void *p, size_t n)
{
    struct dm_peer *peer = slot < SLOTS ? w.h->workers[slot] : NULL;
    if (!peer || peer->exited)
        return;
    if (what == 0)
        peer->exited = true;
    else if (what < 128)
        worker_is_done(peer, what * 8192);
    else if (what != DM_DONE)
        worker_says(peer, (enum dm_message)what, p, n);
    turn();
}

static void step(void)
{
    unsigned what = take_byte(&w.data, &w.n), a = take_byte(&w.data, &w.n);
    unsigned b = take_byte(&w.data, &w.n);
    size_t length = b < w.n ? b : w.n;
    const uint8_t *p = w.data;
    uint32_t slot = a % (SLOTS + 1);
    w.data += length;
    w.n -= length;
    switch (what % 11) {
    case 0:
        send_bytes(p, length);
        break;
    case 1:
        send_frame(a, p, length);
        break;
    case 2:
        send_begin(a);
        break;
    case 3:
        send_number(DM_LAUNCH, slot);
        break;
    case 4:
        send_split(slot, b);
        break;
    case 5:
        send_piece(slot, what & 3, b * (uint64_t)b, p, length);
        break;
    case 6:
        send_number(DM_FETCHED, slot);
        break;
    case 7:
        work(slot, a >> 2, p, length);
        break;
    case 8:
        send_slot(slot, b, p, length);
        break;
    case 9:
        send_number(DM_AXE, slot);
        break;
    default: /* the usual beginning */
        send_begin(a);
        send_number(DM_LAUNCH, 0);
        send_split(0, b);
    }
}

/* ---- a life ---- */

/* Time passes for one that is still at the door. */
static void hurry(void)
{
    uv_timer_t *timer = &w.h->dial.timer;
    if (w.h->link || w.h->ending)
        return;
    w.h->dial.began_ms = uv_now(&w.h->loop) - 60000;
    uv_timer_start(timer, timer->timer_cb, 0, 0);
}

/* In the place of the loop of the worker host. */
static int drive(uv_loop_t *loop, uv_run_mode mode)
{
    (void)mode;
    w.h = (struct worker_host *)(void *)loop;
    w.fd = accept4(w.listener, NULL, NULL, SOCK_CLOEXEC);
    must(w.fd >= 0, "it dials");
    turn();
    unsigned first = take_byte(&w.data, &w.n);
    if (first < 0xf0)
        let_in(8 * DM_KEY_BYTES);
    else if (first < 0xf8)
        let_in(take_byte(&w.data, &w.n));
    while (w.n)
        step();
    if (w.fd >= 0)
        close(w.fd);
    w.fd = -1;
    do {
        hurry();
        reap();
    } while (uv_run(loop, UV_RUN_NOWAIT));
    return 0;
}

static void begin_process(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    signal(SIGPIPE, SIG_IGN); /* as main does */
    unheard = fopen("/dev/null", "we");
    w.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(unheard && w.listener >= 0 && bind(w.listener, (struct sockaddr *)&at, sizeof at) == 0 &&
             listen(w.listener, 16) == 0 &&
             getsockname(w.listener, (struct sockaddr *)&at, &n) == 0,
         "a socket");
    w.port = ntohs(at.sin_port);
    snprintf(w.folder, sizeof w.folder, "%s/dmhost-fuzz-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    must(mkdtemp(w.folder) && setenv("TMPDIR", w.folder, 1) == 0, "a folder");
}

/* Descriptors of what a worker host opens: libFuzzer opens pipes when it wants to. */
static int count_descriptors(void)
{
    struct stat st;
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fstat(fd, &st) == 0 && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode);
    return n;
}

static void check_nothing_left(int descriptors)
{
    DIR *dir = opendir(w.folder);
    struct dirent *e;
    must(dir, "a folder");
    while ((e = readdir(dir)))
        must(e->d_name[0] == '.', "nothing is left in its folder: %s", e->d_name);
    closedir(dir);
    must(count_descriptors() == descriptors, "no descriptor is left open");
}

static void live(const uint8_t *data, size_t n)
{
    int waiting;
    while ((waiting = accept(w.listener, NULL, NULL)) >= 0) /* for the one before */
        close(waiting);
    w.data = data;
    w.n = n;
    set_address();
    memset(w.token, '0', sizeof w.token - 1);
    int status = guest_main();
    must(status == 0 || status == 1, "it ended with status %d", status);
    for (int i = 0; i < SLOTS; i++)
        dm_split_finish(&w.splits[i]);
    dm_buf_finish(&w.heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int descriptors;
    if (!w.port) {
        begin_process();
        live(NULL, 0); /* what is made once */
        descriptors = count_descriptors();
    }
    live(data, n);
    check_nothing_left(descriptors);
    return 0;
}
