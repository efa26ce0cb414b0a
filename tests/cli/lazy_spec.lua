-- dm.lazy: resources beside an operator, loaded when first used.
local dm = require "dm"
local bytes = require "dm.bytes"
local t = require "tests.support"

local q = t.quote

describe("dm.lazy", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  it("makes what a function makes once", function()
    local made = 0
    local get = dm.lazy(function()
      made = made + 1
      return false
    end)
    assert.equal(0, made)
    assert.is_false(get())
    assert.is_false(get())
    assert.equal(1, made)
  end)

  it("raises what making it raised, each time, and does not try again", function()
    local made = 0
    local get = dm.lazy(function()
      made = made + 1
      error("no luck", 0)
    end)
    for _ = 1, 2 do assert.has_error(get, "no luck") end
    assert.equal(1, made)
  end)

  it("reads a file when first asked for, and checks its digest", function()
    local path = t.write(dir .. "/words.txt", "one\ntwo\n")
    local calls = {}
    local get = dm.lazy(path, {
      sha256 = bytes.sha256 "one\ntwo\n",
      make = function(text, where)
        calls[#calls + 1] = where
        return #text
      end,
    })
    assert.equal(0, #calls)
    assert.equal(8, get() and get())
    assert.same({ path }, calls)
    assert.equal("one\ntwo\n", dm.lazy(path)())
    assert.has_error(function() dm.lazy(path, { sha256 = ("0"):rep(64) })() end, ("%s is not the file that was meant: "
      .. "its sha256 is %s, not %s"):format(path, bytes.sha256 "one\ntwo\n", ("0"):rep(64)))
  end)

  it("does not load what has changed since", function()
    local path = t.write(dir .. "/words.txt", "one")
    local get = dm.lazy(path)
    t.write(path, "two")
    for _ = 1, 2 do assert.has_error(get, path .. " has changed since the run began") end
  end)

  it("says at once what is wrong", function()
    assert.error_matches(function() dm.lazy(dir .. "/nothing") end, "nothing: No such file")
    assert.error_matches(function() dm.lazy(1) end, "dm.lazy takes the name of a file, or a function")
    assert.error_matches(function() dm.lazy("x", { sha = "" }) end, 'dm.lazy has no option "sha"')
    assert.error_matches(function() dm.lazy("x", { sha256 = "abc" }) end, "64 hexadecimal digits")
    assert.error_matches(function() dm.lazy("x", { make = "abc" }) end, "make is a function")
  end)

  local OPERATOR = [[
    local dm = require "dm"
    local Count = require("dm.base_op").Mapper:extend { name = "counted", summary = "Counts." }
    local words = dm.lazy("data/words.txt", { make = function(text)
      io.stderr:write "loaded\n"
      return #text
    end })
    function Count:execute(sample) if sample.n > 10 then sample.size = words() end end
    return Count
  ]]

  local function run(rows, words)
    t.write(dir .. "/in.jsonl", rows)
    t.pipeline(dir, ("input = %q, output = %q, operators = { { 'counted' } }")
      :format(dir .. "/in.jsonl", dir .. "/out.jsonl"))
    return t.dmhost(("run %s/pipeline.lua --ops %s/ops -q --force %s"):format(q(dir), q(dir), words))
  end

  local function loads(err)
    return select(2, err:gsub("loaded", ""))
  end

  it("is found beside the operator and loaded once for each worker that uses it", function()
    os.execute(("mkdir -p %s/ops/data"):format(q(dir)))
    t.write(dir .. "/ops/counted.lua", OPERATOR)
    t.write(dir .. "/ops/data/words.txt", "twelve bytes")
    local many = ('{"n": 20}\n'):rep(1000)
    local status, _, err = run(many, "-j 1")
    assert.equal(0, status, err)
    assert.equal(1, loads(err))
    assert.equal(12, t.json_lines(dir .. "/out.jsonl")[1].size)
    _, _, err = run('{"n": 1}\n', "-j 2")
    assert.equal(0, loads(err))
  end)

  it("is part of the run: --resume refuses when it has changed, and it is not in the plan", function()
    os.execute(("mkdir -p %s/ops/data"):format(q(dir)))
    t.write(dir .. "/ops/counted.lua", OPERATOR)
    t.write(dir .. "/ops/data/words.txt", "SECRET" .. ("x"):rep(1000))
    local status = run(('{"n": 1}\n'):rep(10) .. "no json\n", "-j 1")
    assert.equal(3, status)
    assert.is_nil(t.read(dir .. "/out.jsonl.run/plan.json"):find("SECRET", 1, true))
    os.execute(("rm %s/out.jsonl.run/run.json %s/out.jsonl"):format(q(dir), q(dir)))
    t.write(dir .. "/ops/data/words.txt", "another")
    local refused, _, err = t.dmhost(("run %s/pipeline.lua --ops %s/ops -q --resume"):format(q(dir), q(dir)))
    assert.equal(2, refused)
    assert.truthy(err:find("ops/data/words.txt has changed since the run began", 1, true), err)
  end)

  it("is seen missing before the run", function()
    os.execute(("mkdir -p %s/ops"):format(q(dir)))
    t.write(dir .. "/ops/counted.lua", OPERATOR)
    local status, _, err = run("{}\n", "-j 1")
    assert.equal(2, status)
    assert.truthy(err:find("data/words.txt: No such file", 1, true), err)
  end)
end)
