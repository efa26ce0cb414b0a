#!/usr/bin/env python3
"""A server that answers as OpenAI-compatible ones do, and fails on demand.

server.py PORT [CERT KEY [CLIENTS]]: listens on $HOST, else 127.0.0.1 (PORT 0: any), prints the port, and runs until
it is killed. CLIENTS are certificates, one of which a client must show.

The first part of a URL's path says how: /ok/v1/chat/completions, /delay-200/..., several with a comma between.
GET /stats tells what was asked; GET /echo what the request looked like; GET /gate/N lets the first N requests through,
and holds up those that come behind them until the next (N may be inf).
"""
import asyncio
import gzip
import json
import os
import random
import ssl
import sys
import zlib

asked = {"requests": 0, "bodies": {}, "most_at_once": 0, "refused": 0}
at_once = 0
gate = float("inf")
gathered = False


class Reset(Exception):
    """Ends the connection as a crash of the server would."""


async def read_request(reader):
    line = await reader.readline()
    if not line:
        return None
    method, path, _ = line.decode().split(" ", 2)
    headers = {}
    while True:
        line = await reader.readline()
        if line in (b"\r\n", b""):
            break
        name, value = line.decode().split(":", 1)
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return method, path, headers, body


def head(status, size, more=""):
    kind = "" if "Content-Type" in more else "Content-Type: application/json\r\n"
    return (f"HTTP/1.1 {status} X\r\n{kind}{more}Content-Length: {size}\r\n\r\n").encode()


def answer_text(request):
    messages = request.get("messages")
    prompt = messages[-1]["content"] if messages else request.get("prompt", "")
    if messages and prompt.startswith("That does not fit the schema"):
        return messages[0]["content"].partition("BETTER:")[2].partition("REPLY:")[0]
    _, found, text = prompt.partition("REPLY:")
    return text if found else "echo: " + prompt


def completion(request):
    if "input" in request:
        vectors = [{"index": i, "embedding": [len(s), i]} for i, s in enumerate(request["input"])]
        return {"data": vectors, "usage": {"prompt_tokens": 3, "total_tokens": 3}}
    text = answer_text(request)
    choice = {"index": 0, "finish_reason": "stop"}
    if "messages" in request:
        choice["message"] = {"role": "assistant", "content": text}
    else:
        choice["text"] = text
    return {"id": "x", "model": request.get("model"), "choices": [choice],
            "usage": {"prompt_tokens": 10, "completion_tokens": len(text), "total_tokens": 10 + len(text)}}


def stream(request):
    text, out = answer_text(request), ": a comment\r\n\r\n"
    for i in range(0, len(text), 3):
        delta = {"choices": [{"index": 0, "delta": {"content": text[i:i + 3]}}]}
        out += "event: delta\ndata: " + json.dumps(delta) + "\n\n"
    out += 'data: {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}\n\ndata: [DONE]\n\n'
    return out.encode()


async def send_slowly(writer, data, pause):
    for i in range(len(data)):
        writer.write(data[i:i + 1])
        await writer.drain()
        await asyncio.sleep(pause)


