-- Operators in a run: what they see, what they may return, and the account of rows.
local t = require "tests.support"

local q = t.quote

describe("operators in a run", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function run(operators, input, words)
    t.write(dir .. "/in.jsonl", input)
    t.pipeline(dir, ('input = %q, output = %q, operators = { %s }'):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", operators))
    local status, _, err = t.dmhost(("run %s/pipeline.lua --force %s"):format(q(dir), words or "-j 1"))
    return t.read(dir .. "/out.jsonl"), status, err
  end

  local function receipt() return t.receipt(dir .. "/out.jsonl.run") end

  it("edit fields in place, and keep the rest byte for byte", function()
    local out = run('dm.map(function(s) s.text = s.text .. "!" end)',
      '{"n": 1.50,  "text" : "a\\u00e9\\n", "z":[ 1 ]}\n')
    assert.equal('{"n": 1.50,  "text" : "aé\\n!", "z":[ 1 ]}\n', out)
  end)
  it("add and remove fields, at any depth", function()
    local out = run("dm.map(function(s) s.a = nil s.m.x = { 1, 2 } s.new = dm.null end)", '{"a":1,"m":{"k":true}}\n')
    assert.equal('{"m":{"k":true,"x":[1,2]},"new":null}\n', out)
  end)
  it("may return another sample", function()
    assert.equal('{"made":1}\n', (run("dm.map(function(s) return { made = s.a } end)", '{"a":1}\n')))
  end)
  it("drop rows with a reason that the ledger keeps", function()
    local out, status = run('dm.filter(function(s) return s.a > 1, "too small" end)', '{"a":1}\n{"a":2}\n')
    assert.equal('{"a":2}\n', out)
    assert.equal(0, status)
    local ledger = t.json_lines(dir .. "/out.jsonl.run/ledger.jsonl")
    assert.same({ row = dir .. "/in.jsonl@0", op = "filter@pipeline.lua:3", reason = "too small", outcome = "dropped" },
      ledger[1])
  end)
  it("may give the ledger a value, which is a number that JSON has or null", function()
    local _, status = run('dm.filter(function(s) return false, "x", ({ 0.5, 0 / 0, math.huge, "no number" })[s.a] end)',
      '{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}\n')
    assert.equal(0, status)
    local values = {}
    for i, line in ipairs(t.lines(t.read(dir .. "/out.jsonl.run/ledger.jsonl"))) do
      values[i] = line:match '"value":([^,]*)' or "none"
    end
    assert.same({ "0.5", "null", "null", "none" }, values)
  end)
  it("slice rows; a child that fails is rejected alone, with its number", function()
    local out, status = run([[
      dm.slice(function(s)
        local list = {}
        for i, w in ipairs(s.words) do
          local child = dm.clone(s)
          child.words, child.word = nil, w
          list[i] = child
        end
        return list
      end),
      dm.map(function(s) if s.word == "b" then error("no b", 0) end end)]],
      '{"id":7,"words":["a","b","c"]}\n{"words":[]}\n')
    assert.equal('{"id":7,"word":"a"}\n{"id":7,"word":"c"}\n', out)
    assert.equal(3, status)
    local reject = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1]
    assert.equal(dir .. "/in.jsonl@0#2", reject.row)
    assert.equal("no b", reject.reason)
    assert.equal('{"id":7,"word":"b"}', reject.input)
    local ops = receipt().operators
    assert.same({ 2, 3, 2, 1, 0 }, { ops[1]["in"], ops[1].out, ops[1].made, ops[1].dropped, ops[1].rejected })
  end)
  it("may return parts of a sample, and nothing else; the account holds", function()
    local input = '{"a":{"b":1.0},"l":[1]}\n'
    assert.equal('{"b":1.0}\n', (run("dm.map(function(s) return s.a end)", input)))
    for code, reason in pairs {
      ["s.l"] = "a sample must be an object, not an array", ["{ 1 }"] = "a sample must be an object, not an array",
      ["7"] = "a Mapper returns its sample, another one or nothing, not a number",
      ["{ print }"] = "can not be written as JSON",
    } do
      local out, status = run(("dm.map(function(s) return %s end), dm.map(function() end)"):format(code), input)
      assert.same({ "", 3 }, { out, status })
      local reject = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1]
      assert.truthy(reject.reason:find(reason, 1, true), reject.reason)
      local op = receipt().operators[1]
      assert.same({ 1, 0, 1 }, { op["in"], op.out, op.rejected })
    end
  end)
  it("slice into samples only: the row is rejected with all that it would have made", function()
    local out, status = run("dm.slice(function(s) return { { n = 1 }, s.l } end)", '{"l":[1]}\n{"l":{}}\n')
    assert.equal('{"n":1}\n{}\n', out)
    assert.equal(3, status)
    local op = receipt().operators[1]
    assert.same({ 2, 1, 2, 1 }, { op["in"], op.made, op.out, op.rejected })
  end)
  it("account for every row: in + made = out + dropped + rejected", function()
    run([[
      dm.filter(function(s) return s.id % 5 ~= 0 end),
      dm.slice(function(s) local l = {} for i = 1, s.id % 4 do l[i] = dm.clone(s) end return l end),
      dm.map(function(s) if s.id % 7 == 0 then error("seven") end end)]], t.corpus(2000), "-j 2")
    local r, n = receipt(), nil
    for _, op in ipairs(r.operators) do
      if n then assert.equal(n, op["in"]) end
      assert.equal(op["in"] + op.made, op.out + op.dropped + op.rejected)
      n = op.out
    end
    assert.equal(n, r.rows.out)
    assert.equal(#t.lines(t.read(dir .. "/out.jsonl")), r.rows.out)
  end)
  it("slice row after row in the memory of one", function()
    t.write(dir .. "/in.jsonl", ('{"a":1}\n'):rep(64))
    t.pipeline(dir, ("input = %q, output = %q, limits = { memory = '100MiB' }, operators = { %s, %s }"):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", "dm.map(function(s) return { b = s.a } end)",
      "dm.slice(function(s) local l = {} for i = 1, 3000 do l[i] = { i = i, b = s.b } end return l end)"))
    local status, _, err = t.dmhost(("run %s/pipeline.lua -j 1 -q"):format(q(dir)))
    assert.equal(0, status, err)
    local rows = {}
    for i = 1, 3000 do rows[i] = ('{"b":1,"i":%d}\n'):format(i) end
    assert.is_true(t.read(dir .. "/out.jsonl") == table.concat(rows):rep(64))
  end)
  it("cut texts into more pieces than are made at a time, in order, each with its number", function()
    local text, want, n = {}, {}, 0
    for i = 1, 3000 do text[i] = "piece " .. i end
    local out, status = run([[{ "text_chunk_mapper", split_pattern = ";" },
      dm.filter(function(s) return s.text ~= ";" end),
      dm.map(function(s) if s.text == "piece 2500" then error "this one" end end),
      dm.slice(function(s) return { { text = s.text, id = s.id }, { text = "twin", id = s.id } } end)]],
      ('{"id":7,"text":"%s"}\n'):format(table.concat(text, ";")):rep(2))
    for i = 1, 6000 do
      local k = (i - 1) % 3000 + 1
      if k ~= 2500 then
        want[n + 1], want[n + 2] = ('{"id":7,"text":"piece %d"}'):format(k), '{"id":7,"text":"twin"}'
        n = n + 2
      end
    end
    assert.equal(3, status)
    assert.is_true(out == table.concat(want, "\n") .. "\n")
    local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
    assert.equal(dir .. "/in.jsonl@0#4999", rejects[1].row)
    assert.same({ 2, 2 * 5998, 5999 * 2 }, { #rejects, receipt().operators[1].made, receipt().operators[2]["in"] })
  end)
  it("draw random numbers that depend on the row alone", function()
    local corpus = t.corpus(3000)
    local op = "dm.map(function(s) s.r = math.random(1e6) end)"
    assert.is_true(run(op, corpus, "-j 1") == run(op, corpus, "-j 2"))
  end)
  it("draw other random numbers in each file, the same for any -j and split size", function()
    os.execute("mkdir " .. q(dir .. "/in"))
    for i = 100, 299 do t.write(("%s/in/%d.jsonl"):format(dir, i), '{"a":1}\n') end
    local outs = {}
    for i, words in ipairs { "-j 1", "-j 2", "-j 7" } do
      t.pipeline(dir, ("input = %q, output = %q, split_size = %d, operators = { %s }"):format(dir .. "/in",
        dir .. "/out", ({ 8, 80, 800 })[i], "dm.map(function(s) s.r = math.random(1e9) end)"))
      t.dmhost(("run %s/pipeline.lua --force -q %s"):format(q(dir), words))
      outs[i] = t.read(dir .. "/out")
    end
    assert.equal(outs[1], outs[2])
    assert.equal(outs[1], outs[3])
    local different, n = {}, 0
    for _, line in ipairs(t.lines(outs[1])) do
      if not different[line] then n = n + 1 end
      different[line] = true
    end
    assert.is_true(n > 190, n .. " different rows")
  end)
  it("give the same rows for any -j and split size, and for shuffled rows sorted back", function()
    local corpus = t.corpus(3000)
    local op = 'dm.map(function(s) s.text = s.text:upper() end), dm.filter(function(s) return s.id % 3 > 0 end)'
    local want = run(op, corpus, "-j 0")
    for _, words in ipairs { "-j 1", "-j 2", "-j 7" } do assert.is_true(run(op, corpus, words) == want, words) end
    local rows = t.lines(corpus)
    for i = #rows, 2, -1 do
      local j = i * 7919 % i + 1
      rows[i], rows[j] = rows[j], rows[i]
    end
    local shuffled, sorted = t.lines(run(op, table.concat(rows, "\n") .. "\n", "-j 2")), t.lines(want)
    table.sort(shuffled)
    table.sort(sorted)
    assert.same(sorted, shuffled)
  end)
  it("keep nothing of a sample beyond execute", function()
    local _, status = run("dm.map(function(s) if KEPT then KEPT.text = 1 end KEPT = s end)", '{"a":1}\n{"a":2}\n')
    assert.equal(3, status)
    assert.truthy(t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1].reason:find("dm.clone", 1, true))
  end)
  it("come from folders given with --ops, and take parameters with --set", function()
    t.write(dir .. "/loud.lua", [[
      local M = require("dm.base_op").Mapper:extend {
        name = "loud", summary = "Shout.",
        params = { { "mark", "string", default = "!", doc = "what stands at the end" } },
      }
      function M:execute(s) s.text = s.text .. self.mark end
      return M]])
    local out = run('{ "loud" }', '{"text":"a"}\n', ("-j 2 --ops %s --set loud.mark=?"):format(q(dir)))
    assert.equal('{"text":"a?"}\n', out)
  end)
  it("require nothing that the run did not begin with", function()
    t.write(dir .. "/late.lua", "return 'late'")
    run(('dm.map(function(s) package.path = %q s.late = require "late" end)'):format(dir .. "/?.lua"), '{"a":1}\n')
    local reason = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1].reason
    assert.truthy(reason:find("/late.lua was not read when the run began", 1, true), reason)
  end)
  it("see the code that the run began with, whatever changes on disk", function()
    t.write(dir .. "/helper.lua", "return function(s) s.v = 1 end")
    local out = run(([[dm.map((function()
      package.path = %q
      local f = require "helper"
      local file = io.open(%q, "w")
      file:write("return function(s) s.v = 2 end")
      file:close()
      return f
    end)())]]):format(dir .. "/?.lua", dir .. "/helper.lua"), '{"a":1}\n')
    assert.equal('{"a":1,"v":1}\n', out)
  end)
end)
