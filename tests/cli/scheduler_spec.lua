-- dm.scheduler: inside this process, and in scripts that are killed.
local dm = require "dm"
local t = require "tests.support"
local wait = require "dm.wait"

local q = t.quote
local TaskScheduler = dm.scheduler.TaskScheduler

---Waits until a condition holds; fails when it never does.
local function eventually(condition, what)
  for _ = 1, 3000 do
    local v = condition()
    if v then return v end
    dm.sleep(0.01)
  end
  error("waited in vain for " .. (what or "a condition"), 2)
end

local function ends(scheduler, id)
  return assert(scheduler:wait_for_task(id, 60))
end

local function pid_in(path)
  return eventually(function() return tonumber((t.read(path) or ""):match "^(%d+)\n") end, "the process to start")
end

describe("dm.scheduler", function()
  local dir, s
  before_each(function()
    dir = t.scratch()
    s = TaskScheduler { max_concurrent = 3 }
  end)
  after_each(function()
    s:shutdown()
    t.clean()
  end)

  it("tells what became of functions and commands", function()
    s:submit("f", function(a, b) dm.sleep "10ms"; return a + b end, 40, 2)
    s:submit("nils", function(...) return select("#", ...) end, nil, nil)
    s:submit("listed", { function(a) return a end, "x", timeout = "1min" })
    s:submit("raises", function() error("oops", 0) end)
    s:submit("echo", { "echo", "hello" })
    s:submit("line", "true  --some argument")
    s:submit("shell", "echo out; echo why >&2; exit 3", { shell = true })
    s:submit("killed", { "kill -KILL $$", shell = true })
    s:submit("missing", { "/no/such/program" })
    assert.equal(42, ends(s, "f").result)
    assert.equal(2, ends(s, "nils").result)
    assert.equal("x", ends(s, "listed").result)
    local raises = ends(s, "raises")
    assert.same({ "failed", "oops" }, { raises.status, raises.error })
    assert.same({ command = { "echo", "hello" }, return_code = 0 }, ends(s, "echo").result)
    assert.equal("completed", ends(s, "line").status)
    local shell = ends(s, "shell")
    assert.same({ "failed", "exit status 3: why", 3 }, { shell.status, shell.error, shell.result.return_code })
    local killed = ends(s, "killed")
    assert.same({ "failed", "ended by signal 9", -9 }, { killed.status, killed.error, killed.result.return_code })
    assert.equal("cannot run /no/such/program: No such file or directory", ends(s, "missing").error)
    for _, r in ipairs(s:get_all_tasks()) do
      assert.is_true(r.created_at <= r.started_at and r.started_at <= r.completed_at, r.task_id)
      assert.equal(r.status == "completed" and 1 or 0, r.progress)
    end
    assert.equal(5, #s:get_tasks_by_status "completed")
    assert.same({ total = 9, pending = 0, running = 0, completed = 5, failed = 4, cancelled = 0, lost = 0,
      max_concurrent = 3 }, s:get_statistics())
    assert.is_nil(s:get_task_status "nobody")
  end)

  it("refuses what it can not run, and says why", function()
    local function refused(pattern, ...)
      local ok, why = pcall(s.submit, s, ...)
      assert.is_false(ok)
      assert.truthy(tostring(why):find(pattern), why)
    end
    refused("an?.* id is a string", 1, { "true" })
    refused("function or a command, not a nil", "x")
    refused("no command", "x", {})
    refused("shell = true", "x", "echo $HOME")
    refused('no parameter "cdw".-"cwd"', "x", { "true", cdw = "/" })
    refused("retries", "x", { "true", retries = -1 })
    refused("timeout", "x", { "true", timeout = "soon" })
    refused('no option "log"', "x", { print, log = "f" })
    refused("argument 2 of a command is a table", "x", { "echo", {} })
    assert.error_matches(function() dm.exec(nil) end, "a command is a list of arguments, or a line, not a nil")
    assert.error_matches(function() dm.run(5) end, "dm.run takes a pipeline's file, or a list, not a number")
    s:submit("x", { "sleep", "100" })
    refused("there is a task x already", "x", { "true" })
    assert.is_false(pcall(TaskScheduler, { max_concurrent = 0 }))
    assert.error_matches(function() TaskScheduler(5) end, "takes a table of options, not a number")
    assert.error_matches(function() s:get_tasks_by_status "done" end, 'there is no status "done"')
    assert.error_matches(function() s:wait_for_task("x", 0 / 0) end, "is not a time")
    assert.equal(1, s:get_statistics().total)
  end)

  it("gives a script the first 16 MiB of an output, to the byte", function()
    s:submit("loud", function()
      local ended = dm.exec { "sh", "-c", "head -c 20000000 /dev/zero" }
      return { #ended.out, ended.cut }
    end)
    assert.same({ 16 * 1024 * 1024, true }, ends(s, "loud").result)
  end)

  it("keeps its standard input when a program can not be started", function()
    local function input() return t.first_line("readlink /proc/$PPID/fd/0") end
    local before = input()
    s:submit("missing", function() dm.exec { "/no/such/program" } end)
    assert.equal("failed", ends(s, "missing").status)
    assert.equal(before, input())
  end)

  it("never runs more than it may at once", function()
    local now, most = 0, 0
    for i = 1, 20 do
      s:submit("f" .. i, function()
        now = now + 1
        most = math.max(most, now)
        if i % 2 == 0 then dm.exec { "sleep", "0.01" } else dm.sleep(0.01) end
        now = now - 1
      end)
      s:submit("c" .. i, ("mkdir %s/$$; ls %s | wc -l >>%s/../peak; rmdir %s/$$"):format(dir .. "/at", dir .. "/at",
        dir .. "/at", dir .. "/at"), { shell = true })
    end
    os.execute("mkdir " .. q(dir .. "/at"))
    for i = 1, 20 do
      assert.equal("completed", ends(s, "f" .. i).status)
      assert.equal("completed", ends(s, "c" .. i).status)
    end
    assert.is_true(most >= 1 and most <= 3)
    for _, line in ipairs(t.lines(t.read(dir .. "/peak"))) do assert.is_true(tonumber(line) <= 3) end
  end)

  it("cancels a task in every state", function()
    for i = 1, 3 do s:submit("r" .. i, { "sleep", "100" }) end
    s:submit("waits", function() error "must not run" end)
    assert.is_true(s:cancel_task "waits")
    assert.equal("cancelled", s:get_task_status("waits").status)
    eventually(function() return s:get_statistics().running == 3 end)
    for i = 1, 3 do
      assert.is_true(s:cancel_task("r" .. i))
      assert.is_true(s:cancel_task("r" .. i))
      local r = ends(s, "r" .. i)
      assert.same({ "cancelled", -15 }, { r.status, r.result.return_code })
    end
    s:submit("again", { "false", retries = 5, backoff = "1h" })
    eventually(function()
      local r = s:get_task_status "again"
      return r.status == "pending" and r.attempts == 1
    end)
    assert.is_true(s:cancel_task "again")
    assert.equal("cancelled", ends(s, "again").status)
    assert.is_false(s:cancel_task "again")
    assert.is_false(s:cancel_task "nobody")
    s:submit("fine", { "true" })
    ends(s, "fine")
    assert.is_false(s:cancel_task "fine")
    assert.equal("completed", s:get_task_status("fine").status)
  end)

  it("cancels functions where they wait, and lets go of those that will not end", function()
    local undone
    s:submit("sleeps", function()
      local ok, why = pcall(dm.sleep, 100)
      undone = not ok and tostring(why)
      error(why, 0)
    end)
    s:submit("runs", function() dm.exec { "sh", "-c", ("echo $$ >%s/pid; sleep 100"):format(dir) } end)
    s:submit("stays", { function() while true do pcall(dm.sleep, 100) end end, grace = "50ms" })
    local pid = pid_in(dir .. "/pid")
    for _, id in ipairs { "sleeps", "runs", "stays" } do
      assert.is_true(s:cancel_task(id))
      assert.equal("cancelled", ends(s, id).status)
    end
    assert.equal("cancelled", undone)
    assert.is_false(t.lives(pid))
    assert.equal("cancelled, and did not end when asked to", s:get_task_status("stays").error)
    assert.equal(0, s:get_statistics().running)
  end)

  it("ends a command's whole group: with SIGTERM, with SIGKILL what does not hear it, and what has left the group",
    function()
      local script = [[trap '' TERM; setsid sh -c 'echo $$ >%s/left; sleep 100' & echo $$ >%s/pid
        while :; do sleep 100; done]]
      s:submit("deaf", script:format(dir, dir), { shell = true, grace = "100ms" })
      local pid, left = pid_in(dir .. "/pid"), pid_in(dir .. "/left")
      s:cancel_task "deaf"
      local r = ends(s, "deaf")
      assert.same({ "cancelled", -9 }, { r.status, r.result.return_code })
      assert.is_false(t.lives(pid))
      eventually(function() return not t.lives(left) end, "what left the group to end")
      s:submit("leaves", ("sleep 100 & echo $! >%s/child"):format(dir), { shell = true })
      assert.equal("completed", ends(s, "leaves").status)
      local child = pid_in(dir .. "/child")
      eventually(function() return not t.lives(child) end, "what was left behind to end")
    end)

  it("lets a group end in its grace when its leader goes first", function()
    local script = ("sh -c 'trap \"sleep 0.3; echo saved >%s/saved; exit\" TERM; echo $$ >%s/pid; "
      .. "while :; do sleep 0.05; done' & wait"):format(dir, dir)
    s:submit("saves", script, { shell = true, grace = "60s" })
    pid_in(dir .. "/pid")
    s:cancel_task "saves"
    assert.equal("cancelled", ends(s, "saves").status)
    assert.equal("saved\n", t.read(dir .. "/saved"))
  end)

  it("holds tasks to their time", function()
    s:submit("command", { "sleep", "100", timeout = "50ms" })
    s:submit("function", { function() dm.sleep(100) end, timeout = 0.05 })
    for _, id in ipairs { "command", "function" } do
      local r = ends(s, id)
      assert.same({ "failed", "timed out" }, { r.status, r.error })
    end
  end)

  it("tries again as often as asked", function()
    local n = 0
    s:submit("third", { function() n = n + 1; if n < 3 then error "not yet" end return n end, retries = 5,
      backoff = "1ms" })
    s:submit("never", ("echo x >>%s/tries; exit 1"):format(dir), { shell = true, retries = 2, backoff = "1ms" })
    assert.same({ 3, 3 }, { ends(s, "third").result, s:get_task_status("third").attempts })
    assert.equal("failed", ends(s, "never").status)
    assert.equal("x\nx\nx\n", t.read(dir .. "/tries"))
  end)

  it("gives a command its folder, environment and log", function()
    local log = dir .. "/logs/task.log"
    local options = { shell = true, cwd = dir, env = { A = "b c", HOME = false }, log = log }
    s:submit("one", 'pwd; echo "$A ${HOME-unset}"; echo err >&2', options)
    ends(s, "one")
    assert.equal(dir .. "\nb c unset\nerr\n", t.read(log))
    for i = 1, 3 do
      options.log_backups = 2
      s:submit("again", "echo " .. i, options)
      ends(s, "again")
    end
    assert.same({ "3\n", "2\n", "1\n" }, { t.read(log), t.read(log .. ".1"), t.read(log .. ".2") })
    assert.is_nil(t.read(log .. ".3"))
    s:submit("much", "head -c 1000000 /dev/zero", { shell = true, log = log, log_size = "100KB", log_backups = 3 })
    ends(s, "much")
    for _, name in ipairs { log, log .. ".1", log .. ".2", log .. ".3" } do
      assert.is_true(#t.read(name) > 0 and #t.read(name) <= 100000, name)
    end
    assert.is_nil(t.read(log .. ".4"))
    s:submit("full", { "echo", "x", log = "/dev/full" })
    assert.equal("the log can not be written: No space left on device", ends(s, "full").error)
    s:submit("nowhere", { "echo", "x", log = "/proc/none/log" })
    assert.truthy(ends(s, "nowhere").error:find("cannot make the folder /proc/none", 1, true))
    assert.truthy(ends(s, "nowhere").status == "failed")
  end)

  it("waits as long as asked, inside and outside of tasks", function()
    s:submit("long", { "sleep", "100" })
    assert.same({ nil, "timed out" }, { s:wait_for_task("long", "20ms") })
    s:submit("short", { "sleep", "0.05" })
    s:submit("waits", function() return s:wait_for_task("short").status end)
    assert.equal("completed", ends(s, "waits").result)
    assert.same({ nil, "there is no task nobody" }, { s:wait_for_task "nobody" })
    s:submit("itself", function() s:wait_for_task "itself" end)
    assert.truthy(ends(s, "itself").error:find "its own end")
  end)

  it("says so when tasks wait for each other", function()
    s:submit("a", function() s:wait_for_task "b" end)
    s:submit("b", function() s:wait_for_task "a" end)
    local ok, why = pcall(s.wait_for_task, s, "a")
    assert.is_false(ok)
    assert.truthy(why:find "wait for each other")
  end)

  it("forgets the oldest that have ended, and holds up who submits too many", function()
    local few = TaskScheduler { max_concurrent = 2, keep_finished = 5, max_queued = 3 }
    local most = 0
    for i = 1, 50 do
      few:submit("t" .. i, function() return i end)
      most = math.max(most, few:get_statistics().pending)
    end
    few:wait_for_task "t50"
    assert.is_true(most <= 3, most)
    assert.is_true(#few:get_all_tasks() <= 5)
    assert.equal(50, few:get_statistics().completed)
    assert.is_nil(few:get_task_status "t1")
    few:submit("t50", { "true" })
    assert.equal("completed", ends(few, "t50").status)
    few:shutdown()
  end)

  describe("when who submits has to wait", function()
    local full
    before_each(function()
      full = TaskScheduler { max_concurrent = 1, max_queued = 1 }
      full:submit("runs", { "sleep", "100" })
      eventually(function() return full:get_statistics().running == 1 end)
      full:submit("waits", { "sleep", "100" })
      for _, id in ipairs { "a", "b" } do
        s:submit(id, function() return full:submit("same", { "true" }) end)
      end
      eventually(function() return #full.room == 2 end)
    end)
    after_each(function() full:shutdown() end)

    it("takes an id once", function()
      full:cancel_task "waits"
      assert.equal("completed", ends(s, "a").status)
      assert.truthy(ends(s, "b").error:find("there is a task same already, and it is pending", 1, true))
      assert.equal(3, full:get_statistics().total)
    end)
    it("takes nothing any more after shutdown", function()
      full:shutdown()
      for _, id in ipairs { "a", "b" } do
        assert.truthy(ends(s, id).error:find("the scheduler is shut down", 1, true))
      end
    end)
    it("forgets who is cancelled", function()
      s:cancel_task "a"
      assert.equal("cancelled", ends(s, "a").status)
      assert.equal(1, #full.room)
    end)
  end)

  it("tells how far a task has come", function()
    s:submit("far", function() dm.scheduler.progress(0.25); dm.sleep(100) end)
    eventually(function() return s:get_task_status("far").progress == 0.25 end)
  end)
  for _, share in ipairs { -0.1, 1.1, 0 / 0, "half" } do
    it("says what is no progress: " .. tostring(share), function()
      s:submit("far", dm.scheduler.progress, share)
      assert.equal("progress is a number from 0 to 1, not " .. tostring(share), ends(s, "far").error)
    end)
  end

  it("runs pipelines", function()
    t.write(dir .. "/in.jsonl", '{"text":"a"}\n{"text":"bb"}\n')
    t.pipeline(dir, 'operators = { { "text_length_filter", min_len = 2 } }')
    s:submit("run", function()
      local run = dm.run { dir .. "/pipeline.lua", "-i", dir .. "/in.jsonl", "-o", dir .. "/out.jsonl", "-j", "1" }
      return run.ok or run.err
    end)
    assert.is_true(ends(s, "run").result)
    assert.equal('{"text":"bb"}\n', t.read(dir .. "/out.jsonl"))
  end)

  it("cancels all with shutdown, and takes nothing more", function()
    local own = TaskScheduler { max_concurrent = 2 }
    for i = 1, 4 do own:submit("c" .. i, { "sleep", "100" }) end
    eventually(function() return own:get_statistics().running == 2 end)
    own:shutdown()
    assert.equal(4, own:get_statistics().cancelled)
    assert.is_false(pcall(own.submit, own, "x", { "true" }))
  end)

  it("leaves nothing for the loop to wait for", function()
    s:submit("x", { "true" })
    ends(s, "x")
    wait.finish()
  end)

  it("ends with its script, whatever that has waited for", function()
    local status, out, err = t.shell("timeout 100 " .. q(t.DMHOST) .. " lua -e " .. q [[
      local dm = require "dm"
      dm.exec { "true" }
      print(dm.remote("whitespace_normalization_mapper", {}, { text = "a\tb" }):await().text)
      print(dm.http.get "http://127.0.0.1:1/" == nil)]])
    assert.equal("a b\ntrue\n", out, err)
    assert.equal(0, status)
  end)
end)
