-- Limits on a row's time hold for what the row takes, not for what others take from it: a machine that has too much to
-- do, or everything that stands still.
local t = require "tests.support"

local q = t.quote

describe("a row that takes its time is innocent", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", '{"text":"one"}\n')
  end)
  after_each(t.clean)

  ---A pipeline whose operator needs a processor for so many seconds, and says when dmhost has seen it at its row.
  local function pipeline(seconds, limit)
    t.pipeline(dir, ([[input = "in.jsonl", output = "out.jsonl", limits = { row_time = %q },
      operators = { dm.map(function(sample)
        local began, told = os.clock()
        while os.clock() - began < %f do
          told = told or os.clock() - began > 0.2 and io.open("begun", "w"):close()
        end
        sample.done = true
      end) }]]):format(limit, seconds))
  end

  it("on a processor that seven others want", function()
    pipeline(0.1, "300ms")
    local status, out, err = t.bash(([[cd %s; cpu=$(sed -n 's/^Cpus_allowed_list:\t\([0-9]*\).*/\1/p' /proc/self/status)
      for i in 1 2 3 4 5 6 7; do taskset -c $cpu sh -c 'while :; do :; done' & done
      trap 'kill $(jobs -p)' EXIT
      taskset -c $cpu %s run pipeline.lua -q && taskset -c $cpu %s try pipeline.lua]]):format(q(dir), q(t.DMHOST),
      q(t.DMHOST)))
    assert.equal(0, status, err)
    assert.equal('{"text":"one","done":true}\n', t.read(dir .. "/out.jsonl"))
    assert.truthy(out:find("1 row: 1 kept", 1, true), out)
    assert.equal("", err) -- nor is its worker replaced, and the row tried again
  end)

  -- The kernel adds to what a process has waited when that ends: the wait that goes on is longer than the limit.
  it("on a processor that is given to others for longer than that", function()
    t.pipeline(dir, [[input = "in.jsonl", output = "out.jsonl", limits = { row_time = "150ms" },
      operators = { dm.map(function(sample)
        local C = require "ffi".C
        C.sched_setaffinity(0, 8, CPU)
        C.setpriority(0, 0, 19)
        local began = os.clock()
        while os.clock() - began < 0.006 do end
        sample.done = true
      end) }]])
    t.write(dir .. "/pipeline.lua", [[
local ffi = require "ffi"
ffi.cdef "int setpriority(int, unsigned, int); int sched_setaffinity(int, size_t, const uint64_t *);"
CPU = ffi.new("uint64_t[1]", bit.lshift(1ULL, tonumber(os.getenv "CPU")))
]] .. t.read(dir .. "/pipeline.lua"))
    local status, out, err = t.bash(([[cd %s; export CPU=$(sed -n \
        's/^Cpus_allowed_list:\t\([0-9]*\).*/\1/p' /proc/self/status)
      for i in 1 2; do taskset -c $CPU sh -c 'while :; do :; done' & done
      trap 'kill $(jobs -p)' EXIT
      %s run pipeline.lua -q && %s try pipeline.lua]]):format(q(dir), q(t.DMHOST), q(t.DMHOST)))
    assert.equal(0, status, err)
    assert.equal('{"text":"one","done":true}\n', t.read(dir .. "/out.jsonl"))
    assert.truthy(out:find("1 row: 1 kept", 1, true), out)
    assert.equal("", err) -- nor is its worker replaced, and the row tried again
  end)

  for _, command in ipairs { "run pipeline.lua -q", "try pipeline.lua" } do
    it("when dmhost " .. command:match "%a+" .. " and its workers are stopped for longer than that", function()
      pipeline(0.5, "800ms")
      local status, out, err = t.bash(([[cd %s; %s %s & await test -e begun
        all="$! $(cat /proc/$!/task/*/children)"
        kill -STOP $all; nap 1.5; kill -CONT $all; wait $!]]):format(q(dir), q(t.DMHOST), command))
      assert.equal(0, status, out .. err)
      assert.is_nil((out .. err):find("took longer", 1, true), out .. err)
    end)
  end
end)
