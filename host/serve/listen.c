#include "serve/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static int port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &n))
        return -1;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

int dm_listen(const char *ip, uint32_t port, int *got, struct dm_error *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    char service[16];
    int one = 1;
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(ip, service, &hints, &address))
        return dm_fail(err, DM_EUSAGE, "%s is no address\ngive a number, such as 127.0.0.1", ip);
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
        bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, BACKLOG)) {
        dm_fail_errno(err, DM_EUSAGE, "cannot listen on %s port %u", ip, port);
        if (fd >= 0)
            close(fd);
        fd = DM_EUSAGE;
    }
    freeaddrinfo(address);
    if (fd >= 0)
        *got = port_of(fd);
    return fd;
}
