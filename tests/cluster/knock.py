"""Who should not be let in: one way of knocking at a coordinator's door per call. Prints what came back.

knock.py WHAT with DM_CONNECT, DM_NAME and DM_TOKEN in the environment, as a worker host has them."""
import hashlib
import hmac
import os
import socket
import struct
import sys

DIAL, CHALLENGE, PROOF, WELCOME, ABOUT, BEGIN, READY, REFUSE = range(32, 40)
NAME = os.environ["DM_NAME"].encode()
TOKEN = bytes.fromhex(os.environ["DM_TOKEN"])


def connect():
    host, port = os.environ["DM_CONNECT"].split(",")[0].rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout=30)


def text(data):
    return struct.pack("<I", len(data)) + data


def send(s, kind, payload):
    s.sendall(struct.pack("<IB", len(payload) + 1, kind) + payload)


def read(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            return None
        data += more
    return data


def receive(s):
    head = read(s, 5)
    if head is None:
        return None, b""
    size, kind = struct.unpack("<IB", head)
    return kind, read(s, size - 1)


def dial(s, random, protocol=1):
    send(s, DIAL, struct.pack("<I", protocol) + text(NAME) + text(random))
    return receive(s)[1][4:]


def proof(token, ours, theirs):
    return hmac.new(token, b"dmhost worker host\0" + ours + theirs + NAME, hashlib.sha256).digest()


def enter(s):
    ours = os.urandom(32)
    send_proof(s, proof(TOKEN, ours, dial(s, ours)))
    return receive(s)[0]


def send_proof(s, value):
    send(s, PROOF, text(value))


def wait_end(s):
    print("closed" if not s.recv(1) else "open")


def main(what):
    s = connect()
    if what == "scan":
        s.close()
    elif what == "http":
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        wait_end(s)
    elif what == "silent":
        wait_end(s)
    elif what == "oversized":
        s.sendall(struct.pack("<IB", 0x3000000, DIAL))
        wait_end(s)
    elif what == "early":
        send_proof(s, os.urandom(32))
        wait_end(s)
    elif what == "protocol":
        dial(s, os.urandom(32), 99)
        wait_end(s)
    elif what == "secret":
        ours = os.urandom(32)
        send_proof(s, proof(os.urandom(32), ours, dial(s, ours)))
        wait_end(s)
    elif what == "replay":
        ours = os.urandom(32)
        old = proof(TOKEN, ours, dial(s, ours))
        s.close()
        s = connect()
        dial(s, ours)
        send_proof(s, old)
        wait_end(s)
    elif what == "again":
        print("in" if enter(s) == WELCOME else "closed")
    elif what == "other":
        print(enter(s) == WELCOME)
        send(s, ABOUT, text(b"dmhost 0123456789abcdef\n\0"))
        print(receive(s)[1][4:].decode())
    elif what == "nonsense":
        print(enter(s) == WELCOME)
        send(s, READY + 40, os.urandom(100))
        wait_end(s)


main(sys.argv[1])
