-- dmhost serve: DataMate's HTTP API, as it was recorded from the real one, and clients that mean harm.
local service_of = require "tests.net.service"
local t = require "tests.support"
local transcript = require "tests.net.transcript"

local ask, ask_all, start, stop = service_of.ask, service_of.ask_all, service_of.start, service_of.stop
local q = t.quote

-- Tasks as they stood when the transcript was made.
local TASKS = {
  ["fcffcf74-68a0-5082-9bdd-4d550ecb401d"] = "executor_type: datamate\nprocess: []\n",
  ["f7a0b012-a5db-5d86-9d11-4ce9d62269fb"] = "- a\n- b\n",
  ["32a29cfd-e138-562c-ac2f-2df87d4c85a1"] = "dataset_path: process\nexecutor_type: foo\n",
  ["1ff46ee0-ddc0-5447-bf30-1540f057ceb9"] = "dataset_path: process\nexecutor_type: ray\n",
  ["c01ef9bf-0189-55a2-be0f-90c996d7cc51"] = "dataset_path: /no/such/file\nexecutor_type: datamate\n",
  ["3a671964-abb7-5404-b298-608aa0b2d230"] = "dataset_path: process\nexecutor_type: default\n",
  ["3c3fdf5b-51c5-55c8-b20d-83b0b3cd1b71"] = "a: [1\nb: }\n",
  ["4c3fdf5b-51c5-55c8-b20d-83b0b3cd1b71"] = "dataset_path: 17\n",
}

