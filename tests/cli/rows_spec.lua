-- Rows as a run reads them: what is no row, what is too long or too deep, and what becomes of it.
local t = require "tests.support"

local q = t.quote

describe("rows", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  ---Runs the input through a pipeline without operators, or with what `more` says.
  local function run(input, more)
    t.write(dir .. "/in.jsonl", input)
    t.pipeline(dir, ('input = %q, output = %q, %s'):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", more:find "operators" and more or "operators = {}, " .. more))
    local status = t.dmhost(("run %s/pipeline.lua --force -j 1"):format(q(dir)))
    return t.read(dir .. "/out.jsonl"), t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl"), status
  end

  local function reasons(rejects)
    local list = {}
    for i, r in ipairs(rejects) do list[i] = r.reason end
    return list
  end

  it("come out as they are, with LF at the end of each; blank lines and a byte order mark do not", function()
    local out, rejects, status = run('\239\187\191{"a":1}\r\n\n \t\r\n{ "b" : 1.0 }\n {"c":"\\ud800"}\r\n{"d":3}', "")
    assert.equal('{"a":1}\n{ "b" : 1.0 }\n {"c":"\\ud800"}\n{"d":3}\n', out)
    assert.equal(0, #rejects)
    assert.equal(0, status)
    local rows = t.receipt(dir .. "/out.jsonl.run").rows
    assert.same({ 4, 4, 2 }, { rows["in"], rows.out, rows.blank_lines })
  end)
  it("that are none are rejected, each alone, with the place of the fault", function()
    local out, rejects, status = run('{"a":1}\n[1]\n{"a":01}\n{"a":"\255"}\n{"a":1}{"b":2}\n"x"\n{"a":"\n{"z":1}\n', "")
    assert.equal('{"a":1}\n{"z":1}\n', out)
    assert.equal(3, status)
    assert.same({ "the row is an array, not an object", "not valid JSON: malformed number, at byte 7 of the row",
      "not valid UTF-8, at byte 7 of the row", "not valid JSON: text after the end of the value, at byte 8 of the row",
      "the row is a string, not an object", "not valid JSON: string without closing quote, at byte 7 of the row" },
      reasons(rejects))
    assert.equal("[1]", rejects[1].input)
    assert.is_nil(rejects[3].input)
    assert.equal("eyJhIjoi/yJ9", rejects[3].input_base64)
  end)
  it("with a byte order mark within the file are rejected, which it says", function()
    local _, rejects = run('{"a":1}\n\239\187\191{"a":2}\n{"a":\239\187\191 3}\n', "")
    assert.same({ "not valid JSON: a byte order mark within the file, at byte 1 of the row",
      "not valid JSON: a byte order mark within the file, at byte 6 of the row" }, reasons(rejects))
    assert.equal('\239\187\191{"a":2}', rejects[1].input)
  end)
  it("with an unpaired surrogate are rejected when the field is read, and pass when another is changed", function()
    local input = '{"text":"\\ud83d","n":1}\n{"text":"fine","n":2}\n'
    local out, rejects = run(input, "operators = { dm.map(function(s) s.text = s.text:upper() end) }")
    assert.equal('{"text":"FINE","n":2}\n', out)
    assert.same({ dir .. "/pipeline.lua:3: the string has an unpaired surrogate, \\ud83d" }, reasons(rejects))
    assert.equal('{"text":"\\ud83d","n":0}\n{"text":"fine","n":0}\n',
      (run(input, "operators = { dm.map(function(s) s.n = 0 end) }")))
  end)
  it("nest as deeply as limits.depth allows, and so do copies of them", function()
    local function deep(levels) return '{"a":' .. ("["):rep(levels - 1) .. ("]"):rep(levels - 1) .. "}\n" end
    local out, rejects = run(deep(512) .. deep(513), "")
    assert.equal(deep(512), out)
    assert.same({ "nested deeper than 512 levels, at byte 517 of the row" }, reasons(rejects))
    local copy = "limits = { depth = 1000 }, operators = { dm.map(function(s) return dm.clone(s) end) }"
    out, rejects = run(deep(1000) .. deep(1001), copy)
    assert.equal(deep(1000), out)
    assert.same({ "nested deeper than 1000 levels, at byte 1005 of the row" }, reasons(rejects))
  end)

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
