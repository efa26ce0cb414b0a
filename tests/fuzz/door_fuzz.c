/* The coordinator's door, and what it takes from a worker host that has been let in: a client that
 * sends what the input says, over a real connection. Nobody gets in without a right proof, and
 * whatever is sent, nothing is left when the connection has ended. */
#include "cluster/about.h"
#include "cluster/hosts_state.h"
#include "fuzz.h"
#include "lua/ffi.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME "dm00000000-0-1"
enum { SLOTS = 3, TURNS = 4 };

struct world {
    struct dm_coordinator c;
    struct dm_outcome outcome;
    struct dm_hosts hosts;
    struct dm_far far;
    struct dm_peer *workers[SLOTS];
    struct dm_serving *serving[SLOTS];
    struct dm_engine engine;
    int fd;
    struct dm_buf heard; /* of the coordinator */
    struct dm_key ours, theirs;
    bool proved, in;
};

/* ---- the coordinator's side ---- */

static void kill_host(struct dm_engine *e, uint64_t handle)
{
    (void)e, (void)handle;
}

static const struct dm_engine_kind kind = {.name = "fuzz", .kill = kill_host};

static const char *admit(void *arg, const char *name)
{
    struct world *w = arg;
    must(w->proved && strcmp(name, NAME) == 0, "who is let in has shown the token");
    return w->in ? "it is in" : NULL;
}

static void on_guest(void *arg, const char *name, struct dm_link *link)
{
    struct world *w = arg;
    (void)name;
    w->in = true;
    dm_far_take(&w->far, link);
}

static void on_refused(void *arg, const char *from, const char *why)
{
    (void)arg;
    must(*from && *why, "said why");
}

/* As a coordinator reads it, without a run behind it. */
static void on_frame(void *arg, struct dm_peer *peer, enum dm_message type, struct dm_wire *frame)
{
    (void)arg;
    must(frame->p <= frame->end, "within its frame");
    peer->ready = peer->ready || type == DM_HELLO;
}

static void on_lost(void *arg, struct dm_peer *peer)
{
    (void)arg;
    must(peer->slot < SLOTS, "a worker of ours");
    if (peer->killed != DM_KILL_HOST)
        dm_hosts_replace(peer);
}

static void on_error(void *arg, const char *text)
{
    (void)arg, (void)text;
}

static struct dm_buf about;

static void open_world(struct world *w)
{
    static char files[] = "2d06800538d394c2 /dev/null\n0123456789abcdef /etc/hostname";
    struct dm_error err;
    struct dm_door_events events = {admit, on_guest, on_refused, w};
    struct dm_pool_events pool = {
        .on_frame = on_frame, .on_lost = on_lost, .on_error = on_error, .arg = w};
    w->c.job = w->hosts.job = dm_job_get();
    must(w->c.job && uv_loop_init(&w->c.loop) == 0, "a loop");
    w->c.job->slots = SLOTS;
    w->c.job->settings.files = files;
    w->c.outcome = &w->outcome;
    w->c.lock = w->c.status.log = -1;
    w->c.quitting = true; /* people are told nothing, no other is asked for */
    w->c.hosts = &w->hosts;
    w->engine.kind = &kind;
    w->hosts.c = &w->c;
    w->hosts.engine = &w->engine;
    w->hosts.far = &w->far;
    w->hosts.n = 1;
    w->far = (struct dm_far){.hosts = &w->hosts,
                             .attempt = 1,
                             .stage = DM_FAR_ASKED,
                             .name = NAME,
                             .workers = w->workers,
                             .serving = w->serving};
    if (!about.n) /* it reads all of this program */
        must(dm_about(&about), "memory");
    w->hosts.about = about;
    must(dm_pool_init(&w->c.pool, &w->c.loop, &w->c.job->settings, pool, &err) == DM_OK, "a pool");
    must(dm_door_open(&w->hosts.door, &w->c.loop, NULL, true, events, &err) == DM_OK, "a door");
}

/* ---- the client ---- */

static void turn(struct world *w)
{
    char block[4096];
    ssize_t n;
    for (int i = 0; i < TURNS; i++)
        uv_run(&w->c.loop, UV_RUN_NOWAIT);
    while (w->fd >= 0 && (n = recv(w->fd, block, sizeof block, MSG_DONTWAIT)) > 0)
        must(dm_buf_add(&w->heard, block, (size_t)n), "memory");
}

/* From one address after another: one has no more ports than connections end in a minute. */
static void dial(struct world *w)
{
    static uint32_t n;
    struct sockaddr_in to = {.sin_family = AF_INET}, from = {.sin_family = AF_INET};
    const char *colon = strrchr(w->hosts.door.addresses, ':');
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + n++ % 60000);
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(w->fd >= 0 && bind(w->fd, (struct sockaddr *)&from, sizeof from) == 0, "an address");
    int rc;
    while ((rc = connect(w->fd, (struct sockaddr *)&to, sizeof to)) != 0 && errno == EINTR)
        ; /* libFuzzer's alarm */
    must(rc == 0, "connected");
    turn(w);
}

