#!/usr/bin/env python3
"""A server, and a proxy, whose replies are odd, most of them legal: odd.py PORT prints the port and runs until it is
killed. The prompt names the reply. What comes by a proxy's way must say who asks."""
import asyncio
import gzip
import json
import os
import zlib

USAGE = {"prompt_tokens": 1, "completion_tokens": 1}


def body(content="fine", finish="stop", usage=USAGE, **message):
    message = {"role": "assistant", "content": content, **message}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}).encode()


def http(data, *lines, status="HTTP/1.1 200 OK", length=True):
    lines = [status, *lines] + ([f"Content-Length: {len(data)}"] if length else [])
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


def chunked(data, *lines):
    pieces = [data[i:i + 7] for i in range(0, len(data), 7)]
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\nX-Late: 1\r\n\r\n"
    return http(chunks, "Transfer-Encoding: chunked", "Trailer: X-Late", *lines, length=False)


def piece(content, end="\n", finish=None):
    choice = {"index": 0, "delta": {} if content is None else {"content": content}, "finish_reason": finish}
    return "data: " + json.dumps({"choices": [choice]}) + end + end


def events(*parts):
    return http("".join(parts).encode(), "Content-Type: text/event-stream; charset=utf-8", length=False)


DONE = "data: [DONE]\n\n"
REPLIES = {
    "chunks and a trailer": chunked(body()),
    "interim replies": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http(body()),
    "HTTP/1.0": http(body(), status="HTTP/1.0 200 OK", length=False),
    "no length": http(body(), "Connection: close", length=False),
    "lines of LF": http(body()).replace(b"\r\n", b"\n"),
    "no reason": http(body(), status="HTTP/1.1 200"),
    "gzip": http(gzip.compress(body()), "Content-Encoding: gzip"),
    "deflate": http(zlib.compress(body()), "Content-Encoding: deflate"),
    "a byte order mark": http(b"\xef\xbb\xbf" + body()),
    "parts": http(body([{"type": "thinking"}, {"type": "text", "text": "fi"}, {"type": "text", "text": "ne"}])),
    "odd usage": http(body(usage={"prompt_tokens": {"a": 1}, "completion_tokens": "x"})),
    "negative usage": http(body(usage={"prompt_tokens": -5, "completion_tokens": 1e300})),
    "odd finish": http(body(finish={"a": 1})),
    "moved": http(b"", "Location: http://new/v1", status="HTTP/1.1 308 X"),
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "unknown coding": http(body(), "Content-Encoding: rot13"),
    "cut": http(body(), f"Content-Length: {len(body()) + 50}", length=False),
    "a long header": http(body(), "X: " + "a" * 90000),
    "another protocol": b"SSH-2.0-OpenSSH\r\n",
    "no choices": http(b'{"choices": []}'),
    "an error": http(b'{"error": {"message": "not loaded"}}'),
    "null": http(body(None)),
    "a tool": http(body(None, "tool_calls", tool_calls=[{"id": "1", "type": "function"}])),
    "too short": http(body("", "length")),
    "a tool behind nothing": http(body("", "tool_calls", tool_calls=[{"id": "1", "type": "function"}])),
    "a refusal behind nothing": http(body("", refusal="I will not.")),
    "an empty answer": http(body("")),
    "held back": http(body(None, "content_filter")),
    "a refusal": http(body(None, refusal="I will not.")),
    "events": events(piece("fi"), piece("ne", finish="stop"), DONE),
    "comments": events(": hi\n\n", piece("fi"), ":\n", piece("ne"), "id: 5\nretry: 10\n", DONE),
    "CRLF": events(piece("fi", "\r\n"), piece("ne", "\r\n"), DONE.replace("\n", "\r\n")),
    "CR": events(piece("fi", "\r"), piece("ne", "\r"), DONE.replace("\n", "\r")),
    "many lines": events('data: {"choices": [{"delta":\ndata: {"content": "fine"}}]}\n\n', DONE),
    "no end": events(piece("fi"), piece("ne", finish="stop")),
    "signs of life": events("data: \n\n", piece("fi"), "event: ping\ndata: {}\n\n", piece("ne"), DONE),
    "thoughts": events('data: {"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}\n\n',
                       piece("fine"), DONE),
    "events in gzip": chunked(gzip.compress(events(piece("fine"), DONE).partition(b"\r\n\r\n")[2]),
                              "Content-Type: text/event-stream", "Content-Encoding: gzip"),
    "no events": http(body()),
    "cut events": events(piece("fi")),
    "an error in events": events(piece("fi"), 'data: {"error": {"message": "no memory", "code": 500}}\n\n'),
    "an error's text": events(piece("fi"), 'data: {"error": "no memory"}\n\n'),
    "an event of an error": events(piece("fi"), 'event: error\ndata: {"message": "no memory"}\n\n'),
    "a tool in events": events(piece(None, finish="tool_calls"), DONE),
    "nothing in events": events(DONE),
}


async def read(reader):
    """The path, the header lines in small letters and the body of a request."""
    path, size = (await reader.readline()).split()[1].decode(), 0
    lines = []
    while (line := await reader.readline()).strip():
        lines.append(line.decode().lower())
        if lines[-1].startswith("content-length:"):
            size = int(lines[-1].split(":")[1])
    return path, lines, json.loads(await reader.readexactly(size))


async def serve(reader, writer):
    path, lines, request = await read(reader)
    if path.startswith("http://") and not any(line.startswith("proxy-authorization: basic ") for line in lines):
        writer.write(http(b"", "Proxy-Authenticate: Basic realm=x", status="HTTP/1.1 407 X"))
    else:
        writer.write(REPLIES[request["messages"][-1]["content"]])
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, os.environ["HOST"], 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
