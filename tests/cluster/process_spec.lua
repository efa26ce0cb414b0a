-- Worker hosts as processes of this machine: a run through the door, whose bytes must be those of a run without one.
local t = require "tests.support"

local q = t.quote

describe("workers behind worker hosts", function()
  local dir, corpus
  setup(function() corpus = t.corpus(4000, 5) end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/a.jsonl", corpus)
    t.write(dir .. "/b.jsonl", corpus:sub(1, 100000))
    t.shell(("cd %s && gzip -k b.jsonl && mkdir in && mv a.jsonl b.jsonl.gz in/"):format(q(dir)))
  end)
  after_each(t.clean)

  local OPERATORS = [[{ "text_length_filter", min_len = 10 }, dm.map(function(s)
    if s.id % 97 == 0 then error "odd" end
    s.twice = s.text .. s.text
    s.random = math.random(1000)
  end)]]

  local function prepare(body)
    t.pipeline(dir, ("operators = { %s }, split_size = '16KiB', max_rejects = 1000, %s"):format(OPERATORS, body or ""))
  end

  local function run(output, words)
    return t.bash(("cd %s && timeout 100 %s run pipeline.lua -o %s %s"):format(q(dir), q(t.DMHOST), q(output), words))
  end

  -- What a run left: outputs, rejects and ledger.
  local function sums(output)
    local _, list = t.bash(([[cd %s && rm -rf keep && mkdir keep && cp -r %s keep/ && cd keep &&
      { [ -d ../%s.run ] && cp ../%s.run/{ledger,rejects}.jsonl . ; } ; cd * 2>/dev/null
      find . -type f | grep -v "/hosts/\|plan.json\|run.json\|/inputs\|/journal\|/lock" | sort | xargs md5sum]]):format(
      q(dir), output, output, output))
    assert.truthy(list:find "%x", list)
    return list
  end

  for what, output in pairs {
    ["a file"] = "out", ["shards"] = "out/", ["a file for each input"] = "out/{file}", ["compressed output"] = "out.gz",
  } do
    it("write the same bytes: " .. what, function()
      prepare "shard_size = '200KiB'"
      local base = output:match "^[^/]*"
      assert.equal(0, (run(output, "-i in -j 1 -q")))
      local expected = sums(base)
      t.bash(("cd %s && rm -rf %s %s.run"):format(q(dir), base, base))
      local status, _, err = run(output, "-i in --engine process --workers 3 --slots 2")
      assert.equal(0, status, err)
      assert.equal(expected, sums(base))
      assert.equal("", (select(2, t.bash(("cd %s && find . -name 'parts-*'"):format(q(dir))))))
    end)
  end

  it("take standard input and write to standard output", function()
    prepare()
    local _, expected = t.bash(("cd %s && %s run pipeline.lua -i - -o - -j 1 -q <in/a.jsonl | md5sum"):format(q(dir),
      q(t.DMHOST)))
    local _, got = t.bash(("cd %s && %s run pipeline.lua -i - -o - -q --engine process --workers 2 <in/a.jsonl | md5sum"
      ):format(q(dir), q(t.DMHOST)))
    assert.equal(expected, got)
  end)

  it("find the row that kills its worker", function()
    t.pipeline(dir, [[operators = { dm.map(function(s)
      if s.id == 1234 then require "ffi".cast("int *", 8)[0] = 1 end
    end) }, split_size = '16KiB']])
    local status, _, err = run("out", "-i in/a.jsonl --engine process --workers 2 --slots 2")
    assert.equal(3, status, err)
    local rejects = t.json_lines(dir .. "/out.run/rejects.jsonl")
    assert.equal(1, #rejects)
    assert.truthy(rejects[1].reason:find "signal 11", rejects[1].reason)
    assert.equal(3999, #t.lines(t.read(dir .. "/out")))
  end)

  for words, why in pairs {
    ["--workers 2 --slots 2"] = "one worker host", ["--workers 4 --slots 2"] = "two worker hosts",
  } do
    it("find the row that kills its worker host: " .. why, function()
      t.pipeline(dir, [[operators = { dm.map(function(s) s.first = true end), dm.map(function(s)
        if s.id == 1234 or s.id == 1240 or s.id == 3333 then
          require("ffi").cdef "int kill(int, int); int getppid(void);"
          require("ffi").C.kill(require("ffi").C.getppid(), 9)
          while true do end
        end
      end) }, split_size = '16KiB', max_rejects = 3]])
      local status, _, err = run("out", "-i in/a.jsonl --engine process --lost-after 1min " .. words)
      assert.equal(0, status, err)
      local rejects = t.json_lines(dir .. "/out.run/rejects.jsonl")
      assert.equal(3, #rejects)
      for i, reason in ipairs { "4 times", "2 times", "4 times" } do
        assert.truthy(rejects[i].op:find "^map@", rejects[i].op)
        assert.truthy(rejects[i].reason:find("its worker hosts were lost " .. reason, 1, true), rejects[i].reason)
      end
      assert.equal(3997, #t.lines(t.read(dir .. "/out")))
      assert.equal(10, select(2, err:gsub("it is replaced", "")))
      prepare()
      t.write(dir .. "/without.jsonl", (corpus:gsub("[^\n]+\n", function(row)
        local id = row:match '"id":%s*(%d+)'
        return (id == "1234" or id == "1240" or id == "3333") and "" or nil
      end)))
      t.pipeline(dir, "operators = { dm.map(function(s) s.first = true end) }")
      assert.equal(0, (run("expected", "-i without.jsonl -j 1 -q")))
      assert.equal(t.read(dir .. "/expected"), t.read(dir .. "/out"))
    end)
  end

  it("find the row that takes too long", function()
    t.pipeline(dir, [[operators = { dm.map(function(s) while s.id == 1234 do end end) }, split_size = '16KiB',
      limits = { row_time = "150ms" }]])
    local status, _, err = run("out", "-i in/a.jsonl --engine process --workers 2")
    assert.equal(3, status, err)
    assert.truthy(t.read(dir .. "/out.run/rejects.jsonl"):find "row_time")
  end)

  it("end the run when workers can not make an operator", function()
    t.bash(("mkdir %s/ops"):format(q(dir)))
    for body, want in pairs {
      ["while true do require('ffi').C.dm_pause(1000) end"] = { 2,
        'operator 1, "late", can not be made: its init took longer than limits.init_time' },
      ["require('ffi').cast('int *', 8)[0] = 1"] = { 1, "workers were lost without a split getting done" },
    } do
      t.write(dir .. "/ops/late.lua", ([[
        local Late = require("dm.base_op").Mapper:extend { name = "late" }
        function Late:init()
          local file = io.open "/proc/self/cmdline"
          local worker = file:read "*a":find "worker%%z"
          file:close()
          if worker then %s end
        end
        function Late:execute() end
        return Late]]):format(body))
      t.pipeline(dir, 'operators = { { "late" } }, limits = { init_time = "500ms" }')
      local status, _, err = run("out", "-i in/a.jsonl --engine process --workers 2 --force --ops ops")
      assert.equal(want[1], status, err)
      assert.truthy(err:find("dmhost: [^\n]*" .. want[2]), err)
    end
  end)

  it("are said to have come when it is a worker of theirs that is not ready", function()
    t.pipeline(dir, [[operators = { (function()
      local op = dm.map(function() end)
      local file = io.open "/proc/self/cmdline"
      local worker = file:read "*a":find "worker%z"
      file:close()
      while worker and not io.open "go" do require("ffi").C.dm_pause(10) end
      return op
    end)() }, max_rejects = 1]])
    local status, out, err = t.bash(([[cd %s
      timeout 100 %s run pipeline.lua -o out -i in/b.jsonl.gz --engine process --workers 1 2>err & run=$!
      await eval 'grep "no worker yet" err || ! kill -0 $run'
      touch go; wait $run; code=$?; cat err; exit $code]]):format(q(dir), q(t.DMHOST)))
    assert.equal(0, status, out .. err)
    assert.truthy(out:find("no worker yet: 1 of 1 worker hosts have come, and no worker of theirs is ready\n", 1, true),
      out)
  end)

  it("that Slurm can never be asked for end the run", function()
    t.pipeline(dir, [[operators = {}, engine = { "slurm", workers = 2, array = tonumber(os.getenv "ARRAY"),
      args = (function() local list = {} for i = 1, 100 do list[i] = "--comment=" .. i end return list end)() }]])
    for _, array in ipairs { 1, 3 } do -- an array of jobs, and one for each
      local status, _, err = t.bash(("cd %s && ARRAY=%d timeout 100 %s run pipeline.lua -o out -i in/a.jsonl"):format(
        q(dir), array, q(t.DMHOST)))
      assert.equal(2, status, err)
      assert.truthy(err:find("dmhost: the engine slurm can not start a worker host: the engine's args are too many", 1,
        true), err)
      assert.falsy(err:find("is replaced", 1, true), err)
    end
  end)

  it("tell what is wrong with an option", function()
    prepare()
    for words, message in pairs {
      ["--engine proces --workers 2"] = 'there is no engine "proces"; did you mean "process"',
      ["--engine process"] = "how many workers",
      ["--engine process --workers 0"] = "at least 1",
      ["--slots 2"] = "an engine starts",
      ["--engine process --workers 2 --listen 300.1.1.1"] = "--listen takes an address",
    } do
      local status, _, err = run("out", "-i in/a.jsonl " .. words)
      assert.truthy(status == 2 or status == 1, err)
      assert.truthy(err:find(message, 1, true), err)
    end
  end)
end)