static void send_bytes(struct world *w, const void *p, size_t n)
{
    if (w->fd >= 0)
        (void)!send(w->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    turn(w);
}

static void send_frame(struct world *w, unsigned type, const void *p, size_t n)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, (enum dm_message)type);
    must(dm_buf_add(&frame, p, n), "memory");
    dm_frame_end(&frame, at);
    send_bytes(w, frame.p, frame.n);
    dm_buf_finish(&frame);
}

static void send_dial(struct world *w)
{
    struct dm_buf fields = {0};
    must(dm_put_u32(&fields, DM_PROTOCOL) && dm_put_text(&fields, NAME) &&
             dm_put_bytes(&fields, (const char *)w->ours.bytes, sizeof w->ours.bytes),
         "memory");
    send_frame(w, DM_DIAL, fields.p, fields.n);
    dm_buf_finish(&fields);
}

/* The challenge is the first frame that is heard. Only with no bit changed it is right. */
static void send_proof(struct world *w, unsigned bit)
{
    struct dm_buf fields = {0};
    if (w->heard.n < DM_FRAME_HEAD + 4 + DM_KEY_BYTES || w->heard.p[4] != DM_CHALLENGE)
        return;
    const unsigned char *p = (unsigned char *)w->heard.p;
    struct dm_wire r = {.p = p + DM_FRAME_HEAD, .end = p + w->heard.n};
    size_t n;
    memcpy(w->theirs.bytes, dm_get_bytes(&r, &n), sizeof w->theirs.bytes);
    struct dm_key token = dm_token(&w->hosts.door.secret, NAME);
    struct dm_key key = dm_proof(&token, DM_SIDE_HOST, NAME, &w->ours, &w->theirs);
    if (bit < 8 * DM_KEY_BYTES)
        key.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    else
        w->proved = true;
    must(dm_put_bytes(&fields, (const char *)key.bytes, sizeof key.bytes), "memory");
    send_frame(w, DM_PROOF, fields.p, fields.n);
    dm_buf_finish(&fields);
}

static void send_slot(struct world *w, unsigned slot, unsigned type, const void *p, size_t n)
{
    struct dm_buf fields = {0};
    must(dm_put_u32(&fields, slot), "memory");
    size_t at = dm_frame_begin(&fields, (enum dm_message)type);
    must(dm_buf_add(&fields, p, n), "memory");
    dm_frame_end(&fields, at);
    send_frame(w, DM_SLOT, fields.p, fields.n);
    dm_buf_finish(&fields);
}

/* What a worker host says first, so that the rest gets somewhere. */
static void send_about(struct world *w)
{
    struct dm_buf fields = {0};
    must(dm_put_text(&fields, w->hosts.about.p), "memory");
    send_frame(w, DM_ABOUT, fields.p, fields.n);
    send_frame(w, DM_READY, "", 0);
    dm_buf_finish(&fields);
}

static void step(struct world *w, const uint8_t **data, size_t *n)
{
    unsigned what = take_byte(data, n), a = take_byte(data, n), b = take_byte(data, n);
    size_t length = b < *n ? b : *n;
    const uint8_t *p = *data;
    *data += length;
    *n -= length;
    switch (what % 8) {
    case 0:
        send_bytes(w, p, length);
        break;
    case 1:
        send_frame(w, a, p, length);
        break;
    case 2:
        send_dial(w);
        break;
    case 3:
        send_proof(w, DM_KEY_BYTES * 8);
        break;
    case 4:
        send_proof(w, a);
        break;
    case 5:
        send_slot(w, a % (SLOTS + 1), b, p, length);
        break;
    case 6:
        send_about(w);
        break;
    default: /* the usual beginning */
        send_dial(w);
        send_proof(w, DM_KEY_BYTES * 8);
        send_about(w);
    }
}

static void close_world(struct world *w)
{
    close(w->fd);
    w->fd = -1;
    dm_door_close(&w->hosts.door);
    turn(w);
    w->hosts.closed = true;
    dm_far_let_go(&w->far, false);
    uv_close((uv_handle_t *)&w->c.pool.idle, NULL);
    uv_run(&w->c.loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&w->c.loop) == 0 && !w->c.pool.npeers, "nothing is left");
    dm_pool_finish(&w->c.pool);
    dm_buf_finish(&w->heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct world *w = calloc(1, sizeof *w);
    must(w, "memory");
    signal(SIGPIPE, SIG_IGN); /* as main does */
    open_world(w);
    dial(w);
    while (n)
        step(w, &data, &n);
    must(!w->in || w->proved, "nobody is in who has not shown the token");
    close_world(w);
    free(w);
    return 0;
}
