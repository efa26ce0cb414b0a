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

  it("outlives workers that crash, exit or hang, and goes on with others", function()
    local status, out, err = script [[
      local function get(text, options)
        local task = dm.remote("obeys", { mark = "?" }, { text = text }, options)
        local ok, result = pcall(task.await, task)
        print(ok and result.text or result)
      end
      get "one"; get "crash"; get "two"; get "exit"; get "raise"
      get("hang", { timeout = "200ms" })
      get "three"
      local task = dm.remote("obeys", {}, { text = "hang" })
      dm.sleep "50ms"
      print(task:cancel(), (pcall(task.await, task)), task:status().status)]]
    assert.equal(0, status, err)
    assert.equal("one?\nthe worker was ended by signal 11\ntwo?\nthe worker exit status 7: said in a worker\nas told\n"
      .. "timed out\nthree?\ntrue\tfalse\tcancelled\n", out)
  end)

  it("keeps workers for the next call, as many as there are processors", function()
    local status, out, err = script [[
      local ffi = require "ffi"
      local tasks, pids, n = {}, {}, 0
      for i = 1, 200 do tasks[i] = dm.remote("obeys", {}, { text = "pid" }) end
      for _, task in ipairs(tasks) do
        local pid = task:await().pid
        if not pids[pid] then n = n + 1 end
        pids[pid] = true
      end
      print(n <= ffi.C.dm_processors())]]
    assert.equal(0, status, err)
    assert.equal("true\n", out)
  end)
end)
