-- dmhost profile: the time is where it is spent.
local t = require "tests.support"

local q = t.quote

describe("dmhost profile", function()
  local dir, path
  before_each(function()
    dir = t.scratch()
    local rows = {}
    for i = 1, 3000 do rows[i] = ('{"id":%d,"text":"%s"}\n'):format(i, ("to a@b.org and others "):rep(20)) end
    t.write(dir .. "/in.jsonl", table.concat(rows))
    path = t.write(dir .. "/p.lua", [[
local dm = require "dm"
local re = dm.text.regex "[a-z.]+@[a-z.]+|(?:o[a-z])+x"
return dm.pipeline {
  input = "in.jsonl",
  output = "out.jsonl",
  operators = {
    dm.map(function(sample)
      local text = sample.text
      for _ = 1, 60 do re:replace(text, "") end
    end),
    { "text_length_filter", min_len = 1 },
    dm.map(function(sample)
      local x = 0
      for i = 1, 9000 do x = (x * 31 + i) % 65536 end
      sample.x = x
    end),
    dm.map(function(sample)
      local f = function() return sample.x end
      sample.y = f()
    end),
  },
}
]])
  end)
  after_each(t.clean)

  local function profile(words)
    return t.shell(("cd %s && TMPDIR=%s %s profile %s"):format(q(dir), q(dir), q(t.DMHOST), words))
  end

  it("tells operators, lines, functions of C, and what is not compiled", function()
    local status, out, err = profile "p.lua --folded stacks"
    assert.equal("", err)
    assert.equal(0, status)
    assert.truthy(out:find "^3,000 rows, [%d,]+ samples? in ")
    for _, name in ipairs { "map@p.lua:7", "text_length_filter", "map@p.lua:12", "map@p.lua:17",
      "reading and writing" } do
      assert.truthy(out:find("\n" .. name .. " +[%d.]+ %%"), out)
    end
    local in_c = tonumber(out:match "\n +([%d.]+) %%  p.lua:9  [^\n]*in C: dm_regex_replace\n")
    local in_lua = tonumber(out:match "\n +([%d.]+) %%  p.lua:14  for i = 1, 9000 ")
    assert.is_true(in_c and in_c > 5, out)
    assert.is_true(in_lua and in_lua > 5, out)
    assert.truthy(out:find("p.lua:18: NYI: bytecode FNEW", 1, true), out)
    assert.truthy(out:find("make it once, in init", 1, true))
    assert.is_nil(t.read(dir .. "/out.jsonl"))
  end)
  it("writes stacks for a flame graph, whose samples add up", function()
    local status, out = profile "p.lua --folded stacks --limit 1000"
    assert.equal(0, status)
    local total = 0
    for _, line in ipairs(t.lines(t.read(dir .. "/stacks"))) do
      local stack, n = line:match "^(%S.*) (%d+)$"
      assert.truthy(stack)
      total = total + tonumber(n)
    end
    assert.equal(tonumber((out:match "1,000 rows, ([%d,]+) sample":gsub(",", ""))), total)
    local _, piped = profile "p.lua --folded - --limit 1000"
    assert.truthy(piped:find "^[^\n]+ %d+\n")
    assert.is_nil(piped:find("operator", 1, true))
  end)
  it("leaves what called the host's loops out of the stacks", function()
    t.write(dir .. "/big.jsonl", t.read(dir .. "/in.jsonl"):rep(60))
    local _, stacks = profile [[-e 'return dm.pipeline { input = "big.jsonl", operators = {} }' --folded -]]
    assert.truthy(stacks:find("reading and writing", 1, true), stacks)
    assert.is_nil(stacks:find("worker.lua", 1, true), stacks)
  end)
  it("takes other input, standard input and a pipeline as text", function()
    t.write(dir .. "/other.jsonl", '{"id":1,"text":"a"}\n')
    local status, out = profile "p.lua other.jsonl"
    assert.equal(0, status)
    assert.truthy(out:find "^1 row, ")
    assert.truthy(out:find("say little", 1, true))
    status, out = profile "p.lua - < in.jsonl"
    assert.equal(0, status)
    assert.truthy(out:find "^3,000 rows")
    status, out = profile [[-e 'return dm.pipeline { input = "in.jsonl", operators = {} }']]
    assert.equal(0, status)
    assert.truthy(out:find "^3,000 rows")
  end)
  it("leaves nothing behind", function()
    local folders = "ls -d /tmp/lua_*.d 2>/dev/null | sort"
    t.shell(folders .. " >" .. dir .. "/before")
    profile "p.lua other.jsonl"
    profile "p.lua --limit 10"
    -- those of other specs, which run at the same time, come and go
    local _, left = t.bash(("for i in {1..300}; do %s | comm -13 %s/before - >%s/left; [ -s %s/left ] || break; "
      .. "sleep 0.1; done; cat %s/left"):format(folders, dir, dir, dir, dir))
    assert.equal("", left)
  end)
  it("shows a pipeline's mistakes as every command does", function()
    assert.equal(2, (profile ""))
    local status, out, err = profile "nowhere.lua"
    assert.equal(2, status)
    assert.equal("", out)
    assert.truthy(err:find("cannot read the pipeline nowhere.lua", 1, true))
    t.write(path, 'local dm = require "dm"\nreturn dm.pipeline { inptu = 1 }\n')
    local again, _, message = profile "p.lua"
    assert.equal(2, again)
    assert.truthy(message:find("p.lua:2:22", 1, true), message)
  end)
  it("can be interrupted inside a row, and shows what there is", function()
    t.write(path, [[
local dm = require "dm"
return dm.pipeline { input = "in.jsonl", operators = { dm.map(function()
  local begun = os.clock()
  while true do
    if begun and os.clock() - begun > 0.5 then
      io.open("late", "wb"):close()
      begun = nil
    end
  end
end) }, limits = { row_time = "10min" } }
]])
    local status, out, err = t.bash(([[
cd %s; %s profile p.lua 2>err & pid=$!
await test -e late
kill -INT $pid; await grep -q stopping err; kill -INT $pid
wait $pid]]):format(q(dir), q(t.DMHOST)))
    assert.equal(130, status, err)
    assert.is_true(tonumber(out:match "map@p.lua:2 +([%d.]+) %%") > 50, out) -- all but what it takes to begin
  end)
  it("says when the stacks can not be written, and that a task can not be profiled", function()
    local status, _, err = profile "p.lua --limit 10 --folded /dev/full"
    assert.equal(1, status)
    assert.truthy(err:find("cannot write the stacks to /dev/full: No space left on device", 1, true), err)
    t.write(dir .. "/process.yaml", ("dataset_id: d\ninstance_id: i\ndataset_path: %s/in.jsonl\nexport_path: %s/out\n"
      .. "process: [{ExtraSpaceCleaner: {}}]\n"):format(dir, dir))
    status, _, err = profile "process.yaml"
    assert.equal(2, status)
    assert.truthy(err:find("dmhost: a task of DataMate can not be profiled", 1, true), err)
  end)
  it("is not disturbed by rows that fail, nor by a reader that goes away", function()
    local status, out = profile [[-e 'return dm.pipeline { input = "in.jsonl",
      operators = { dm.map(function(s) error("no") end) } }' ]]
    assert.equal(0, status)
    assert.truthy(out:find "3,000 rows")
    assert.equal(0, (t.bash(("cd %s; %s profile p.lua --limit 10 | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}"):format(
      q(dir), q(t.DMHOST)))))
  end)
end)
