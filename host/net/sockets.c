#include "net/sockets.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, FIRST_SOCKETS = 256 };

struct socket {
    void *whose;
    uint32_t wanted;     /* events, by libcurl; 0: it has let go of the socket */
    uint32_t registered; /* those that the system tells */
    bool ours;           /* dm_sockets_open made it: its end is told */
};

static struct {
    uv_poll_t poll;
    int epoll;
    dm_sockets_ready *ready;
    struct socket *list; /* by descriptor */
    size_t n;
} all = {.epoll = -1};

static bool have(curl_socket_t fd)
{
    size_t n = all.n ? all.n : FIRST_SOCKETS;
    while (n <= (size_t)fd)
        n *= 2;
    if (n == all.n)
        return true;
    struct socket *list = realloc(all.list, n * sizeof *list);
    if (!list)
        return false;
    memset(list + all.n, 0, (n - all.n) * sizeof *list);
    all.list = list;
    all.n = n;
    return true;
}

static void unregister(curl_socket_t fd)
{
    if (all.list[fd].registered)
        epoll_ctl(all.epoll, EPOLL_CTL_DEL, fd, NULL);
    all.list[fd].registered = 0;
}

int dm_sockets_wait(curl_socket_t fd, int what, void *whose)
{
    if (fd < 0 || !have(fd))
        return -1;
    struct socket *s = &all.list[fd];
    s->whose = whose;
    s->wanted = 0;
    if (what == CURL_POLL_REMOVE) {
        if (!s->ours)
            unregister(fd);
        return 0;
    }
    s->wanted |= what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0;
    s->wanted |= what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0;
    if (s->registered == s->wanted)
        return 0;
    struct epoll_event e = {.events = s->wanted, .data.fd = fd};
    int op = s->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    s->registered = s->wanted;
    return epoll_ctl(all.epoll, op, fd, &e);
}

curl_socket_t dm_sockets_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)arg, (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    if (have(fd))
        all.list[fd] = (struct socket){.ours = true};
    return fd;
}

int dm_sockets_close(void *arg, curl_socket_t fd)
{
    (void)arg;
    if ((size_t)fd < all.n)
        all.list[fd] = (struct socket){0};
    return close(fd);
}

/* An error or the other side's end is something to read and to write. */
static int flags_of(const struct socket *s, uint32_t events)
{
    if (events & (EPOLLERR | EPOLLHUP))
        events |= s->wanted;
    return (events & s->wanted & EPOLLIN ? CURL_CSELECT_IN : 0) |
           (events & s->wanted & EPOLLOUT ? CURL_CSELECT_OUT : 0);
}

static void on_poll(uv_poll_t *poll, int status, int what)
{
    struct epoll_event events[EVENTS];
    (void)poll, (void)status, (void)what;
    int n = epoll_wait(all.epoll, events, EVENTS, 0);
    for (int i = 0; i < n; i++) {
        curl_socket_t fd = events[i].data.fd;
        const struct socket *s = &all.list[fd];
        int flags = flags_of(s, events[i].events);
        if (flags)
            all.ready(s->whose, fd, flags);
        else if (!s->wanted) /* an idle connection has something to say: its end, mostly */
            unregister(fd);
    }
}

int dm_sockets_start(uv_loop_t *loop, dm_sockets_ready *ready, struct dm_error *err)
{
    all.ready = ready;
    all.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (all.epoll < 0 || uv_poll_init(loop, &all.poll, all.epoll)) {
        if (all.epoll >= 0)
            close(all.epoll);
        all.epoll = -1;
        return dm_fail_errno(err, DM_EIO, "cannot wait for connections");
    }
    uv_poll_start(&all.poll, UV_READABLE, on_poll);
    return DM_OK;
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
    close(all.epoll);
    all.epoll = -1;
    free(all.list);
    all.list = NULL;
    all.n = 0;
}

void dm_sockets_stop(void)
{
    if (all.epoll >= 0)
        uv_close((uv_handle_t *)&all.poll, on_closed);
}
