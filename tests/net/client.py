"""A real HTTP client: takes requests as JSON lines {"port", "method", "target", "headers", "body"}, answers each with
{"status", "headers", "body"}, or {"error"}; each on a connection of its own, as in the transcripts."""
import http.client
import json
import sys

for line in sys.stdin.buffer:
    r = json.loads(line.decode("utf-8", "surrogateescape"))
    connection = http.client.HTTPConnection("127.0.0.1", r["port"], timeout=60)
    try:
        connection.putrequest(r["method"], r["target"], skip_host="Host" in r["headers"], skip_accept_encoding=True)
        for name, value in r["headers"].items():
            connection.putheader(name, value)
        body = r.get("body", "").encode("utf-8", "surrogateescape")
        if body or r["method"] == "POST":
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        reply = connection.getresponse()
        answer = {"status": reply.status, "body": reply.read().decode("utf-8", "replace"),
                  "headers": {name.lower(): value for name, value in reply.getheaders()}}
    except (OSError, http.client.HTTPException) as e:
        answer = {"error": repr(e)}
    connection.close()
    print(json.dumps(answer), flush=True)
