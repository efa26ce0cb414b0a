-- Tasks of DataMate whatever dies and however often they are submitted: every file has one row and at most one file,
-- and the status is true.
local datamate = require "tests.datamate.support"
local t = require "tests.support"

local PROCESS = "- UnicodeSpaceCleaner: {}\n- ExtraSpaceCleaner: {}"

---A user's operator whose body sees the text `s` of each file.
local function operator(task, body)
  t.shell("mkdir -p " .. task.root .. "/ops")
  t.write(task.root .. "/ops/harm.lua", ([[
    local ffi = require "ffi"
    pcall(ffi.cdef, "int kill(int pid, int sig);")
    local Harm = require("dm.base_op").Mapper:extend { name = "harm", summary = "Does harm." }
    function Harm:execute(sample)
      local s = self:get_text(sample)
      local function once(name) -- the first of all processes that asks
        local marker = io.open("%s/" .. name, "r")
        if marker then marker:close() return false end
        io.open("%s/" .. name, "w"):close()
        return true
      end
      local function gate() -- waits while files of that number are not let through
        local n = tonumber(s:match "%%d+")
        while true do
          local file = assert(io.open("%s/gate", "r"))
          local most = file:read "*n" or 0
          file:close()
          if n <= most then return end
          require("ffi").C.dm_pause(20)
        end
      end
      %s
    end
    return Harm]]):format(task.root, task.root, task.root, body))
  return "--ops " .. task.root .. "/ops -q"
end

---@param n integer
---@param text (fun(i: integer): string)?
local function files(n, text)
  local list = {}
  for i = 1, n do list[i] = { ("f%04d.txt"):format(i), text and text(i) or ("text  of   file %d"):format(i) } end
  return list
end

---How many files of the export folder have their names.
local function exported(task)
  local _, out = t.shell(("ls %s 2>/dev/null | wc -l"):format(task.dest))
  return tonumber(out)
end

---Lets files through the gate of an operator, up to one of that number.
local function open_gate(task, number)
  t.write(task.root .. "/gate.new", tostring(number))
  assert(os.rename(task.root .. "/gate.new", task.root .. "/gate"))
end

---Waits for the end of what begin() started.
---@return integer exit status
local function ended(task)
  local _, rc = t.bash(("cd %s; await test -s rc; cat rc; rm rc"):format(task.root))
  return tonumber(rc)
end

---Starts the task in the background, and waits until more files are exported, or a condition of bash is true.
---@return fun(signal: string) sends it a signal
local function begin(task, options, condition)
  condition = condition or ("shopt -s nullglob; all=(%s/*); [ ${#all[@]} -gt %d ]"):format(task.dest, exported(task))
  os.remove(task.root .. "/pid") -- of the run before
  t.shell(("( %s setsid %s run %s %s/process.yaml & p=$!; echo $p >%s/pid; wait $p; echo $? >%s/rc ) >%s/log 2>&1 &")
    :format(task.store.env, t.DMHOST, options, task.flow, task.root, task.root, task.root))
  local status = t.bash(("await eval 'kill -0 -- -$(cat %s/pid)'; await eval %s"):format(task.root, t.quote(condition)))
  assert.equal(0, status, t.read(task.root .. "/log"))
  return function(signal)
    local group = signal == "KILL" and "-" or ""
    assert.equal(0, (t.shell(("/bin/kill -s %s -- %s$(cat %s/pid)"):format(signal, group, task.root))))
  end
end

local HARM = "- harm: {}\n- ExtraSpaceCleaner: {}"

