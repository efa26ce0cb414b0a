"""Clients that mean harm: hostile.py PORT KIND. Prints what came of it."""
import socket
import sys

PORT = int(sys.argv[1])


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=60)


def read_all(s):
    """Everything until the other side closes."""
    data = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return data
            data += more
    except OSError:
        return data


def send(raw):
    s = connect()
    try:
        s.sendall(raw)
    except OSError:
        pass
    return read_all(s)


def status(reply):
    return reply.split(b"\r\n")[0].decode("latin-1") or "closed"


def slow():
    """Hundreds of requests that never end, byte by byte, while a good one is answered again and again."""
    held = []
    for i in range(400):
        s = connect()
        s.sendall(b"POST /api/task/list HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n")
        held.append(s)
    good = 0
    for i in range(20):
        for s in held[i::20]:
            try:
                s.sendall(b"X")
            except OSError:
                pass
        good += status(send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).endswith("200 OK")
    print("good", good)


def oversized():
    body = b'{"task_ids": ["' + b"a" * (5 << 20) + b'"]}'
    head = b"POST /api/task/list HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    print("body", status(send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)))
    chunks = b"".join(b"%x\r\n" % 65536 + b"a" * 65536 + b"\r\n" for _ in range(100))
    print("chunks", status(send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")))
    print("header", status(send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n")))
    print("line", status(send(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")))
    print("length", status(send(head + b"Content-Length: 99999999999999999999\r\n\r\n")))


def broken():
    for raw in (b"\r\n\r\n\r\n", b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
                b"GET\0 / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /api/task/list HTTP/1.1\r\n"
                b"Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n"
                b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"):
        s = connect()
        s.sendall(raw)
        s.shutdown(socket.SHUT_WR)
        read_all(s)
    s = connect()
    s.sendall(b"POST /api/task/list HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe")
    s.close()
    gone = connect()
    gone.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
    gone.close()
    print("survived")


def idle():
    """Waits until a connection is closed on which too little is asked."""
    s = connect()
    s.settimeout(280)
    s.sendall(b"GET /hea")
    while s.recv(1000):
        pass
    print("closed")


globals()[sys.argv[2]]()
