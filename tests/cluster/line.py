"""A line between two network namespaces that delays and loses packets, for systems without netem.

line.py NAMESPACE ADDRESS NAMESPACE ADDRESS DEVICE DELAY_MS LOSS_PERCENT
makes a device in each namespace and carries packets between them until it is killed."""
import collections
import ctypes
import fcntl
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    fd = os.open("/run/netns/" + namespace, os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def device(namespace, address, peer, name):
    enter(namespace)
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.check_call(["ip", "addr", "add", address, "peer", peer, "dev", name])
    subprocess.check_call(["ip", "link", "set", name, "up"])
    return fd


def main(left, left_address, right, right_address, name, delay, loss):
    a = device(left, left_address, right_address, name)
    b = device(right, right_address, left_address, name)
    print("ready", flush=True)
    delay, loss, other = float(delay) / 1000, float(loss) / 100, {a: b, b: a}
    queue = collections.deque()  # (when, where, packet)
    while True:
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, to, packet = queue.popleft()
            try:
                os.write(to, packet)
            except OSError:
                pass  # the device is down, or full: lost
        wait = max(0, queue[0][0] - now) if queue else None
        for fd in select.select([a, b], [], [], wait)[0]:
            try:
                packet = os.read(fd, 65536)
            except OSError:
                continue
            if random.random() >= loss:
                queue.append((time.monotonic() + delay, other[fd], packet))


random.seed(1)
main(*sys.argv[1:])
