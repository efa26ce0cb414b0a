#!/usr/bin/python3
"""What a Python program with asyncio and aiohttp does: client.py URL ROWS CONCURRENCY INPUT OUTPUT."""
import asyncio
import json
import sys
import time

import aiohttp

url, rows, most, source, target = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]


async def ask(session, gate, row):
    body = {"model": "m", "messages": [{"role": "user", "content": "Is this a good text? " + row["text"]}]}
    async with gate, session.post(url + "/chat/completions", json=body) as reply:
        row["answer"] = (await reply.json())["choices"][0]["message"]["content"]


async def main():
    with open(source, encoding="utf-8") as f:
        samples = [json.loads(line) for _, line in zip(range(rows), f)]
    began, gate = time.time(), asyncio.Semaphore(most)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=most)) as session:
        await asyncio.gather(*[ask(session, gate, row) for row in samples])
    with open(target, "w", encoding="utf-8") as f:
        for row in samples:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    seconds = time.time() - began
    print(f"{rows / seconds:.0f} requests/s, {time.process_time() / rows * 1e6:.0f} us of CPU each")


asyncio.run(main())