async def fail(writer, fault, count, headers, body):
    """Does what the fault says; true when that was the answer."""
    global gathered
    name, *args = fault.split("-")
    number = [int(a) if a.isdigit() else a for a in args]
    if name == "delay":
        await asyncio.sleep(number[0] / 1000)
    elif name == "gather":  # until so many are there at once
        while not gathered:
            gathered = at_once >= number[0]
            await asyncio.sleep(0.01)
    elif name == "stay" and b"stay" in body:  # until so many have asked
        for _ in range(3000):
            if asked["requests"] >= number[0]:
                return False
            await asyncio.sleep(0.01)
        raise Reset()
    elif name == "jitter":
        await asyncio.sleep(zlib.crc32(body) % (number[0] + 1) / 1000)
    elif name == "first" and count <= number[1]:
        asked["refused"] += 1
        more = f"Retry-After: {args[2]}\r\n" if len(args) > 2 else ""
        text = json.dumps({"error": {"message": "try again"}}).encode()
        writer.write(head(number[0], len(text), more) + text)
        return True
    elif name == "always":
        text = json.dumps({"error": {"message": "no, " + headers.get("authorization", "") + " \x01\u4e2d"}},
                          ensure_ascii=False).encode()
        writer.write(head(number[0], len(text)) + text)
        return True
    elif name == "recorded":  # what a real server said: see tests/model
        with open("tests/net/recorded/" + args[0], "rb") as f:
            writer.write(f.read())
        return True
    elif name == "over" and at_once > number[0]:
        asked["refused"] += 1
        writer.write(head(429, 2) + b"{}")
        return True
    elif name == "reset" and count <= number[0]:
        writer.write(head(200, 1000) + b'{"choices": [')
        await writer.drain()
        raise Reset()
    elif name == "drop" and count <= number[0]:
        raise Reset()
    elif name == "nojson" and count <= number[0]:
        writer.write(head(200, 12) + b"<html>oops\n\n")
        return True
    elif name == "silent":
        await asyncio.sleep(3600)
    elif name == "slow":
        await send_slowly(writer, head(200, 1000) + b"x" * 1000, 0.02)
    elif name == "huge":
        writer.write(head(200, 1 << 30))
        for _ in range(1 << 10):
            writer.write(b"x" * (1 << 20))
            await writer.drain()
    elif name == "key" and headers.get("authorization") != "Bearer " + args[0]:
        text = json.dumps({"error": {"message": "wrong key " + headers.get("authorization", "")}}).encode()
        writer.write(head(401, len(text)) + text)
        return True
    elif name == "mix" and count <= 3:
        which = ["first-429-9-0", "first-503-9", "reset-9", "drop-9", "nojson-9", "none", "none"]
        return await fail(writer, which[(zlib.crc32(body) + count) % 7], count, headers, body)
    return False


async def answer(writer, method, path, headers, body):
    global gate
    faults, _, rest = path.lstrip("/").partition("/")
    if path == "/stats":
        text = json.dumps(asked).encode()
        writer.write(head(200, len(text)) + text)
        return
    if faults == "gate":
        gate = float(rest)
        writer.write(head(200, 2) + b"{}")
        return
    if faults.startswith("moved-") and faults != "moved-0":
        place = f"/moved-{int(faults[6:]) - 1}/{rest}"
        writer.write(head(302, 0, f"Location: {place}\r\n"))
        return
    if rest == "echo":
        text = json.dumps({"method": method, "headers": headers, "body": body.decode()}).encode()
        writer.write(head(200, len(text)) + text)
        return
    place = asked["requests"] = asked["requests"] + 1
    while place > gate:
        await asyncio.sleep(0.01)
    key = body.decode(errors="replace")
    count = asked["bodies"][key] = asked["bodies"].get(key, 0) + 1
    for fault in faults.split(","):
        if await fail(writer, fault, count, headers, body):
            return
    request = json.loads(body) if body else {}
    if request.get("stream"):
        data, more = stream(request), "Content-Type: text/event-stream\r\n"
    else:
        data, more = json.dumps(completion(request), indent=2 if "pretty" in faults else None).encode(), ""
    if "gzip" in faults:
        data, more = gzip.compress(data), more + "Content-Encoding: gzip\r\n"
    writer.write(head(200, len(data), more) + data)


async def serve(reader, writer):
    global at_once
    try:
        while True:
            request = await read_request(reader)
            if not request:
                break
            counts = request[1] != "/stats"
            at_once += counts
            asked["most_at_once"] = max(asked["most_at_once"], at_once)
            try:
                await answer(writer, *request)
            finally:
                at_once -= counts
            await writer.drain()
    except (Reset, ConnectionError, asyncio.IncompleteReadError, ValueError):
        writer.transport.abort()
        return
    writer.close()


async def listen(host, port, **options):
    """Any port is one that the system gives to no client: a server may end and come back on its own."""
    while True:
        try:
            return await asyncio.start_server(serve, host, port or random.randrange(20000, 32768), **options)
        except OSError:
            if port:
                raise


async def main():
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        if len(sys.argv) > 4:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(sys.argv[4])
    host = os.environ.get("HOST", "127.0.0.1")
    server = await listen(host, int(sys.argv[1]), ssl=context, backlog=8192, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
