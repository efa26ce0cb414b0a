# What human_preference_annotation_mapper asks of Label Studio: tasks are imported, and have an annotation when they are
# asked for a second time, by somebody who chooses the longer answer; a task whose prompt is "never" gets none.
import http.server
import json
import re

tasks = []


class Handler(http.server.BaseHTTPRequestHandler):
    def reply(self, status, value):
        body = json.dumps(value, indent=1).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Token secret":
            return self.reply(401, {"detail": "Invalid token."})
        if self.path != "/api/projects/7/import?return_task_ids=1":
            return self.reply(404, {"detail": "Not found."})
        tasks.append({"data": given[0]["data"], "asked": 0})
        self.reply(201, {"task_count": 1, "task_ids": [len(tasks) if tasks[-1]["data"]["prompt"] != "no number" else None]})

    def do_GET(self):
        if self.path == "/tasks":
            return self.reply(200, [task["data"] for task in tasks])
        task = tasks[int(re.fullmatch("/api/tasks/([0-9]+)", self.path)[1]) - 1]
        task["asked"] += 1
        data, annotations = task["data"], []
        if task["asked"] > 1 and data["prompt"] != "never":
            side = "left" if len(data["answer1"]) > len(data["answer2"]) else "right"
            result = [{"type": "choices", "value": {}}, {"type": "pairwise", "value": {"selected": side}}]
            results = {"neither": [], "null": None, "nulls": [None, {"type": "pairwise", "value": None}]}
            annotations = [{"id": 1, "result": results.get(data["prompt"], result)}]
        self.reply(200, {"id": 1, "data": data, "annotations": annotations})

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
