/* The load test's server: one thread, epoll, HTTP/1.1 with keep-alive; every request gets the same
 * chat completion, after a delay that is the same for all.
 *
 * server PORT DELAY_MS: listens on 127.0.0.1, prints the port, runs until it is killed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 1 << 16, INPUT = 16 * 1024, EVENTS = 512 };

static const char body[] = "{\"id\":\"x\",\"object\":\"chat.completion\",\"model\":\"m\","
                           "\"choices\":[{\"index\":0,\"message\":{\"role\":"
                           "\"assistant\",\"content\":\"It is a good "
                           "text.\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":40,"
                           "\"completion_tokens\":6,\"total_tokens\":46}}";
static char reply[1024];
static int reply_bytes;

static struct connection {
    size_t n; /* bytes of a request that is not whole yet */
    char *in;
} connections[CONNECTIONS];

/* Replies that wait, in the order in which they are due: the delay is the same for all. */
static struct due {
    double at;
    int fd;
} queue[CONNECTIONS];
static size_t first, last;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void send_reply(int fd)
{
    if (write(fd, reply, (size_t)reply_bytes) != reply_bytes)
        shutdown(fd, SHUT_RDWR);
}

/* Bytes of the request at the start of n bytes, or 0 when it is not whole. */
static size_t request_size(const char *p, size_t n)
{
    const char *end = memmem(p, n, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - p) + 4, length = 0;
    for (const char *line = p; line < end; line = memchr(line, '\n', (size_t)(end + 2 - line)) + 1)
        if (strncasecmp(line, "content-length:", 15) == 0)
            length = strtoul(line + 15, NULL, 10);
    return head + length <= n ? head + length : 0;
}

static void drop(int fd)
{
    connections[fd].n = 0;
    close(fd);
}

static void on_input(int fd, double delay)
{
    struct connection *c = &connections[fd];
    if (!c->in && !(c->in = malloc(INPUT)))
        exit(1);
    ssize_t k = read(fd, c->in + c->n, INPUT - c->n);
    if (k <= 0) {
        if (k == 0 || errno != EAGAIN)
            drop(fd);
        return;
    }
    c->n += (size_t)k;
    for (size_t size; (size = request_size(c->in, c->n)) > 0;) {
        memmove(c->in, c->in + size, c->n - size);
        c->n -= size;
        if (delay > 0)
            queue[last++ % CONNECTIONS] = (struct due){now_ms() + delay, fd};
        else
            send_reply(fd);
    }
    if (c->n == INPUT)
        drop(fd);
}

static void on_connect(int epoll, int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
    }
}

/* Sends what is due; milliseconds until the next, or -1. */
static int send_due(void)
{
    double now = now_ms();
    while (first < last && queue[first % CONNECTIONS].at <= now)
        send_reply(queue[first++ % CONNECTIONS].fd);
    return first < last ? (int)(queue[first % CONNECTIONS].at - now) + 1 : -1;
}

static int listen_on(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, n) || listen(fd, 16384) ||
        getsockname(fd, (struct sockaddr *)&a, &n)) {
        perror("server");
        exit(1);
    }
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    if (argc != 3)
        return 2;
    double delay = atof(argv[2]);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    reply_bytes = snprintf(
        reply, sizeof reply,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        sizeof body - 1, body);
    int listener = listen_on(atoi(argv[1])), epoll = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, send_due());
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                on_connect(epoll, listener);
            else
                on_input(events[i].data.fd, delay);
    }
}
