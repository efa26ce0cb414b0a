-- Bytes that would act on a terminal, in rows, names of files and what operators say: none of them reaches it, except
-- in the output itself and in what operators print.
local t = require "tests.support"

local q = t.quote

describe("on a terminal nothing acts that comes from data", function()
  local dir
  local NAME = "ev\27[31mil\n.jsonl"

  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/" .. NAME, '{"text":"a\\u001b[31m \\u009b5m \\u202eb"}\n{"text":"\255"}\n{"text":"\27]0;x\7"}\n'
      .. '{"\27[2J":1}\nno \27[2J\n')
    t.pipeline(dir, [[input = "ev*", output = "out.jsonl", operators = {
      dm.map(function(s) s["k\27[3m\194\155"] = s.text .. "\27[1m" end),
      dm.filter(function(s) return true, "because\27[31m" end),
      dm.map(function(s) error("wrong\27[31m\7\n\194\155 \226\128\174") end),
    }]])
  end)
  after_each(t.clean)

  local function inert(words)
    local _, out, err = t.shell(("cd %s && %s %s"):format(q(dir), q(t.DMHOST), words))
    local text = out .. err
    assert.truthy(text:find("wrong", 1, true), text)
    for _, pattern in ipairs { "[%z\1-\8\11-\31\127]", "\194[\128-\159]", "\226\128\174" } do
      assert.is_nil(text:find(pattern), text)
    end
    return text
  end

  it("with try", function() inert "try pipeline.lua" end)
  it("with check", function() inert "check pipeline.lua" end)
  it("with run, whose command to replay a row does what it says", function()
    local replay = inert("run pipeline.lua"):match "replay  dmhost ([^\n]*)"
    local _, out = t.bash(("cd %s && %s %s"):format(q(dir), q(t.DMHOST), replay))
    assert.truthy(out:find("rejected by map@pipeline.lua", 1, true), out)
  end)
  it("with explain", function()
    t.shell(("cd %s && %s run -q pipeline.lua"):format(q(dir), q(t.DMHOST)))
    inert("explain out.jsonl " .. q(NAME .. "@0"))
  end)

  it("and long messages are cut", function()
    t.write(dir .. "/long.lua", 'error(("x"):rep(1e8), 0)\n')
    local status, _, err = t.shell(("cd %s && timeout 60 %s run long.lua"):format(q(dir), q(t.DMHOST)))
    assert.equal(2, status)
    assert.is_true(#err < 5000)
  end)
end)