describe("dmhost serve", function()
  local dir, service
  before_each(function()
    dir = t.scratch()
    os.execute("mkdir -p " .. q(dir .. "/flow"))
    t.write(dir .. "/process", "")
    for id, text in pairs(TASKS) do
      os.execute("mkdir " .. q(dir .. "/flow/" .. id))
      t.write(("%s/flow/%s/process.yaml"):format(dir, id), text)
    end
  end)
  after_each(function()
    if service then stop(service) end
    service = nil
    t.clean()
  end)

  it("answers as DataMate's service did", function()
    service = start(dir)
    local list = transcript.read "A"
    assert.equal(28, #list)
    for i, answer in ipairs(ask_all(service, list)) do
      local r = list[i]
      local what = ("%s: %s"):format(r.title, answer.error or answer.body)
      assert.equal(r.status, answer.status, what)
      assert.equal(r.kind, answer.headers["content-type"], what)
      if r.location then
        assert.equal(r.location, answer.headers.location:match "^http://127.0.0.1:%d+(.*)$", what)
      else
        assert.equal(r.reply, answer.body, what)
      end
    end
  end)

  it("checks bodies as it did, beyond the transcript", function()
    service = start(dir)
    local id = "b9682645-cc8e-5e06-b5d6-0b6eca1580ca"
    local submit, missing = "/api/task/" .. id .. "/submit", "File not found!"
    local cases = {
      { "POST", submit, "", missing }, { "POST", submit, "{}", missing },
      { "POST", submit, '{"retry_count": "3"}', missing }, { "POST", submit, '{"retry_count": 2.0}', missing },
      { "POST", submit, '{"retry_count": true}', missing },
      { "POST", submit, '{"retry_count": null}', '"int_type","loc":["body","retry_count"]' },
      { "POST", submit, '{"retry_count": [1,{"a":2.50}]}', '"input":[1,{"a":2.5}]' },
      { "POST", submit, '{"retry_count": "1_000"}', missing }, { "POST", submit, '{"retry_count": " +3.0"}', missing },
      { "POST", submit, '{"retry_count": "_1"}', "int_parsing" }, { "POST", submit, '{"a": NaN}', missing },
      { "POST", submit, '{"retry_count": 1e19}', '"int_parsing_size","loc":["body","retry_count"]' },
      { "POST", submit, ('{"retry_count": "%s"}'):format(("9"):rep(4301)), "exceeded maximum size" },
      { "POST", submit, '{"retry_count": 99999999999999999999}', missing },
      { "POST", submit, "\239\187\191{}", missing },
      { "POST", submit, ("9"):rep(4301), "There was an error parsing the body" },
      { "POST", submit, '{"retry_count": Infinity}', "Internal Server Error" },
      { "POST", submit, '{"retry_count": "\\ud800"}', "Internal Server Error" },
      { "POST", submit, '{"retry_count": 0}x', '"loc":["body",18],"msg":"JSON decode error"' },
      { "POST", submit, '{"retry_count": 0', "Expecting ',' delimiter" },
      { "POST", submit, '{"a" 1}', "Expecting ':' delimiter" }, { "POST", submit, "[nul]", "Expecting value" },
      { "POST", submit, '{"é": "', '"loc":["body",6]' }, { "POST", submit, '"\\x"', "Invalid \\\\escape" },
      { "POST", submit, ("["):rep(100000), "There was an error parsing the body" },
      { "POST", "/api/task/list", "", '"missing","loc":["body"]' },
      { "POST", "/api/task/list", '{"task_ids": "abc"}', "list_type" },
      { "POST", "/api/task/list", '{"task_ids": ["\\u6570\\"\\n", "a", "a"]}',
        '[{"数\\"\\n":null},{"a":null},{"a":null}]' },
      { "GET", submit, "", "Method Not Allowed" },
      { "POST", "/api/task/" .. id .. "/status", "", "Method Not Allowed" },
      { "GET", "/api/task/" .. id .. "%0A/status", "", "Unknown error" },
      { "GET", "/api/task/" .. id .. "%0A%0A/status", "", "Invalid task_id format: " .. id .. "\\n\\n" },
      { "GET", "/api/task/%E9%9F%41/status", "", "Invalid task_id format: �A" },
      { "GET", "/api/task/%2e%2e%2f" .. id .. "/status", "", "Not Found" },
      { "GET", "/api/task/%ff%00/status", "", "Invalid task_id format: �\\u0000" },
      { "GET", "/api/task/../../etc/passwd", "", "Not Found" }, { "DELETE", "/", "", "Not Found" },
      { "POST", "/api/task/32a29cfd-e138-562c-ac2f-2df87d4c85a1/stop", "", "Unknown error" },
      { "POST", "/api/task/1ff46ee0-ddc0-5447-bf30-1540f057ceb9/stop", "", "has been stopped" },
      { "POST", "/api/task/fcffcf74-68a0-5082-9bdd-4d550ecb401d/stop", "", "has been stopped" },
      { "POST", "/api/task/4c3fdf5b-51c5-55c8-b20d-83b0b3cd1b71/submit", "", "Internal Server Error" },
      { "POST", "/api/task/4c3fdf5b-51c5-55c8-b20d-83b0b3cd1b71/stop", "", "Unknown error" },
      { "GET", "/api/task/4c3fdf5b-51c5-55c8-b20d-83b0b3cd1b71/status", "", "NOT_FOUND" },
      { "POST", submit, '{"a":"\255"}', "There was an error parsing the body" },
    }
    for i, answer in ipairs(ask_all(service, cases)) do
      local r = cases[i]
      assert.truthy((answer.body or ""):find(r[4], 1, true), ("%s %s: %s"):format(r[2], r[3]:sub(1, 40),
        answer.error or answer.body))
    end
  end)

  it("describes itself as DataMate's service does", function()
    service = start(dir)
    local list = ask_all(service, { { "GET", "/openapi.json" }, { "HEAD", "/openapi.json" },
      { "POST", "/openapi.json" }, { "GET", "/openapi.json/" }, { "POST", "/api/task/list//" } })
    local about = require("dm.json").decode(list[1].body)
    assert.equal("application/json", list[1].headers["content-type"])
    for path, methods in pairs { ["/api/task/list"] = { "post" }, ["/api/task/{task_id}/submit"] = { "post" },
      ["/api/task/{task_id}/stop"] = { "post" }, ["/api/task/{task_id}/status"] = { "get" } } do
      assert.truthy(about.paths[path][methods[1]], path)
    end
    assert.equal(200, list[2].status)
    assert.same({ 405, "HEAD, GET" }, { list[3].status, list[3].headers.allow })
    assert.same({ 307, 307 }, { list[4].status, list[5].status })
    assert.truthy(list[5].headers.location:find "/api/task/list$")
  end)

  it("lets in whom it should", function()
    service = start(dir)
    local function status(target, headers) return ask(service, "GET", target, nil, headers).status end
    assert.equal(200, status("/healthz", {}))
    assert.equal(200, status("/metrics", {}))
    assert.equal(403, status("/metrics", { Origin = "http://example.org" }))
    assert.equal(403, status("/metrics", { Host = "example.org:8081" }))
    assert.equal(200, status("/metrics", { Host = "LOCALHOST:8081" }))
    stop(service)
    service = start(dir, "--ip 0.0.0.0", "DMHOST_TOKEN=s3cret")
    assert.equal(200, status("/healthz", {}))
    assert.equal(401, status("/metrics", {}))
    assert.equal(401, status("/metrics", { Authorization = "Bearer s3cre" }))
    assert.equal(401, status("/metrics", { Authorization = "Bearer s3cretx" }))
    assert.equal(200, status("/metrics", { Authorization = "Bearer s3cret", Host = "example.org" }))
    local code, _, err = t.shell(("cd %s && %s serve --flow flow --ip 0.0.0.0 --port 0"):format(q(dir), q(t.DMHOST)))
    assert.equal(2, code)
    assert.truthy(err:find "DMHOST_TOKEN")
  end)

  it("counts what it does", function()
    service = start(dir)
    ask_all(service, { { "GET", "/nowhere" }, { "POST", "/api/task/list", '{"task_ids":[]}' } })
    local text = ask(service, "GET", "/metrics").body
    assert.truthy(text:find('\ndmhost_http_answers_total{code="200"} 1\n', 1, true))
    assert.truthy(text:find('\ndmhost_http_answers_total{code="404"} 1\n', 1, true))
    assert.truthy(text:find('\ndmhost_tasks{status="running"} 0\n', 1, true))
    for line in text:gmatch "[^\n]+" do
      assert.truthy(line:find "^# HELP [%l_]+ .+%.$" or line:find "^# TYPE [%l_]+ %l+$"
        or line:find '^[%l_]+ %d+$' or line:find '^[%l_]+{%l+="%w+"} %d+$', line)
    end
  end)

  it("is not disturbed by slow, oversized and broken clients", function()
    service = start(dir)
    local idle = assert(io.popen(("python3 tests/net/hostile.py %d idle"):format(service.port)))
    local function hostile(kind)
      local status, out, err = t.shell(("python3 tests/net/hostile.py %d %s"):format(service.port, kind))
      assert.equal(0, status, err)
      return out
    end
    assert.equal("good 20\n", hostile "slow")
    local oversized = hostile "oversized"
    assert.truthy(oversized:find "body HTTP/1.1 413" or oversized:find "body closed", oversized)
    assert.truthy(oversized:find "chunks closed" or oversized:find "chunks HTTP/1.1 413", oversized)
    assert.truthy(oversized:find "header HTTP/1.1 4%d%d", oversized)
    assert.truthy(oversized:find "line HTTP/1.1 4%d%d" or oversized:find "line closed", oversized)
    assert.truthy(oversized:find "length HTTP/1.1 4%d%d" or oversized:find "length closed", oversized)
    assert.equal("survived\n", hostile "broken")
    assert.equal("closed\n", idle:read "*a")
    idle:close()
    assert.equal(200, ask(service, "GET", "/healthz").status)
    local memory = tonumber(t.read("/proc/" .. service.pid .. "/status"):match "VmRSS:%s+(%d+)")
    assert.is_true(memory < 200000 or t.DMHOST:find "san" ~= nil, memory)
  end)

  it("refuses tasks that it can not write down, and goes on when it can", function()
    service = start(dir)
    local function limit(size)
      assert.equal(0, (t.shell(("prlimit --pid %s --fsize=%s:"):format(service.pid, size))))
    end
    limit(60000)
    local refused
    for i = 1, 100 do
      local id = ("%08d-0000-4000-8000-000000000000"):format(i)
      os.execute("mkdir " .. q(dir .. "/flow/" .. id))
      t.write(("%s/flow/%s/process.yaml"):format(dir, id), "dataset_path: process\nexecutor_type: datamate\n")
      local body = ask(service, "POST", ("/api/task/%s/submit"):format(id)).body
      refused = body:find "1001" and id
      if refused then break end
      assert.truthy(body:find "Success", body)
    end
    assert.truthy(refused)
    assert.equal(503, ask(service, "GET", "/healthz").status)
    limit "unlimited"
    t.wait_for("the service's health", function() return ask(service, "GET", "/healthz").status == 200 end)
    assert.truthy(ask(service, "POST", ("/api/task/%s/submit"):format(refused)).body:find "Success")
    local err = t.read(dir .. "/err")
    assert.truthy(err:find "the journal of tasks: .-\n.*the journal of tasks can be written again\n", err)
  end)

  it("says what is wrong with its own start", function()
    service = start(dir)
    local function fails(words)
      local status, _, err = t.shell(("cd %s && %s serve %s"):format(q(dir), q(t.DMHOST), words))
      assert.equal(2, status)
      return err
    end
    assert.truthy(fails("--flow flow --port 0"):find "another dmhost has the journal")
    assert.truthy(fails("--flow flow --journal j --port " .. service.port):find "Address already in use")
    assert.truthy(fails("--flow flow --journal k --ip localhost"):find "token")
    assert.truthy(fails("--flow flow --port x"):find "whole number")
  end)
end)
