-- JSON as Python's json module reads it, refuses it and writes it.
local json = require "dm.python.json"
local t = require "tests.support"

local q = t.quote

-- Reads texts, each as a JSON string a line, and tells what json.loads makes of each.
local PYTHON = [[
import json, sys
for line in sys.stdin:
    try:
        value = json.loads(json.loads(line))
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            print(json.dumps(["value", text.encode().decode(), json.dumps(value, ensure_ascii=False), str(value)]))
        except ValueError:
            print(json.dumps(["unwritable"]))
    except json.JSONDecodeError as e:
        print(json.dumps(["fault", e.msg, e.pos]))
    except RecursionError:
        print(json.dumps(["deep"]))
]]

local SEEDS = {
  '{"task_ids": ["a", "b\\u6570\\n"], "n": [1, -2, 0, true, false, null]}', '{"a":{"b":{"c":[[],{}]}}}',
  '"x\\ud83d\\ude00y"',
  "[1,2 ,3]", "[1.50,1e2,-0.0,1E-7,123456.789e3]", "[-0,0.1,1e16,12345678901234567890,5e-324]",
  "[NaN,-Infinity,1e999]",
  '{"retry_count":0}', "{}", "[]", "0", '  {"é" : "数据"} ', '["\\"\\\\\\/\\b\\f\\r\\t"]',
}

local BITS = { "{", "}", "[", "]", ",", ":", '"', "\\", "\\u", "1", "-", "0", "e", ".", " ", "\n", "\t", "nul", "true",
  "é", "\\ud800", "\1", "x", "NaN", "Infinity", "E+", "00", "57" }

---Texts like the seeds, with something cut, doubled or put in.
local function mutate(text)
  for _ = 1, math.random(0, 2) do
    local at = math.random(1, #text + 1)
    local kind = math.random(3)
    if kind == 1 then text = text:sub(1, at - 1) .. text:sub(at + math.random(1, 3)) end
    if kind == 2 then text = text:sub(1, at - 1) .. BITS[math.random(#BITS)] .. text:sub(at) end
    if kind == 3 then text = text:sub(1, at - 1) end
  end
  return text
end

local function is_utf8(text)
  return tonumber(require("ffi").C.dm_utf8_check(text, #text)) == #text
end

describe("dm.python.json", function()
  after_each(t.clean)

  it("reads, writes and refuses what Python does", function()
    math.randomseed(7)
    local texts, lines = {}, {}
    while #texts < 3000 do
      local text = mutate(SEEDS[math.random(#SEEDS)])
      if is_utf8(text) then
        texts[#texts + 1] = text
        lines[#lines + 1] = json.encode(text)
      end
    end
    local dir = t.scratch()
    t.write(dir .. "/in", table.concat(lines, "\n") .. "\n")
    t.write(dir .. "/read.py", PYTHON)
    local status, out, err = t.shell(("python3 %s/read.py <%s/in"):format(q(dir), q(dir)))
    assert.equal(0, status, err)
    local values, unwritable = 0, 0
    for i, line in ipairs(t.lines(out)) do
      local theirs = require("dm.json").decode(line)
      local value, message, at = json.decode(texts[i])
      local what = ("%q: Python has %s"):format(texts[i], line)
      if theirs[1] == "value" then
        values = values + 1
        assert.is_nil(message, what .. ", not " .. tostring(message))
        local ours = { "value", json.encode(value), json.dumps(value), json.str(value) }
        assert.same(theirs, ours, what)
      elseif theirs[1] == "unwritable" then
        unwritable = unwritable + 1
        assert.is_nil(message, what)
        assert.is_false(pcall(json.encode, value), what)
      else
        assert.same({ theirs[2], theirs[3] }, { message, at }, what)
      end
    end
    assert.is_true(values > 300 and unwritable > 5)
  end)

  it("writes what json.dumps writes though it is no JSON, and strings inside others as repr has them", function()
    local value = json.decode [=[[NaN, -Infinity, {"a'b": "c\\d'\"\n\u0001\u007f"}]]=]
    assert.equal([=[[NaN, -Infinity, {"a'b": "c\\d'\"\n\u0001]=] .. "\127\"}]", json.dumps(value))
    assert.equal([=[[nan, -inf, {"a'b": 'c\\d\'"\n\x01\x7f'}]]=], json.str(value))
  end)

  it("does not go deeper than is good", function()
    for _, deep in ipairs { ("["):rep(1e6), ('{"a":'):rep(1e5) } do
      assert.equal("too deep", select(2, json.decode(deep)))
    end
    assert.is_nil(select(2, json.decode(("["):rep(500) .. ("]"):rep(500))))
  end)
end)
