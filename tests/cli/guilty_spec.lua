-- Rows that do harm: exactly they stand in the rejects, with operator and reason, and nothing else is lost.
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

describe("dmhost run survives", function()
  local dir, corpus
  setup(function() corpus = t.corpus(6000, 11) end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus)
  end)
  after_each(function()
    servers.stop()
    t.clean()
  end)

  local function prepare(operators, more)
    t.pipeline(dir, ('input = %q, output = %q, split_size = "64KiB", operators = { %s }, %s'):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", operators, more or ""))
  end

  local function run(words)
    return t.dmhost(("run %s/pipeline.lua %s"):format(q(dir), words or ""))
  end

  -- The rows with these ids are the guilty ones.
  local GUILTY = { [700] = true, [4000] = true }

  local function blames(body, more, pattern)
    prepare(("dm.map(function(s) if s.id == 700 or s.id == 4000 then %s end s.seen = true end)"):format(body), more)
    local status = run "-j 2 -q"
    assert.equal(3, status)
    local want = {}
    for i, line in ipairs(t.lines(corpus)) do
      if not GUILTY[i] then want[#want + 1] = line:sub(1, -2) .. ',"seen":true}\n' end
    end
    assert.is_true(t.read(dir .. "/out.jsonl") == table.concat(want))
    local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
    assert.equal(2, #rejects)
    for _, reject in ipairs(rejects) do
      assert.truthy(reject.reason:find(pattern), reject.reason)
      assert.truthy(reject.op:find "^map@pipeline.lua")
      assert.is_true(GUILTY[tonumber(reject.input:match '"id": (%d+)')])
    end
    local counts = t.receipt(dir .. "/out.jsonl.run").operators[1]
    assert.equal(6000, counts["in"])
    assert.equal(2, counts.rejected)
    assert.equal(5998, counts.out)
  end

  it("an operator that raises", function()
    blames('error("no such luck")', "", "pipeline.lua:%d+: no such luck")
  end)
  it("an operator that loops for ever in compiled code", function()
    blames("while true do end", 'limits = { row_time = "150ms" }', "row_time")
  end)
  it("an operator that allocates without end", function()
    blames("local l = {} while true do l[#l + 1] = { #l } end", 'limits = { memory = "100MiB" }', "memory")
  end)
  it("an operator that allocates one huge string", function()
    blames('local x = ("x"):rep(1e9)', 'limits = { memory = "100MiB" }', "memory")
  end)
  it("an operator that segfaults through FFI", function()
    blames('require("ffi").cast("int *", 8)[0] = 1', "", "Segmentation fault")
  end)
  it("an operator that calls abort", function()
    blames('local f = require "ffi" pcall(f.cdef, "void abort(void);") f.C.abort()', "", "Aborted")
  end)

  it("an operator that closes all descriptors", function()
    blames('local f = require "ffi" pcall(f.cdef, "int close(int);") for fd = 3, 100 do f.C.close(fd) end', "",
      "^closed descriptors that the worker works with$")
  end)
  it("an operator that closes the worker's channel, and opens a file in its place", function()
    blames('local f = require "ffi" pcall(f.cdef, "int close(int);") f.C.close(3) kept = io.open("/dev/null", "w")', "",
      "^closed descriptors that the worker works with$")
  end)

  it("an operator that closes standard output and error, in whose place files of output were opened", function()
    for _, fds in ipairs { "1", "2", "1, 2" } do
      blames(([[local f = require "ffi"
        pcall(f.cdef, "int close(int);")
        for _, fd in ipairs { %s } do f.C.close(fd) end
        print "printed"]]):format(fds), "", "^closed descriptors that the worker works with$")
      os.execute(("rm -r %s/out.jsonl*"):format(q(dir)))
    end
  end)
  it("an operator that closes them while rows take long", function()
    prepare([[dm.map(function(s)
      local C = require "ffi".C
      if s.id == 3 then pcall(require "ffi".cdef, "int close(int);") for fd = 3, 100 do C.close(fd) end end
      if s.id >= 3 and s.id <= 5 then C.dm_pause(700) end -- longer in all than dmhost waits for its end
    end)]])
    t.write(dir .. "/in.jsonl", ('{"id":1}\n{"id":2}\n{"id":3}\n{"id":4}\n{"id":5}\n{"id":6}\n{"id":7}\n'))
    assert.equal(3, (run "-j 1 -q"))
    local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
    assert.same({ 1, '{"id":3}' }, { #rejects, rejects[1].input })
  end)
  -- Nobody is left there to go on, but the run can be resumed.
  local ABORTED = 134 -- by libuv, where a thread of its own is the first to find them closed
  local CLOSE = [[
    pcall(require "ffi".cdef, "int close(int);")
    for fd = 3, 100 do require "ffi".C.close(fd) end]]

  it("an operator that closes all descriptors with -j 0, in so far as it says which row did it", function()
    prepare(("dm.map(function(s) if s.id == 4000 then %s end s.seen = true end)"):format(CLOSE))
    local status, _, err = run "-j 0 -q"
    local at = corpus:find('{"id": 4000,', 1, true) - 1
    if status ~= ABORTED then
      assert.equal(1, status)
      assert.equal(([[
dmhost: %s/in.jsonl@%d: map@pipeline.lua:3: the worker found descriptors closed that it works with
  next    close only what the operator has opened; `--resume -j 1` rejects such a row, and goes on
]]):format(dir, at), err)
    end
    assert.equal(3, (run "-j 1 -q --resume"))
    assert.equal(6000, #t.lines(t.read(dir .. "/out.jsonl")) + 1)
    local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
    assert.same({ 1, 4000 }, { #rejects, tonumber(rejects[1].input:match '"id": (%d+)') })
  end)
  it("no operator that closes any of them as it is made, but says which", function()
    prepare "{ 'closer' }"
    t.bash(("mkdir %s/ops"):format(q(dir)))
    t.write(dir .. "/ops/closer.lua", [[
      local Mapper = require("dm.base_op").Mapper
      local Closer = Mapper:extend { name = "closer", params = { { "fd", "integer", doc = "which" } } }
      function Closer:init()
        pcall(require "ffi".cdef, "int close(int);")
        require "ffi".C.close(self.fd)
      end
      function Closer:execute(sample) sample.seen = true end
      return Closer]])
    for _, words in ipairs { "-j 0", "-j 1" } do
      for fd = 1, 11 do
        local status, _, err = run(("%s --force --ops %s/ops --set closer.fd=%d"):format(words, q(dir), fd))
        assert.equal(2, status, words .. " " .. fd .. err)
        assert.truthy(err:find('dmhost: operator 1, "closer", can not be made: it closes descriptors that are not its '
          .. "own\n  next    close only what the operator has opened", 1, true), err)
      end
      assert.equal(0, (run(("%s --force --ops %s/ops --set closer.fd=40"):format(words, q(dir)))))
    end
  end)

  it("rows that end their worker in company, not by themselves", function()
    prepare([[dm.map(function(s)
      rawset(_G, "seen", (rawget(_G, "seen") or 0) + 1)
      if rawget(_G, "seen") == 2 then require "ffi".copy(require "ffi".cast("char *", 8), "x") end
    end)]])
    t.write(dir .. "/in.jsonl", ('{"id":1}\n'):rep(8))
    local status, _, err = run "-j 1 -q"
    assert.equal(3, status, err)
    for _, reject in ipairs(t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")) do
      assert.truthy(reject.reason:find("signal 11", 1, true), reject.reason)
    end
    assert.equal(7, t.receipt(dir .. "/out.jsonl.run").operators[1].rejected)
  end)
  it("no operator that keeps memory of every row, but says so", function()
    prepare('(function() local l = {} return dm.map(function(s) l[#l + 1] = ("x"):rep(1e7) .. s.id end) end)()',
      'limits = { memory = "100MiB", row_size = "1MiB" }')
    local status, _, err = run "-j 1"
    assert.equal(1, status)
    assert.truthy(err:find("the operators keep memory of row after row: time and again limits.memory, 100 MiB, was "
      .. "used up within one split (the last time in map@pipeline.lua:3), by no row alone\n", 1, true), err)
    assert.truthy(err:find("  next    let go of what is a row's when execute ends", 1, true), err)
  end)

  -- The worker dies at the last row, when most of the output is in its place; then three times at the split's first,
  -- which is rejected: what comes out in the end is shorter than what the first attempt wrote.
  for _, output in ipairs { "out/{file}", "out/" } do
    it("a row after row that kills its worker, and leaves nothing of a lost attempt in " .. output, function()
      -- the last split, from 1 MiB on, begins with a long row
      local rows, filler = {}, '{"id":5,"text":"' .. ("y"):rep(1000) .. '"}\n'
      for i = 1, math.ceil(2 ^ 20 / #filler) do rows[i] = filler end
      local long = #rows + 1
      rows[long] = ('{"id":1,"text":"%s"}\n'):format(("x"):rep(200000))
      for i = 1, 600 do rows[long + i] = filler end
      rows[#rows + 1] = '{"id":2}\n'
      t.write(dir .. "/in.jsonl", table.concat(rows))
      t.pipeline(dir, ('input = %q, output = %q, operators = { %s }'):format(dir .. "/in.jsonl", dir .. "/" .. output,
        ([[dm.map(function(s)
          if s.id == 5 then return end
          local path = %q
          local file = io.open(path)
          local seen = file and #file:read "*a" or 0
          if file then file:close() end
          if seen == 0 and s.id == 1 or seen == 4 then return end
          file = io.open(path, "a")
          file:write "x"
          file:close()
          os.execute "kill -9 $PPID"
        end)]]):format(dir .. "/seen")))
      assert.equal(3, (run "-j 1 -q"))
      rows[long] = ""
      local _, out = t.shell(("cat %s/out/*"):format(q(dir)))
      assert.is_true(out == table.concat(rows), #out .. " bytes")
      local _, rejects = t.shell(("cat $(find %s -name rejects.jsonl)"):format(q(dir)))
      assert.truthy(rejects:find("its worker was killed 3 times on this row (signal 9)", 1, true), rejects)
      assert.equal(1, #t.lines(rejects))
    end)
  end

  it("a row that can not even be read within limits.memory", function()
    local large = ('{"id":2,"list":[1%s]}\n'):format((",1"):rep(8e6))
    t.write(dir .. "/in.jsonl", '{"id":1}\n' .. large .. '{"id":3}\n')
    prepare("dm.map(function(s) s.seen = true end)", 'limits = { memory = "100MiB" }')
    local status, _, err = run "-j 1 -q"
    if t.DMHOST:find("/san/", 1, true) then return end -- where limits on the process are not set
    assert.equal(3, status, err)
    assert.equal('{"id":1,"seen":true}\n{"id":3,"seen":true}\n', t.read(dir .. "/out.jsonl"))
    local reject = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1]
    assert.truthy(reject.reason:find("limits.memory", 1, true), reject.reason)
    assert.equal("input", reject.op)
    assert.is_true(reject.input .. "\n" == large)
  end)

  it("rows that are too much for memory together, not one by one", function()
    local rows, want = {}, {}
    for i = 1, 30 do
      rows[i] = ('{"id":%d}\n'):format(i)
      want[i] = ('{"id":%d,"text":"%s"}\n'):format(i, ("q"):rep(4e6))
    end
    t.write(dir .. "/in.jsonl", table.concat(rows))
    prepare('dm.map(function(s) s.text = ("q"):rep(4e6) end)', 'limits = { memory = "100MiB" }')
    local status, _, err = run "-j 2 -q"
    assert.equal(0, status, err)
    assert.is_true(t.read(dir .. "/out.jsonl") == table.concat(want))
  end)

  it("what is raised without a text, or with a long one", function()
    t.write(dir .. "/in.jsonl", '{"id":1}\n{"id":2}\n{"id":3}\n')
    prepare [[dm.map(function(s)
      if s.id == 1 then error(setmetatable({}, { __tostring = function() error "again" end })) end
      if s.id == 2 then error(("é"):rep(1e6)) end
    end)]]
    assert.equal(3, (run "-j 1 -q"))
    assert.equal('{"id":3}\n', t.read(dir .. "/out.jsonl"))
    local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
    assert.equal("a table that has no text", rejects[1].reason)
    assert.is_true(#rejects[2].reason < 5000)
  end)
  it("what is raised, or given as a reason, that is no text at all or not UTF-8", function()
    t.write(dir .. "/in.jsonl", ('{"id":1}\n{"id":2}\n{"id":3}\n{"id":4}\n{"id":5}\n'):rep(2))
    prepare [[dm.filter(function(s) return s.id > 2, s.id == 1 and {} or "\255 and more" end),
      dm.map(function(s) if s.id == 3 then error({ code = 3 }) elseif s.id == 4 then error("\254\0", 0) end end)]]
    for _, workers in ipairs { 0, 1 } do
      local status, _, err = run(("-j %d -q --force"):format(workers))
      assert.equal(3, status, err)
      local operators = t.receipt(dir .. "/out.jsonl.run").operators
      for i, want in ipairs { { "? and more", "a table that has no text" }, { "?", "a table that has no text" } } do
        local reasons = operators[i].reasons
        assert.equal(2, #reasons)
        for k = 1, 2 do
          assert.equal(2, reasons[k].rows)
          assert.equal(want[k], reasons[k].reason)
        end
      end
    end
  end)

  it("no operator that takes all memory as it is made, but says which", function()
    os.execute("mkdir " .. q(dir .. "/ops"))
    t.write(dir .. "/ops/hoard.lua", ([[local Hoard = require("dm.base_op").Mapper:extend { name = "hoard" }
      function Hoard:init()
        local l, again = {}, io.open(%q)
        while again do l[#l + 1] = ("x"):rep(1e5) .. #l end
        io.open(%q, "w"):close()
      end
      function Hoard:execute() end
      return Hoard]]):format(dir .. "/made", dir .. "/made"))
    prepare('{ "hoard" }', 'limits = { memory = "100MiB", row_size = "1MiB" }')
    local status, _, err = run(("-j 1 -q --ops %s/ops"):format(q(dir)))
    assert.equal(2, status)
    assert.truthy(err:find('dmhost: operator 1, "hoard", can not be made: not enough memory', 1, true), err)
  end)
  -- What only workers suffer from; dmhost itself makes the operators first.
  local function fails_as_it_is_made(body, words, limits)
    os.execute(("mkdir -p %s/ops; rm -rf %s/made %s/out.jsonl*"):format(q(dir), q(dir), q(dir)))
    t.write(dir .. "/ops/late.lua", ([[local Late = require("dm.base_op").Mapper:extend { name = "late" }
      function Late:init()
        if io.open(%q) then %s end
        io.open(%q, "w"):close()
      end
      function Late:execute() end
      return Late]]):format(dir .. "/made", body, dir .. "/made"))
    prepare("dm.map(function() end), { 'late' }", limits)
    local status, _, err = run(("%s -q --ops %s/ops"):format(words, q(dir)))
    return status, err:match '^dmhost: operator 2, "late", can not be made: (.*)' or err
  end
  it("no operator that is never made, but says which", function()
    for _, words in ipairs { "-j 1", "-j 0" } do
      local status, err = fails_as_it_is_made('while true do require("ffi").C.dm_pause(1000) end', words,
        'limits = { init_time = "500ms" }')
      assert.equal(2, status)
      assert.truthy(err:find("^its init took longer than limits.init_time\n  next    is it an endless loop%? An init "
        .. "that does need longer: raise limits.init_time"), err)
    end
    local status, _, err = run(("-q --ops %s/ops --force"):format(q(dir))) -- not even by dmhost
    assert.equal(2, status)
    assert.truthy(err:find('dmhost: operator 2, "late", can not be made: its init took longer', 1, true), err)
  end)
  it("no operator that closes descriptors as it is made, but says which", function()
    local status, err = fails_as_it_is_made(CLOSE, "-j 1")
    assert.equal(2, status)
    assert.truthy(err:find("^it closes descriptors that are not its own\n  next    close only what the operator "
      .. "has opened"), err)
  end)
  it("operators made anew when the server that they asked as they were made before is gone", function()
    t.bash(("mkdir %s/ops"):format(q(dir)))
    for workers = 0, 1 do
      local server = servers.start()
      t.write(dir .. "/ops/asker.lua", ([[local Asker = require("dm.base_op").Mapper:extend { name = "asker" }
        function Asker:init()
          if io.open(%q) then os.execute "kill -9 %d" end
          require("dm").http.get(%q)
          io.open(%q, "w"):close()
        end
        function Asker:execute() end
        return Asker]]):format(dir .. "/made", server.pid, server:url "/ok/v1", dir .. "/made"))
      prepare "{ 'asker' }"
      local status, _, err = run(("-q --force --ops %s/ops -j %d"):format(q(dir), workers))
      assert.equal(0, status, err)
      os.remove(dir .. "/made")
    end
  end)
  it("no operator that crashes each worker that makes it, but says which", function()
    local status, err = fails_as_it_is_made('require "ffi".cast("int *", 8)[0] = 1', "-j 1")
    assert.equal(1, status)
    assert.truthy(err:find('dmhost: a worker that made operator 2, "late", was ended by signal 11', 1, true), err)
  end)
  it("an operator that takes from its own code what is global", function()
    blames("for name in pairs(_G) do _G[name] = nil end s()", "", "pipeline.lua:%d+: ")
    prepare("{ 'taker' }")
    t.bash(("mkdir %s/ops"):format(q(dir)))
    t.write(dir .. "/ops/taker.lua", [[
      local Taker = require("dm.base_op").Mapper:extend { name = "taker" }
      local error, all = error, _G
      function Taker:init() for name in pairs(all) do all[name] = nil end end
      function Taker:execute(s) if s.id == 700 then error("no such luck", 0) end s.seen = true end
      return Taker]])
    for workers = 0, 1 do
      local status, _, err = run(("-j %d --force --ops %s/ops"):format(workers, q(dir)))
      assert.equal(3, status, err)
      assert.truthy(err:find("1 no such luck\n", 1, true), err)
      assert.equal(5999, #t.lines(t.read(dir .. "/out.jsonl")))
    end
  end)
  it("no operator that empties the standard tables, but does not blame the pipeline's text", function()
    prepare "dm.map(function(s) if s.id > 600 then math.min = nil; s.seen = true end end)"
    for workers = 0, 1 do
      local status, _, err = run(("-j %d -q --force"):format(workers))
      assert.equal(1, status, err)
      assert.truthy(err:find("'min' (a nil value): raised between the operators' calls, the last of which was one of "
        .. "map@pipeline.lua:3\n  next    operators must leave what is global as it is", 1, true), err)
    end
  end)
  it("finalizers that raise, whenever they are called", function()
    for _, finalizer in ipairs {
      [[ffi.gc(ffi.new "int[1]", function() error("too late\27[31m\nagain") end)]],
      [[getmetatable(newproxy(true)).__gc = function() error "too late" end]],
      [[made = made or ffi.metatype("struct { int x; }", { __gc = function() error "too late" end }); made()]],
    } do
      prepare(([[(function()
        local ffi, made = require "ffi"
        return dm.map(function(s) %s; s.seen = { { s.id } } end)
      end)()]]):format(finalizer))
      for workers = 0, 2, 2 do
        local status, _, err = run(("-j %d -q --force"):format(workers))
        assert.equal(0, status, err)
        assert.is_true(#t.lines(err) <= math.max(workers, 1), err)
        assert.truthy(err:find("^dmhost: a finalizer %(ffi.gc, __gc%) raises, which is told once: %S+:5: too "), err)
        assert.equal(6000, #t.lines(t.read(dir .. "/out.jsonl")))
      end
    end
  end)
  it("an operator that exits, and does not take that for the run's end with -j 0", function()
    blames("os.exit(0)", "", "^its worker exited 3 times on this row %(status 0%)$")
    os.execute(("rm -r %s/out.jsonl*"):format(q(dir)))
    local status, _, err = run "-j 0 -q"
    assert.equal(1, status)
    assert.truthy(err:find("@%d+: map@pipeline.lua:3: the worker exited with status 0\n  next    error%(...%) rejects"),
      err)
    assert.is_nil(t.read(dir .. "/out.jsonl"))
    assert.equal(3, (run "-j 1 -q --resume"))
    assert.equal(2, t.receipt(dir .. "/out.jsonl.run").operators[1].rejected)
  end)
  it("an operator that changes the current directory, as it is made or with each row", function()
    t.bash(("mkdir %s/ops"):format(q(dir)))
    t.write(dir .. "/twice.jsonl", corpus)
    t.write(dir .. "/ops/astray.lua", [[
      local f = require "ffi"
      pcall(f.cdef, "int chdir(const char *);")
      local Astray = require("dm.base_op").Mapper:extend { name = "astray" }
      function Astray:init() f.C.chdir "/" end
      function Astray:execute(s) f.C.chdir "/"; s.seen = true end
      return Astray]])
    t.pipeline(dir, [[input = { "in.jsonl", "twice.jsonl" }, output = "out/", shard_size = "200KiB",
      split_size = "64KiB", operators = { { "astray" } }]])
    for workers = 0, 2 do
      local status, _, err = t.bash(("cd %s; %s run pipeline.lua -q -j %d --force --ops ops"):format(q(dir),
        q(t.DMHOST), workers))
      assert.equal(0, status, err)
      local _, out = t.shell(("cat %s/out/*.jsonl"):format(q(dir)))
      assert.is_true(out == corpus:rep(2):gsub("}\n", ',"seen":true}\n'))
    end
  end)
  it("an operator that forks, whose child does not go on with the worker's rows", function()
    prepare [[dm.map(function(s)
      if s.id % 1500 == 1 then
        local f = require "ffi"
        pcall(f.cdef, "int fork(void);")
        f.C.fork()
      end
      s.seen = true
    end)]]
    for _, workers in ipairs { 0, 1, 2 } do
      local status, _, err = run(("-j %d -q --force"):format(workers))
      assert.equal(0, status, err)
      assert.is_true(t.read(dir .. "/out.jsonl") == corpus:gsub("}\n", ',"seen":true}\n'))
    end
  end)

  it("processes that operators start, and leaves none of them behind", function()
    t.write(dir .. "/in.jsonl", '{"id":1}\n{"id":2}\n')
    prepare(([[dm.map(function(s)
      io.popen("echo $$ >>%s/started; exec sleep 333")
      while not io.open("%s/started") do end
      if s.id == 2 then os.execute "kill -9 $PPID" end
    end)]]):format(dir, dir))
    local status = run "-j 1 -q"
    assert.equal(3, status)
    local alive, _, err = t.bash(([[for p in $(cat %s/started); do
      await eval '! grep -q ") [^ZX]" /proc/'$p'/stat'; done]]):format(q(dir)))
    assert.equal(0, alive, err)
    for _, command in ipairs { "try", "try --json" } do
      status = t.shell(("cd %s && timeout 60 %s %s pipeline.lua"):format(q(dir), q(t.DMHOST), command))
      assert.equal(0, status)
    end
  end)

  it("a row of 100 MB, in bounded memory", function()
    local long = '{"id": 1, "text": "' .. ("x"):rep(1e8) .. '"}\n'
    t.write(dir .. "/in.jsonl", '{"id":0}\n' .. long .. '{"id":2}\n')
    prepare ""
    assert.equal(3, (run "-j 1 -q"))
    assert.equal('{"id":0}\n{"id":2}\n', t.read(dir .. "/out.jsonl"))
    prepare("", 'limits = { row_size = "200MB" }')
    assert.equal(0, (run "-j 1 -q --force"))
    assert.is_true(t.read(dir .. "/out.jsonl") == '{"id":0}\n' .. long .. '{"id":2}\n')
  end)
end)
