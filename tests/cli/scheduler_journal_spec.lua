-- The journal of dm.scheduler: what a host that was killed leaves behind, and what the next one makes of it.
local t = require "tests.support"

local q = t.quote

-- Commands that say that they began and ended, functions, and a host that tells what it has submitted, and dies behind
-- the task of a number.
local HOST = [[
local dm = require "dm"
local s = dm.scheduler.TaskScheduler { max_concurrent = 4, journal = "tasks.sqlite" }
for i = 1, 30 do
  local id = "t" .. i
  local script = ("echo b >>%s.begun; sleep 0.0%d; echo e >>%s.ended"):format(id, i % 7, id)
  if i % 5 == 0 then
    s:submit(id, function() dm.sleep(0.01); return i end)
  else
    s:submit(id, script, { shell = true, resume = i % 3 == 0, log = id .. ".log" })
  end
  dm.sleep(0.001)
  io.stdout:write(id, "\n")
  io.stdout:flush()
  if i == tonumber(arg[1]) then require("ffi").C.dm_loop_die(9) end
end
]]

-- The next host: waits for what goes on, and tells of all tasks.
local NEXT = [[
local json = require "dm.json"
local s = require("dm").scheduler.TaskScheduler { journal = "tasks.sqlite" }
for _, r in ipairs(s:get_all_tasks()) do s:wait_for_task(r.task_id) end
for _, r in ipairs(s:get_all_tasks()) do print(json.encode(r)) end
]]

-- Tells of processes of tasks that are left, though they had time to end.
local LEFT = [[
left() {
  for environ in $(grep -lzx "MARK=$MARK" /proc/[0-9]*/environ 2>/dev/null); do
    grep -qz ^DMHOST_TASK= $environ && cat ${environ%environ}stat
  done 2>/dev/null
}
for i in {1..600}; do [ -z "$(left)" ] && exit; nap 0.05; done
left]]

