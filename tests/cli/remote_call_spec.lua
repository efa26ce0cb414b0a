-- dm.remote: one operator on one sample, in a process that may crash.
local dm = require "dm"
local t = require "tests.support"

local q = t.quote

-- An operator that does what the text says.
local OBEYS = [[
local base = require "dm.base_op"
local Obeys = base.Mapper:extend { name = "obeys", params = { { "mark", "string", default = "!" } } }
function Obeys:execute(sample)
  if sample.text == "crash" then require("ffi").cast("int *", 8)[0] = 1 end
  if sample.text == "hang" then while true do end end
  if sample.text == "exit" then os.exit(7) end
  if sample.text == "raise" then error("as told", 0) end
  if sample.text == "pid" then sample.pid = tonumber(io.open("/proc/self/stat"):read "*n") end
  print "said in a worker"
  sample.text = sample.text .. self.mark
end
return Obeys
]]

describe("dm.remote", function()
  local dir
  before_each(function()
    dir = t.scratch()
    os.execute("mkdir -p " .. q(dir .. "/ops/user"))
    t.write(dir .. "/ops/user/obeys.lua", OBEYS)
  end)
  after_each(t.clean)

  local function script(text)
    t.write(dir .. "/s.lua", 'local dm = require "dm"\n' .. text)
    return t.shell(("cd %s && %s lua s.lua"):format(q(dir), q(t.DMHOST)))
  end

  it("gives what execute gives, for each kind of operator", function()
    local mapped = dm.remote("whitespace_normalization_mapper", {}, dm.sample { text = "a\tb", id = 7 }):await()
    assert.equal('{"id":7,"text":"a b"}', tostring(mapped))
    local keep, reason = dm.remote("text_length_filter", { min_len = 3 }, { text = "ab" }):await()
    assert.same({ false, "below min_len 3" }, { keep, reason })
    assert.is_true((dm.remote("text_length_filter", { min_len = 3 }, { text = "abc" }):await()))
  end)

  it("takes the local engine as a table, too", function()
    local keep = dm.remote("text_length_filter", { min_len = 3 }, { text = "abc" }, { engine = { "local" } }):await()
    assert.is_true(keep)
  end)

  it("raises what is wrong", function()
    local function raises(...)
      local task = dm.remote(...)
      local ok, why = pcall(task.await, task)
      assert.is_false(ok)
      assert.equal("failed", task:status().status)
      return why
    end
    assert.truthy(raises("text_length_filte", {}, {}):find '"text_length_filte".-text_length_filter')
    assert.truthy(raises("text_length_filter", { min_len = "x" }, {}):find "must be of type integer")
    assert.truthy(raises("text_length_filter", {}, { text = 1 }):find "text")
    assert.is_false(pcall(dm.remote, "text_length_filter", {}, {}, { engine = "abacus" }))
  end)

  for engine, said in pairs {
    ['"local"'] = { "the worker was ended by signal 11", "the worker exit status 7: said in a worker" },
    ['{ "process", workers = 1 }'] = { "obeys crashed the worker: Segmentation fault (signal 11)",
      "obeys ended the worker with exit status 7" },
  } do
    it("outlives workers that crash, exit or hang, and goes on with others: " .. engine, function()
      local status, out, err = script(("local ENGINE = %s\n"):format(engine) .. [[
      local function get(text, timeout)
        local task = dm.remote("obeys", { mark = "?" }, { text = text }, { engine = ENGINE, timeout = timeout })
        local ok, result = pcall(task.await, task)
        print(ok and result.text or result)
      end
      get "one"; get "crash"; get "two"; get "exit"; get "raise"
      get("hang", "500ms")
      get "three"
      local task = dm.remote("obeys", {}, { text = "hang" }, { engine = ENGINE })
      dm.sleep "50ms"
      print(task:cancel(), (pcall(task.await, task)), task:status().status)]])
      assert.equal(0, status, err)
      assert.equal("one?\n" .. said[1] .. "\ntwo?\n" .. said[2] .. "\nas told\n"
        .. "timed out\nthree?\ntrue\tfalse\tcancelled\n", out)
    end)
  end

  it("gives what execute gives, for each kind of operator, on an engine", function()
    t.write(dir .. "/ops/user/halves.lua", [[
      local dm = require "dm"
      local Halves = require("dm.base_op").Slicer:extend { name = "halves" }
      function Halves:execute(s)
        return { dm.sample { text = s.text:sub(1, 1) }, dm.sample { text = s.text:sub(2) } }
      end
      return Halves]])
    local status, out, err = script [[
      local on = { engine = { "process", workers = 2, slots = 2 } }
      local tasks = {
        dm.remote("whitespace_normalization_mapper", {}, dm.sample { text = "a\tb", id = 7 }, on),
        dm.remote("text_length_filter", { min_len = 3 }, { text = "ab" }, on),
        dm.remote("halves", {}, { text = "ab" }, on),
      }
      print(tasks[1]:await())
      print(tasks[2]:await())
      print(unpack(tasks[3]:await()))]]
    assert.equal(0, status, err)
    assert.equal('{"id":7,"text":"a b"}\tnil\nfalse\tbelow min_len 3\n{"text":"a"}\t{"text":"b"}\n', out)
  end)

  it("takes an operator's code to the engine's workers as it was read first", function()
    local status, out, err = script [[
      local on = { engine = { "process", workers = 1 } }
      print(dm.remote("obeys", {}, { text = "one" }, on):await().text)
      os.remove "ops/user/obeys.lua"
      print((pcall(function() dm.remote("obeys", {}, { text = "crash" }, on):await() end)))
      print(dm.remote("obeys", {}, { text = "two" }, on):await().text)]]
    assert.equal(0, status, err)
    assert.equal("one!\nfalse\ntwo!\n", out)
  end)

  it("takes code to the engine once, however many calls there are", function()
    t.write(dir .. "/ops/user/obeys.lua", OBEYS .. ("-- long\n"):rep(1e5))
    local status, out, err = script [[
      local process, long = require "dm.process", 0
      local tell = process.tell
      function process.tell(id, text)
        if #text > 8e5 then long = long + 1 end
        tell(id, text)
      end
      local on = { engine = { "process", workers = 2 } }
      local tasks = {}
      for i = 1, 20 do tasks[i] = dm.remote("obeys", {}, { text = tostring(i) }, on) end
      for i = 1, 20 do assert(tasks[i]:await().text == i .. "!") end
      print(long)]]
    assert.equal(0, status, err)
    assert.equal("1\n", out)
  end)

  it("refuses a call and an answer that are too long for an engine, and goes on with others", function()
    t.write(dir .. "/ops/user/grows.lua", [[
      local Grows = require("dm.base_op").Mapper:extend { name = "grows" }
      function Grows:execute(s) s.text = s.text:rep(7e7) end
      return Grows]])
    local status, out, err = script [[
      local on = { engine = { "process", workers = 1 } }
      local function get(op, text)
        local ok, result = pcall(function() return dm.remote(op, {}, { text = text }, on):await() end)
        print(ok and result.text or result)
      end
      get("obeys", "one")
      get("obeys", ("x"):rep(7e7))
      get("grows", "y")
      get("obeys", "two")]]
    assert.equal(0, status, err)
    assert.equal("one!\nthe call is 70.0 MB of JSON, and on an engine it can be no more than 67.1 MB\n"
      .. "the answer is 70.0 MB of JSON, and on an engine it can be no more than 67.1 MB\ntwo!\n", out)
    assert.falsy(err:find("replaced", 1, true), err)
  end)

  it("says what is wrong with an engine", function()
    for engine, message in pairs {
      ['"abacus"'] = 'there is no engine "abacus"',
      ['"process"'] = "how many workers the engine is to start is not given",
      ['{ "process", workers = 1, color = 1 }'] = 'the engine process has no key "color"',
      ['{ "process", workers = 1, listen = "300.1.1.1" }'] = "--listen takes an address",
    } do
      local _, out = script(('print(pcall(function() dm.remote("obeys", {}, {}, { engine = %s }):await() end))'):format(
        engine))
      assert.truthy(out:find(message, 1, true), out)
    end
  end)

  it("leaves nothing behind", function()
    t.write(dir .. "/s.lua", [[
      local on = { engine = { "process", workers = 2, slots = 2 } }
      print(dm.remote("obeys", {}, { text = "pid" }, on):await().pid)]])
    local status, out, err = t.shell(("cd %s && mkdir tmp && TMPDIR=$PWD/tmp %s lua s.lua && ls -A tmp"):format(q(dir),
      q(t.DMHOST)))
    assert.equal(0, status, err)
    assert.truthy(out:find "^%d+\n$", out)
    assert.is_false(t.lives(out:match "%d+"))
  end)

  it("keeps workers for the next call, as many as there are processors", function()
    local status, out, err = script [[
      local tasks, pids, n = {}, {}, 0
      for i = 1, 200 do tasks[i] = dm.remote("obeys", {}, { text = "pid" }) end
      for _, task in ipairs(tasks) do
        local pid = task:await().pid
        if not pids[pid] then n = n + 1 end
        pids[pid] = true
      end
      print(n <= require("dm.machine").processors())]]
    assert.equal(0, status, err)
    assert.equal("true\n", out)
  end)
end)
