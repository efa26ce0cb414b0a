-- Rows as a run reads them: what is no row, what is too long or too deep, and what becomes of it.
local t = require "tests.support"

local q = t.quote

describe("rows", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function run(input, more)
    t.write(dir .. "/in.jsonl", input)
    t.pipeline(dir, ('input = %q, output = %q, operators = {}, %s'):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", more or ""))
    local status = t.dmhost(("run %s/pipeline.lua --force -j 1"):format(q(dir)))
    return t.read(dir .. "/out.jsonl"), t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl"), status
  end

  it("over the limit are rejected with their beginning, however much of them was in memory", function()
    local row = '{"text":"' .. ("x"):rep(2000) .. '"}'
    local huge = '{"text":"' .. ("y"):rep(2000000) .. '"}'
    local out, rejects, status = run(row .. '\n{"a":1}\n' .. huge .. '\n{"b":2}\n', 'limits = { row_size = "1500B" }')
    assert.equal('{"a":1}\n{"b":2}\n', out)
    assert.equal(3, status)
    for i, text in ipairs { row, huge } do
      assert.equal(text:sub(1, 1024), rejects[i].input)
      assert.is_true(rejects[i].cut)
      assert.equal("row is longer than limits.row_size, 1500 bytes", rejects[i].reason)
    end
    assert.equal(dir .. "/in.jsonl@" .. (#row + 9), rejects[2].row)
  end)
end)
