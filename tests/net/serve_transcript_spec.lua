-- Real tasks by way of `dmhost serve`, asked for as DataMate's service was when its answers were recorded.
local cjson = require "cjson"
local datamate = require "tests.datamate.support"
local service_of = require "tests.net.service"
local t = require "tests.support"
local transcript = require "tests.net.transcript"

local GOOD, BAD, LONG = "4d6b2b8e-27e2-5200-9b78-28b17b36415c", "a9317596-3221-5a70-a482-f79444fc0f83",
  "10ee3977-d155-5f23-bac4-626a618d2a6c"

---An answer without what differs from run to run: times, and the command.
local function lasting(text)
  return (text:gsub('"%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%d"', '"TIME"'):gsub('"command":%b[]', "COMMAND"))
end

local STATUS = '{"task_id":"%s","status":"%s","error":null,"created_at":"TIME","started_at":"TIME","completed_at":%s}'

---What is answered instead of what was recorded, where that was no true answer.
local DIFFERENT = {
  ["status right after submit (off Kubernetes)"] = function() return STATUS:format(GOOD, "running", "null") end,
  ["status after the end"] = function() return STATUS:format(GOOD, "completed", '"TIME"') end,
  ["list: failed task"] = function(reply, ours)
    assert.truthy(ours:find '"error":"exit status 1: [^"]+"')
    return (reply:gsub('"error":null', (ours:match '"error":"[^"]*"':gsub("%%", "%%%%"))))
  end,
  ["stop at once (process not spawned yet or just spawned)"] = function()
    return ('{"status":"Success","message":"%s has been stopped"}'):format(LONG)
  end,
  ["list after immediate stop"] = function(reply, ours) -- its end is waited for
    local code = ours:match '"return_code":(%-?%d+)'
    assert.truthy(code == "130" or code == "-15", ours) -- -15: SIGTERM came before it listened to signals
    return (reply:gsub('"status":"running"', '"status":"cancelled"'):gsub('"error":null', '"error":"cancelled"')
      :gsub('"return_code":null', '"return_code":' .. code):gsub('"completed_at":null', '"completed_at":"TIME"'))
  end,
  ["list when down"] = function(reply)
    return (reply:gsub('"error":null', '"error":"cancelled"'):gsub('"return_code":%-6', '"return_code":130'))
  end,
}

---What is in the tables instead.
local DIFFERENT_TABLES = {
  ["stop of a cancelled task"] = function(tables)
    tables.clean_result, tables["rows,distinct_src"], tables.files_rows = {}, { 0, 0 }, {}
    tables.files_out, tables.task = 0, { "STOPPED", "0" }
  end,
}

---What a task left, as the transcript has it.
local function tables_of(task)
  local results, sources, n, types = {}, {}, 0, {}
  for i, r in ipairs(task:results()) do
    results[i] = { r.status, "1", tostring(r.dest_size) }
    if not sources[r.src_file_id] then n = n + 1 end
    sources[r.src_file_id] = true
  end
  for i, r in ipairs(task:file_rows()) do types[i] = { r.file_type, i } end
  local status, after, size, count = task:ending()
  local files = 0
  for _ in pairs(task:files()) do files = files + 1 end
  return { clean_result = results, ["rows,distinct_src"] = { #results, n }, files_rows = types,
    dataset = { size, count }, task = { status, tostring(after) }, files_out = files }
end

for _, name in ipairs { "SQLite", "PostgreSQL" } do
  describe("dmhost serve, with tables in " .. name, function()
    local store, service, tasks

    setup(function() store = name == "SQLite" and datamate.sqlite or datamate.postgres() end)
    teardown(function()
      if service then service_of.stop(service) end
      datamate.stop()
      t.clean()
    end)

    local function becomes(id, status)
      service_of.eventually(service, id .. " to be " .. status, function()
        return service_of.known(service, id).status == status
      end)
    end

    ---What has to have happened before a request is made.
    local BEFORE = {
      ["list after the end (exit status 0; 1 of 2 files failed)"] = function()
        t.write(service.dir .. "/OPEN", "")
        becomes(GOOD, "completed")
        os.remove(service.dir .. "/OPEN")
      end,
      ["list: failed task"] = function() becomes(BAD, "failed") end,
      ["stop while running"] = function()
        becomes(LONG, "running")
        os.remove(service.dir .. "/RAN")
        service_of.eventually(service, "the operator to run", function() return t.read(service.dir .. "/RAN") end)
      end,
      ["list after immediate stop"] = function() becomes(LONG, "cancelled") end,
      ["list when down"] = function() becomes(LONG, "cancelled") end,
    }

    it("answers about real tasks as DataMate's service did", function()
      if store.why then pending(t.excuse(store.why)) end
      local root = t.scratch()
      service_of.add_operator(root)
      tasks = {}
      for id, given in pairs {
        [GOOD] = { process = "- WaitsMapper: {}", files = { { "a.txt", "twenty-one characters" }, { "gone.txt" } } },
        [BAD] = { process = "- NoSuchOperator: {}", files = { { "a.txt", "a" } } },
        [LONG] = { process = "- WaitsMapper: {}", files = { { "a.txt", "a" }, { "b.txt", "b" } } },
      } do
        given.instance = id
        tasks[id] = datamate.task(store, given)
        t.shell(("mkdir -p %s/flow && ln -s %s %s/flow/"):format(root, tasks[id].flow, root))
      end
      service = service_of.start(root, "-j 1", store.env)
      for _, exchange in ipairs(transcript.read "B") do
        if BEFORE[exchange.title] then BEFORE[exchange.title]() end
        local answer = service_of.ask_all(service, { exchange })[1]
        local want, ours = lasting(exchange.reply), lasting(answer.body)
        if DIFFERENT[exchange.title] then want = DIFFERENT[exchange.title](want, ours) end
        assert.same({ exchange.status, exchange.kind, want }, { answer.status, answer.headers["content-type"], ours },
          exchange.title)
        if exchange.tables then
          local id, tables = exchange[2]:match "/task/([^/]+)", cjson.decode(exchange.tables)
          tables.task[3] = nil -- the time
          if DIFFERENT_TABLES[exchange.title] then DIFFERENT_TABLES[exchange.title](tables) end
          local function has_ended() return tasks[id]:status() == tables.task[1] end
          service_of.eventually(service, "the end of " .. id, has_ended)
          assert.same(tables, tables_of(tasks[id]), exchange.title)
        end
      end
      for _, log in ipairs { "output.log", "output.log.1" } do assert.truthy(t.read(tasks[LONG].flow .. "/" .. log)) end
    end)
  end)
end