describe("the journal of dm.scheduler", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/host.lua", HOST)
    t.write(dir .. "/next.lua", NEXT)
  end)
  after_each(t.clean)

  local function in_dir(command)
    return t.bash(("cd %s; export MARK=%s; %s"):format(q(dir), q(dir), command))
  end

  ---The tasks that the next host knows, by id.
  local function known()
    local status, out, err = in_dir(t.DMHOST .. " lua next.lua")
    assert.equal(0, status, err)
    local list = {}
    for _, line in ipairs(t.lines(out)) do
      local r = require("dm.json").decode(line)
      list[r.task_id] = r
    end
    return list
  end

  local function count(path)
    return #t.lines(t.read(dir .. "/" .. path) or "")
  end

  ---Checks a task against the marks that it left.
  local function check(i, r)
    local id = "t" .. i
    local begun, ended = count(id .. ".begun"), count(id .. ".ended")
    local what = ("%s: %s, began %d times, ended %d times"):format(id, require("dm.json").encode(r), begun, ended)
    if i % 5 == 0 then
      assert.is_true(r.status == "completed" and r.result == i or r.status == "failed" and r.lost, what)
      return
    end
    if r.lost then
      assert.is_true(i % 3 ~= 0 and begun <= 1 and r.status == "failed" and r.error:find "lost" ~= nil, what)
    else
      assert.is_true(r.status == "completed" and ended >= 1 and r.result.return_code == 0, what)
      assert.is_true(begun == 1 or i % 3 == 0 and r.resumed, what)
    end
  end

  it("has every task that was submitted, whenever its host is killed", function()
    local lost, resumed = 0, 0
    for round = 1, 12 do
      in_dir "rm -f t* *.sqlite*"
      local words, delay = round % 2 == 0 and tostring(round * 2) or "", 0.02 + (round * 7919 % 100) / 400
      in_dir(("%s lua host.lua %s >told & pid=$!; %s wait $pid"):format(t.DMHOST, words,
        words == "" and ("sleep %.3f; kill -9 $pid;"):format(delay) or ""))
      local told = t.lines(t.read(dir .. "/told"))
      local list = known()
      for _, id in ipairs(told) do assert.truthy(list[id], id .. " is gone") end
      for id, r in pairs(list) do
        check(tonumber(id:match "%d+"), r)
        lost, resumed = lost + (r.lost and 1 or 0), resumed + (r.resumed and 1 or 0)
      end
      local _, left = in_dir(LEFT)
      assert.equal("", left)
    end
    assert.is_true(lost > 0 and resumed > 0, ("%d lost, %d resumed"):format(lost, resumed))
  end)

  it("ends processes that outlive their host and have left its reach", function()
    t.write(dir .. "/deep.lua", [[
      local s = dm.scheduler.TaskScheduler { journal = "tasks.sqlite" }
      s:submit("deep", "setsid sh -c 'echo $$ >pid; sleep 100' & sleep 100", { shell = true })
      dm.sleep(100)]])
    in_dir(t.DMHOST .. " lua deep.lua & await test -s pid; kill -9 $!")
    local pid = t.read(dir .. "/pid"):match "%d+"
    assert.truthy(t.read("/proc/" .. pid .. "/stat"))
    local list = known()
    assert.is_true(list.deep.lost)
    local _, out = in_dir(("for i in {1..500}; do grep -q ') [^ZX]' /proc/%s/stat 2>/dev/null || exit; nap 0.01; "
      .. "done; echo alive"):format(pid))
    assert.equal("", out)
  end)

  it("ends with its tasks when it is asked to", function()
    t.write(dir .. "/asked.lua", [[
      local s = dm.scheduler.TaskScheduler { journal = "tasks.sqlite", max_concurrent = 2 }
      s:submit("saves", "trap 'echo saved >saved; exit' TERM; echo >begun; while :; do sleep 0.01; done",
        { shell = true, grace = "60s" })
      s:submit("stays", "trap '' TERM; echo $$ >pid; while :; do sleep 0.1; done", { shell = true, grace = "100ms",
        resume = false })
      s:submit("waits", { "touch", "ran" })
      dm.sleep(100)]])
    local status = in_dir(t.DMHOST .. " lua asked.lua & await test -s pid; await test -e begun; "
      .. "kill $!; wait $!")
    assert.equal(128 + 15, status)
    assert.equal("saved\n", t.read(dir .. "/saved"))
    assert.is_false(t.lives(t.read(dir .. "/pid"):match "%d+"))
    assert.is_nil(t.read(dir .. "/ran"))
    local list = known()
    assert.is_true(list.saves.lost and list.stays.lost)
    assert.is_true(list.waits.resumed and list.waits.status == "completed")
    assert.truthy(t.read(dir .. "/ran"))
  end)

  -- Runs a host that computes while its task runs, and sends it SIGTERM then, once or twice.
  local function asked_while_it_computes(then_what, signals)
    t.write(dir .. "/busy.lua", [[
      local s = dm.scheduler.TaskScheduler {}
      s:submit("saves", "trap 'echo saved >saved; exit' TERM; echo >begun; while :; do sleep 0.01; done",
        { shell = true, grace = "60s" })
      repeat dm.sleep(0.01) until io.open "begun"
      io.open("computes", "w"):close()
      repeat until io.open "told"
      ]] .. then_what)
    return in_dir(t.DMHOST .. " lua busy.lua & await test -e computes; "
      .. signals .. "; wait $!")
  end

  it("ends with its tasks when it was asked to while it computed", function()
    assert.equal(128 + 15, asked_while_it_computes("dm.sleep(100)", "kill $!; touch told"))
    assert.equal("saved\n", t.read(dir .. "/saved"))
  end)

  it("ends at once when it computes on and is asked again", function()
    assert.equal(128 + 15, asked_while_it_computes('io.open("on", "w"):close() while true do end',
      "kill $!; touch told; await test -e on; kill $!"))
    assert.truthy(t.read(dir .. "/on")) -- the first did not end it
    assert.is_nil(t.read(dir .. "/saved"))
  end)

  it("remembers what has ended, and takes a task that goes on for the same one", function()
    t.write(dir .. "/one.lua", [[
      local s = dm.scheduler.TaskScheduler { journal = "tasks.sqlite", max_concurrent = 1, keep_finished = 2 }
      for i = 1, 4 do s:submit("f" .. i, function() return { i } end) end
      s:wait_for_task "f4"
      s:submit("print", function() return print end)
      s:submit("blocks", { "sleep", "100" })
      s:submit("goes on", { "sh", "-c", "echo x >>once", cwd = ".", retries = 1 })
      dm.sleep(0.05)
      require("ffi").C.dm_loop_die(9)]])
    in_dir(t.DMHOST .. " lua one.lua")
    t.write(dir .. "/two.lua", [[
      local s = dm.scheduler.TaskScheduler { journal = "tasks.sqlite" }
      s:submit("goes on", { "sh", "-c", "echo x >>once", cwd = ".", retries = 1 })
      assert(not pcall(s.submit, s, "goes on", { "sh", "-c", "echo x >>once" }))
      s:wait_for_task "goes on"
      s:submit("f4", function() return "new" end)
      s:wait_for_task "f4"]])
    local status, _, err = in_dir(t.DMHOST .. " lua two.lua")
    assert.equal(0, status, err)
    local list = known()
    assert.equal("x\n", t.read(dir .. "/once"))
    assert.equal("new", list.f4.result)
    assert.is_nil(list.f1)
    assert.equal("completed", list.print.status)
  end)

  it("is one host's at a time, and nothing else", function()
    t.write(dir .. "/first.lua",
      'dm.scheduler.TaskScheduler { journal = "j" }\nio.open("up", "w"):close() dm.sleep(100)')
    local status, _, err = in_dir(t.DMHOST .. " lua first.lua & await test -e up; " .. t.DMHOST
      .. " lua -e 'dm.scheduler.TaskScheduler { journal = \"j\" }'; s=$?; kill -9 $!; exit $s")
    assert.equal(1, status)
    assert.truthy(err:find("another dmhost has the journal of tasks j", 1, true), err)
    t.write(dir .. "/text", ("not a database\n"):rep(100))
    status, _, err = in_dir(t.DMHOST .. " lua -e 'dm.scheduler.TaskScheduler { journal = \"text\" }'")
    assert.equal(1, status)
    assert.truthy(err:find("text is not a journal of tasks", 1, true), err)
  end)
end)
