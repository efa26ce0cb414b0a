-- dmhost explain as a process: a row of a run, with the code that the run had.
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote

describe("dmhost explain", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", '{"text":"see http://a.b/c now"}\n{"text":"short"}\nnope\n')
    os.execute("mkdir -p " .. q(dir .. "/ops/user"))
    t.write(dir .. "/words.lua", 'return { mark = "!" }\n')
    t.write(dir .. "/ops/user/shout.lua", [[
local Mapper = require("dm.base_op").Mapper
local words = require "words"
local Shout = Mapper:extend { name = "shout", summary = "Shout." }
function Shout:execute(sample) sample.text = sample.text:upper() .. words.mark end
return Shout
]])
    t.pipeline(dir, [[input = "in.jsonl", output = "out.jsonl", operators = { { "shout" },
      { "text_length_filter", min_len = 6 }, dm.slice(function(s) return { dm.clone(s), dm.clone(s) } end),
      { "text_length_filter", min_len = 10 } }]])
    assert.equal(3, (t.shell(("cd %s && %s run pipeline.lua -q -j 1"):format(q(dir), q(t.DMHOST)))))
  end)
  after_each(t.clean)

  local function explain(words)
    return t.shell(("cd %s && %s explain %s"):format(q(dir), q(t.DMHOST), words))
  end

  local function record(words)
    local status, out, err = explain(words .. " --json")
    assert.equal(0, status, err)
    return json.decode(out)
  end

  it("tells of every operator what it did, in the words of the ledger", function()
    for _, entry in ipairs(t.json_lines(dir .. "/out.jsonl.run/ledger.jsonl")) do
      local r = record("out.jsonl '" .. entry.row .. "'")
      assert.equal(entry.outcome, r.outcome)
      assert.equal(entry.reason, r.reason)
      assert.equal(entry.op, r.op)
    end
    local _, out = explain "out.jsonl in.jsonl@0"
    assert.truthy(out:find("in.jsonl@0  kept\n  shout\n", 1, true), out)
    assert.truthy(out:find("  text_length_filter  kept: 21\n", 1, true), out)
    assert.truthy(out:find("  slice@pipeline.lua:4  made 2 samples\n", 1, true), out)
  end)

  it("runs the code that the run had, not what lies on disk now", function()
    local before = record "out.jsonl in.jsonl@0"
    t.write(dir .. "/words.lua", 'return { mark = "?" }\n')
    t.write(dir .. "/ops/user/shout.lua", "broken(")
    os.remove(dir .. "/pipeline.lua")
    assert.same(before, record "out.jsonl in.jsonl@0")
    assert.same(before, record "out.jsonl.run in.jsonl@0")
  end)

  it("refuses what has changed, is gone or was never there", function()
    for words, part in pairs {
      [""] = "no run and row are given",
      ["out.jsonl"] = "no run and row are given",
      ["in.jsonl in.jsonl@0"] = "is no run",
      ["out.jsonl in.jsonl"] = "FILE@OFFSET",
      ["out.jsonl other.jsonl@0"] = "is no input of this run",
      ["out.jsonl in.jsonl@5"] = "no row of in.jsonl begins at byte 5",
      ["out.jsonl 'in.jsonl@0#9'"] = "makes no such sample",
      ["-- out.jsonl -@0"] = "standard input",
    } do
      local status, _, err = explain(words)
      assert.equal(2, status, words)
      assert.truthy(err:find(part, 1, true), words .. ": " .. err)
    end
    t.write(dir .. "/in.jsonl", '{"text":"another"}\n')
    local status, _, err = explain "out.jsonl in.jsonl@0"
    assert.equal(2, status)
    assert.truthy(err:find("in.jsonl has changed since the run began", 1, true), err)
    os.remove(dir .. "/in.jsonl")
    _, _, err = explain "out.jsonl in.jsonl@0"
    assert.truthy(err:find("in.jsonl is gone", 1, true), err)
  end)
end)
