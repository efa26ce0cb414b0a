-- Very many input files: memory does not grow with them, and a list that does not fit into it is as any other.
local ffi = require "ffi"
local t = require "tests.support"

local q = t.quote

ffi.cdef "int link(const char *from, const char *to);"

describe("very many files", function()
  local dir, few, many
  ---Makes a folder of n files of a row each, of paths so long that a list of a thousand takes 0.7 MB.
  local function fill(name, n)
    local path = ("%s/%s/%s/%s/%s"):format(dir, name, ("f"):rep(210), ("g"):rep(210), ("h"):rep(210))
    os.execute("mkdir -p " .. q(path))
    for i = 1, n - 1 do assert.equal(0, ffi.C.link(dir .. "/row", ("%s/%05d.jsonl"):format(path, i * 7919 % n))) end
    t.write(path .. "/last.jsonl", '{"last":true}\n')
    return path
  end

  setup(function()
    dir = t.scratch()
    t.write(dir .. "/row", '{"n":1}\n')
    few, many = fill("few", 2000), fill("many", 12000)
  end)
  teardown(t.clean)

  local function run(words)
    -- the sanitizer would keep what was freed
    local command = "ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=0 %s run %s/pipeline.lua -q %s"
    local status, _, err = t.shell(command:format(q(t.DMHOST), q(dir), words))
    assert.equal(0, status, err)
  end

  describe("take no more memory than some", function()
    ---MiB that a run had needed, in one process with its worker, when it came to the last row.
    local function peak(input, output)
      t.pipeline(dir, ([[
        input = %s, output = %q, operators = { dm.map(function(s)
          if not s.last and s.fileName ~= "last.jsonl" then return end
          local file = io.open(%q, "w")
          file:write(io.open "/proc/self/status":read "*a":match "VmHWM:%%s+(%%d+)")
          file:close()
        end) } ]]):format(input, output, dir .. "/peak"))
      run "-j 0 --force"
      return tonumber(t.read(dir .. "/peak")) / 1024
    end

    ---`how` makes the input of a folder's path. The list of the larger one takes 7 MiB more.
    local function compare(how, output)
      output = dir .. (output or "/out.jsonl")
      local before, after = peak(how:format(few), output), peak(how:format(many), output)
      assert.is_true(after < before + 5, ("%.1f MiB, and %.1f MiB for six times as many"):format(before, after))
    end

    it("in a folder", function() compare "%q" end)
    it("found by a pattern", function() compare "%q .. '/*.jsonl'" end)
    it("as samples", function() compare "require('dm.files').new(%q, { content = true })" end)
  end)

  it("come out in the order of their paths, whoever reads them, and after a crash, and leave nothing behind", function()
    local out, tmp = dir .. "/sorted.jsonl", dir .. "/tmp"
    os.execute("mkdir " .. q(tmp))
    t.pipeline(dir, ("input = dm.files(%q), output = %q, split_size = '64KiB', operators = { %s }"):format(few, out,
      t.waits("s.fileName > '01000.jsonl'", dir .. "/go")))
    local status = t.bash(([[
      cd %s; export TMPDIR=$PWD/tmp; %s run "$PWD/pipeline.lua" -j 2 -q --force & pid=$!
      await test -s sorted.jsonl.run/journal
      kill -9 $pid; wait $pid]]):format(q(dir), q(t.DMHOST)))
    assert.equal(137, status)
    t.write(dir .. "/go", "")
    run "-j 2 --resume"
    local expected = t.read(out)
    assert.equal(2000, #t.lines(expected))
    assert.equal(0, os.execute("LC_ALL=C sort -c " .. q(out)))
    for _, workers in ipairs { 0, 1, 2, 7 } do
      run(("-j %d --force"):format(workers))
      assert.equal(expected, t.read(out))
    end
    assert.equal("", (select(2, t.shell("ls -A " .. q(tmp)))))
  end)
end)