for _, name in ipairs { "SQLite", "PostgreSQL" } do
  describe("a task of DataMate with " .. name, function()
    local store

    setup(function() store = name == "SQLite" and datamate.sqlite or datamate.postgres() end)
    teardown(function()
      datamate.stop()
      t.clean()
    end)

    ---@return dm.TestTask
    local function make(given)
      if store.why then pending(t.excuse(store.why)) end
      given.process = given.process or PROCESS
      return datamate.task(store, given)
    end

    it("that is submitted again leaves what is finished and tries what failed", function()
      local task = make { files = { { "a.txt", "a  a" }, { "gone.txt" }, { "b.txt", "b  b" } } }
      assert.equal(0, (task:run()))
      assert.equal("PARTIAL_SUCCESS", (task:ending()))
      local first = task:results()
      assert.equal(0, (task:run()))
      task:assert_once(3)
      assert.equal("PARTIAL_SUCCESS", (task:ending()))
      assert.equal(first[1].dest_file_id, task:results()[1].dest_file_id)
      t.write(task.root .. "/src/2", "found  again")
      assert.equal(0, (task:run()))
      task:assert_once(3)
      assert.same({ "COMPLETED", 17, 17, 3 }, { task:ending() })
      assert.equal("found again", task:files()["gone.txt"][1])
    end)

    it("whose dataset the back end wrote anew, without what is finished", function()
      local task = make { files = { { "a.txt", "a  a" }, { "gone.txt" }, { "b.txt", "b  b" } } }
      assert.equal(0, (task:run()))
      local rest = t.read(task.flow .. "/dataset.jsonl"):match "[^\n]*gone[^\n]*\n"
      t.write(task.flow .. "/dataset.jsonl", rest)
      t.write(task.root .. "/src/2", "found")
      assert.equal(0, (task:run()))
      task:assert_once(3)
      assert.equal("COMPLETED", (task:ending()))
    end)

    it("whose worker is killed", function()
      local task = make { process = HARM, files = files(300) }
      local options = operator(task, [[
        if s:find "file 150$" and once "killed" then ffi.C.kill(require("ffi").C.getpid(), 9) end]])
      assert.equal(0, (task:run(options .. " -j 2")))
      assert.truthy(t.read(task.root .. "/killed"))
      task:assert_once(300)
      assert.equal("COMPLETED", (task:ending()))
    end)

    it("that is killed again and again", function()
      local task = make { process = HARM, files = files(600) }
      local options = operator(task, "gate()")
      for round = 1, 3 do
        open_gate(task, round * 150)
        begin(task, options .. " -j 2") "KILL"
        ended(task)
      end
      open_gate(task, 600)
      local status, _, message = task:run(options)
      assert.equal(0, status, message)
      task:assert_once(600)
      assert.equal("COMPLETED", (task:ending()))
      local exported_files = task:files()
      for i = 1, 600 do assert.equal("text of file " .. i, exported_files[("f%04d.txt"):format(i)][1]) end
      local _, hidden = t.shell("ls -A " .. task.dest .. " | grep '^[.]'")
      assert.equal("", hidden)
    end)

    it("that is killed while twins are looked for", function()
      local task = make { process = "- harm: {}\n- DuplicateFilesFilter: {}",
        files = files(300, function(i) return ("file %d. one. two. three. four. number %d"):format(i, i - i % 2) end) }
      local options = operator(task, "gate()")
      open_gate(task, 200)
      begin(task, options .. " -j 2", ("[ -s %s/.dmhost/twins-1/journal ]"):format(task.flow)) "KILL"
      ended(task)
      open_gate(task, 300)
      assert.equal(0, (task:run(options)))
      task:assert_once(300)
      assert.truthy(task:files()["f0001.txt"])
      assert.equal("COMPLETED", (task:ending()))
    end)

    it("that is stopped, and submitted again", function()
      local task = make { process = HARM, files = files(600) }
      local options = operator(task, "gate()")
      open_gate(task, 150)
      local send = begin(task, options .. " -j 2")
      assert.equal("RUNNING", (task:ending()))
      send "TERM"
      t.bash(("await grep stopping %s/log"):format(task.root))
      open_gate(task, 600)
      assert.equal(130, ended(task))
      assert.equal("STOPPED", (task:ending()))
      assert.equal(0, (task:run(options)))
      task:assert_once(600)
      assert.equal("COMPLETED", (task:ending()))
    end)

    it("that runs is not run a second time", function()
      local task = make { process = HARM, files = files(300) }
      local options = operator(task, "gate()")
      open_gate(task, 150)
      begin(task, options .. " -j 2")
      local status, _, message = task:run(options)
      assert.equal(2, status)
      assert.truthy(message:find "another run", message)
      assert.equal("RUNNING", (task:ending()))
      open_gate(task, 300)
      assert.equal(0, ended(task))
      task:assert_once(300)
    end)

    it("keeps names in the export folder, apart, and long ones off", function()
      local task = make { files = { { "../out.txt", "1" }, { "sub/dir/x.txt", "2" }, { "x.txt", "3" }, { "x.md", "4" },
        { "..", "5", type = "txt" }, { ("n"):rep(300) .. ".txt", "6" }, { "/etc/passwd", "7", type = "txt" },
        { "x_1.txt", "8" } } }
      t.shell("mkdir " .. task.dest)
      t.write(task.dest .. "/passwd.txt", "was here")
      assert.equal(0, (task:run()))
      local got = {}
      for path, file in pairs(task:files()) do got[path] = file[1] end
      assert.same({ ["out.txt"] = "1", ["x.txt"] = "2", ["x_1.txt"] = "3", ["x_2.txt"] = "4", ["...txt"] = "5",
        ["passwd_1.txt"] = "7", ["passwd.txt"] = "was here", ["x_1_1.txt"] = "8" }, got)
      assert.equal("ops.0012", task:results()[6].result.error_code)
      local _, left = t.shell("ls -A " .. task.root .. " | tr '\\n' ' '")
      assert.equal("dest flow src ", left)
    end)

    it("with a row that is broken", function()
      local task = make { files = { { "a.txt", "a" }, { "b.txt", "b" } } }
      local rows = t.lines(t.read(task.flow .. "/dataset.jsonl"))
      t.write(task.flow .. "/dataset.jsonl", rows[1] .. '\n{"fileId": "broken\n\n' .. rows[2] .. "\n")
      assert.equal(0, (task:run()))
      task:assert_once(2)
      assert.equal("PARTIAL_SUCCESS", (task:ending()))
    end)

    it("whose process.yaml makes no pipeline", function()
      local task = make { files = files(2), process = "- ExtraSpaceCleaner: [1]" }
      assert.equal(2, (task:run()))
      if name == "PostgreSQL" then assert.equal("FAILED", (task:ending())) end
      t.write(task.flow .. "/process.yaml", (t.read(task.flow .. "/process.yaml"):gsub("%[1%]", "{}")))
      assert.equal(0, (task:run()))
      assert.equal("COMPLETED", (task:ending()))
    end)

    it("is tried, checked and explained as any pipeline is", function()
      local task = make { files = { { "a.txt", "a  a" }, { "gone.txt" } } }
      local status, out = t.dmhost(("try %s/process.yaml --json"):format(task.flow))
      assert.equal(0, status)
      assert.truthy(out:find('"outcome":"kept"', 1, true) and out:find('"outcome":"rejected"', 1, true), out)
      assert.equal(0, exported(task))
      status, out = t.dmhost(("check %s/process.yaml"):format(task.flow))
      assert.equal(0, status, out)
      assert.equal(0, (task:run()))
      status, out = t.dmhost(("explain %s/.dmhost %s/dataset.jsonl@0"):format(task.flow, task.flow))
      assert.equal(0, status)
      assert.truthy(out:find("ExtraSpaceCleaner", 1, true), out)
    end)

    it("whose file crashes the process", function()
      local task = make { process = HARM, files = files(50) }
      local options = operator(task, [[if s:find "file 7$" then ffi.cast("int *", 1)[0] = 1 end]])
      assert.equal(0, (task:run(options)))
      task:assert_once(50)
      assert.equal("PARTIAL_SUCCESS", (task:ending()))
      assert.equal("FAILED", task:results()[7].status)
      assert.equal("harm", task:results()[7].result.op_name)
    end)

    it("reads documents by the command that DMHOST_READER names", function()
      local task = make { files = { { "a.docx", "bytes" }, { "b.txt", "b" } } }
      assert.equal(0, (task:run()))
      assert.truthy(task:results()[1].result.reason:find("DMHOST_READER", 1, true))
      assert.equal(0, (t.shell(("DMHOST_READER='printf \"read  %%s\"' %s %s run -q %s/process.yaml"):format(store.env,
        t.DMHOST, task.flow))))
      task:assert_once(2)
      assert.truthy(task:files()["a.txt"][1]:find "^read /.*/src/1$")
      assert.equal("COMPLETED", (task:ending()))
      task = make { files = { { "it's.docx", "bytes" }, { "bad.pdf", "b" } } }
      local script = 'python3 -c "import sys\nif sys.argv[1][-1] == str(2): sys.exit(7)\nprint(1, end=str())"'
      assert.equal(0, (t.shell(("DMHOST_READER=%s %s %s run -q %s/process.yaml"):format(t.quote(script), store.env,
        t.DMHOST, task.flow))))
      assert.equal("1", task:files()["it's.txt"][1])
      assert.truthy(task:results()[2].result.reason:find("ended with status 7", 1, true))
    end)

    it("on a disk that is full", function()
      local task = make { files = files(200, function(i) return ("%d "):format(i):rep(2000) end) }
      t.shell("mkdir " .. task.dest)
      if t.shell(("mount -t tmpfs -o size=512k none %s 2>/dev/null"):format(task.dest)) ~= 0 then
        pending(t.excuse "mount of a small file system is not allowed")
      end
      local status, _, message = task:run()
      local ending = task:ending()
      t.shell(("mount -o remount,size=16m %s"):format(task.dest))
      local again = task:run()
      local ok, why = pcall(task.assert_once, task, 200)
      local last = task:ending()
      t.shell("umount " .. task.dest)
      assert.equal(1, status)
      assert.truthy(message:find "No space left", message)
      assert.equal("FAILED", ending)
      assert.equal(0, again)
      assert.is_true(ok, tostring(why))
      assert.equal("COMPLETED", last)
    end)

    if name == "PostgreSQL" then
      it("whose database is restarted under it", function()
        local task = make { process = HARM, files = files(300) }
        local options = operator(task, "gate()")
        open_gate(task, 150)
        begin(task, options .. " -j 2")
        datamate.stop_server "immediate"
        datamate.start_server()
        open_gate(task, 300)
        assert.equal(0, ended(task), t.read(task.root .. "/log"))
        task:assert_once(300)
        assert.equal("COMPLETED", (task:ending()))
      end)

      it("whose database is gone", function()
        local task = make { process = HARM, files = files(300) }
        local options = operator(task, "gate()")
        open_gate(task, 150)
        begin(task, options .. " -j 2")
        datamate.stop_server "immediate"
        open_gate(task, 300)
        assert.equal(1, ended(task))
        datamate.start_server()
        assert.equal(0, (task:run(options)))
        task:assert_once(300)
        assert.equal("COMPLETED", (task:ending()))
      end)

      it("whose data set has no row", function()
        local task = make { files = files(2) }
        store:query("", ("DELETE FROM t_dm_datasets WHERE id = '%s'"):format(task.dataset))
        local status, _, message = task:run()
        assert.equal(1, status)
        assert.truthy(message:find("t_dm_datasets has no row", 1, true))
        assert.equal(0, exported(task))
        assert.equal(0, #task:results())
      end)
    end
  end)
end
