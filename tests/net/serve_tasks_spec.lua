-- Tasks of `dmhost serve`: real ones, stopped, submitted again, and with the service killed under them.
local json = require "dm.json"
local service_of = require "tests.net.service"
local t = require "tests.support"

local q = t.quote

local function id_of(i)
  return ("00000000-0000-4000-8000-%012d"):format(i)
end

describe("a task of dmhost serve", function()
  local dir, service

  ---Makes a task of n files.
  local function task(i, n, operator)
    local id = id_of(i)
    local folder = ("%s/flow/%s"):format(dir, id)
    os.execute(("mkdir -p %s %s"):format(q(folder), q(dir .. "/source")))
    local lines = {}
    for k = 1, n do
      local path = ("%s/source/%d-%d.txt"):format(dir, i, k)
      t.write(path, "text " .. k)
      lines[k] = json.encode { fileId = ("%d-%d"):format(i, k), fileName = ("%d-%d.txt"):format(i, k), filePath = path,
        fileType = "txt", fileSize = 6, metadata = {} }
    end
    t.write(folder .. "/dataset.jsonl", table.concat(lines, "\n") .. "\n")
    t.write(folder .. "/process.yaml", ([[
dataset_id: %s
dataset_path: %s/dataset.jsonl
executor_type: datamate
export_path: %s/export-%d
instance_id: %s
process:
- %s: {}
]]):format(id_of(900 + i), folder, dir, i, id, operator or "WaitsMapper"))
    return id
  end

  -- Whether operators wait.
  local function hold() os.remove(dir .. "/OPEN") end
  local function release() t.write(dir .. "/OPEN", "") end

  before_each(function()
    dir = t.scratch()
    os.execute("mkdir " .. q(dir .. "/flow"))
    service_of.add_operator(dir)
    release()
    service = service_of.start(dir, "-j 1 --tasks 2")
  end)
  after_each(function()
    release()
    service_of.stop(service)
    t.clean()
  end)

  local function post(id, action, body)
    return json.decode(service_of.ask(service, "POST", ("/api/task/%s/%s"):format(id, action), body).body)
  end

  local function succeeds(id, action, body)
    local reply = post(id, action, body)
    assert.equal("Success", reply.status, json.encode(reply))
    assert.equal(("%s has been %s"):format(id, action == "stop" and "stopped" or "submitted"), reply.message)
  end

  ---What list and status say of a task, which must be the same.
  local function known(id)
    local answers = service_of.ask_all(service, {
      { "POST", "/api/task/list", json.encode { task_ids = { id } } }, { "GET", ("/api/task/%s/status"):format(id) },
    })
    local item, status = json.decode(answers[1].body)[1][id], json.decode(answers[2].body)
    if status.status == item.status then
      for _, key in ipairs { "task_id", "error", "created_at", "started_at", "completed_at" } do
        assert.equal(item[key], status[key], key)
      end
    end
    return item
  end

  local function ends(id, status)
    local item
    service_of.eventually(service, id .. " to end", function()
      item = known(id)
      return item.status ~= "running" and item.status ~= "pending"
    end)
    local log = t.read(("%s/flow/%s/output.log"):format(dir, id))
    assert.equal(status, item.status, json.encode(item) .. "\n" .. (log or "no log"))
    return item
  end

  ---Waits until an operator of a task runs.
  local function runs()
    service_of.eventually(service, "the operator to run", function() return t.read(dir .. "/RAN") end)
  end

  ---Processes that the service started, or that those did.
  local function processes()
    local _, out = t.bash(([[for p in /proc/[0-9]*; do
      [ "$(readlink $p/cwd 2>/dev/null)" = %s ] && [ ${p#/proc/} != %s ] && tr '\0' '\n' <$p/environ 2>/dev/null |
        grep -q ^DMHOST_TASK= && ! grep -q ') [ZX]' $p/stat && tr '\0' ' ' <$p/cmdline
    done; true]]):format(q(dir), service.pid))
    return out
  end

  local function exported(i)
    local _, out = t.shell(("cat %s/export-%d/*.txt 2>/dev/null | sort; ls %s/export-%d | wc -l"):format(q(dir), i,
      q(dir), i))
    return out
  end

  it("runs, and says how it ended", function()
    local good, bad = task(1, 2), task(2, 1, "NoSuchOperator")
    succeeds(good, "submit", '{"retry_count": 0}')
    succeeds(bad, "submit")
    local item = ends(good, "completed")
    assert.equal(0, item.result.return_code)
    assert.truthy(item.created_at:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%d$")
    assert.is_true(item.created_at <= item.started_at and item.started_at <= item.completed_at)
    assert.equal("text 1!text 2!2\n", (exported(1):gsub("\n", "", 1)):gsub("!\n", "!"))
    item = ends(bad, "failed")
    assert.is_true(item.result.return_code > 0)
    assert.truthy(item.error:find "^exit status %d")
    assert.truthy(t.read(("%s/flow/%s/output.log"):format(dir, bad)):find "NoSuchOperator")
    assert.equal(1002, post(good, "stop").code)
    assert.equal(1002, post(bad, "stop").code)
  end)

  it("stops when asked to, at once, while it runs and while it waits", function()
    hold()
    local ids = {}
    for i = 1, 3 do
      ids[i] = task(i, 1)
      succeeds(ids[i], "submit")
    end
    assert.equal("pending", known(ids[3]).status)
    succeeds(ids[3], "stop")
    assert.equal("cancelled", known(ids[3]).status)
    succeeds(ids[2], "stop")
    runs()
    succeeds(ids[1], "stop")
    assert.equal("running", known(ids[1]).status)
    succeeds(ids[1], "stop")
    for i = 1, 2 do
      ends(ids[i], "cancelled")
      assert.equal(1002, post(ids[i], "stop").code)
    end
    assert.equal("", processes())
  end)

  it("can be submitted again: while it runs, while it stops, and afterwards", function()
    hold()
    local id = task(1, 3)
    succeeds(id, "submit")
    runs()
    succeeds(id, "submit", '{"retry_count": 1}')
    assert.is_nil(t.read(("%s/flow/%s/output.log.1"):format(dir, id)))
    succeeds(id, "stop")
    succeeds(id, "submit", '{"retry_count": 2}')
    assert.equal("pending", known(id).status)
    release()
    ends(id, "completed")
    assert.truthy(t.read(("%s/flow/%s/output.log.2"):format(dir, id)))
    succeeds(id, "submit", '{"retry_count": 1}')
    ends(id, "completed")
    local text = exported(1)
    assert.truthy(text:find "3\n$", text)
  end)

  it("goes on after the service was killed, and leaves no process", function()
    hold()
    local first, second, third = task(1, 2), task(2, 2), task(3, 2)
    for _, id in ipairs { first, second, third } do succeeds(id, "submit") end
    runs()
    service_of.stop(service, "KILL")
    service_of.eventually(service, "its processes to end", function() return processes() == "" end)
    service = service_of.start(dir, "-j 1 --tasks 2")
    assert.equal("pending", known(third).status)
    release()
    for i, id in ipairs { first, second, third } do
      ends(id, "completed")
      assert.truthy(exported(i):find "2\n$")
    end
  end)

  it("is stopped with the service, and goes on with the next one", function()
    hold()
    local id = task(1, 2)
    succeeds(id, "submit")
    runs()
    service_of.stop(service)
    assert.equal("", processes())
    service = service_of.start(dir, "-j 1")
    release()
    ends(id, "completed")
    assert.truthy(exported(1):find "2\n$")
  end)
end)
