-- dmhost try as a process: what operators do to rows, as JSON and for people.
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote

local SHOUT = [[
local Mapper = require("dm.base_op").Mapper
local Shout = Mapper:extend {
  name = "shout", summary = "Shout.", params = { { "mark", "string", default = "!", doc = "what ends a text" } },
  examples = { { input = { text = "a" }, output = { text = "A!" } } },
}
function Shout:execute(sample) sample.text = sample.text:upper() .. self.mark end
return Shout
]]

describe("dmhost try", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl",
      '{"text":"see http://a.b/c now","n":1}\n\n{"text":"short"}\nnope\n{"text":"a  b c d"}\n')
    os.execute("mkdir -p " .. q(dir .. "/ops/user"))
    t.write(dir .. "/ops/user/shout.lua", SHOUT)
  end)
  after_each(t.clean)

  local function try(words)
    return t.shell(("cd %s && %s try %s"):format(q(dir), q(t.DMHOST), words))
  end

  local function records(words)
    local status, out, err = try(words .. " --json")
    assert.equal(0, status, err)
    local list = {}
    for i, line in ipairs(t.lines(out)) do list[i] = json.decode(line) end
    return list
  end

  local function pipeline(operators, more)
    t.pipeline(dir, ('input = "in.jsonl", output = "out.jsonl", operators = { %s }, %s'):format(operators, more or ""))
  end

  it("tells what every operator did to a row, in a fixed form", function()
    pipeline '{ "clean_links_mapper" }, { "text_length_filter", min_len = 6 }'
    local _, out = try "pipeline.lua --json --limit 2"
    assert.same({
      '{"row":"in.jsonl@0","outcome":"kept","input":{"text":"see http://a.b/c now","n":1},'
        .. '"output":{"text":"see  now","n":1},"steps":[{"op":"clean_links_mapper","number":1,"outcome":"changed",'
        .. '"changed":[{"field":"text","before":"see http://a.b/c now","after":"see  now"}]},'
        .. '{"op":"text_length_filter","number":2,"outcome":"kept","value":8,'
        .. '"bounds":[{"name":"min_len","value":6}]}]}',
      '{"row":"in.jsonl@39","outcome":"dropped","op":"text_length_filter","reason":"below min_len 6",'
        .. '"input":{"text":"short"},"steps":[{"op":"clean_links_mapper","number":1,"outcome":"kept"},'
        .. '{"op":"text_length_filter","number":2,"outcome":"dropped","value":5,'
        .. '"bounds":[{"name":"min_len","value":6}],"reason":"below min_len 6"}]}',
    }, t.lines(out))
  end)

  it("shows what went and what came, why rows are out, and the account", function()
    pipeline '{ "clean_links_mapper" }, { "text_length_filter", min_len = 6 }'
    local status, out = try "pipeline.lua"
    assert.equal(0, status)
    assert.equal([=[
in.jsonl@0  kept
  clean_links_mapper
    text  see [-http://a.b/c-] now
in.jsonl@39  dropped by text_length_filter
  short
  text_length_filter  dropped: 5, below min_len 6
in.jsonl@56  rejected: not valid JSON: expected true, false or null, at byte 1 of the row
  nope
in.jsonl@61  kept, unchanged
  a  b c d

4 rows: 2 kept, 1 dropped, 1 rejected
  clean_links_mapper  1 changed of 3
  text_length_filter  1 dropped of 3
]=], out)
  end)

  it("comes out as the run does, random numbers and slicers' children too", function()
    pipeline [[ dm.slice(function(s) local l = {} for w in s.text:gmatch "%S+" do l[#l + 1] = dm.sample { w = w } end
      return l end), dm.map(function(s) s.r = math.random(1e9) end), dm.filter(function(s) return s.r % 2 == 0 end) ]]
    assert.equal(3, t.shell(("cd %s && %s run pipeline.lua -q"):format(q(dir), q(t.DMHOST))))
    local kept = {}
    local function collect(record)
      if record.output and record.outcome == "kept" then kept[#kept + 1] = record.output end
      for _, child in ipairs(record.children or {}) do collect(child) end
    end
    for _, record in ipairs(records "pipeline.lua") do collect(record) end
    assert.same(t.json_lines(dir .. "/out.jsonl"), kept)
  end)

  it("blames rows that hang, crash or take all memory, and goes on", function()
    pipeline([[ dm.map(function(s)
      if s.n then while true do end end
      if s.text == "short" then require("ffi").cast("int *", 8)[0] = 1 end
      if s.text:find "b c" then local x = {} for i = 1, 1e9 do x[i] = ("y"):rep(1e5) .. i end end
    end) ]], 'limits = { row_time = "1s", memory = "120MiB" }')
    local list = records "pipeline.lua"
    assert.equal("took longer than 1 s", list[1].reason)
    assert.equal(4, list[1].steps[1].error.line)
    assert.truthy(list[2].reason:find("crashed the worker", 1, true))
    assert.equal("rejected", list[3].outcome)
    assert.truthy(list[4].reason:find("needed more than limits.memory", 1, true), list[4].reason)
  end)

  it("tells of rows whose worker ends behind the operators, as of others", function()
    for operator, part in pairs {
      ["dm.map(function(s) table.insert = nil; s.n = 2 end)"] = "attempt to call field 'insert'",
      ["dm.map(function(s) require('ffi').C.close(3) end)"] = "closed descriptors that the worker works with",
    } do
      pipeline(operator)
      t.write(dir .. "/pipeline.lua", "require('ffi').cdef 'int close(int);'\n" .. t.read(dir .. "/pipeline.lua"))
      local list = records "pipeline.lua"
      assert.equal(4, #list)
      assert.equal("rejected", list[1].outcome)
      assert.truthy(list[1].reason:find("^behind the operators: .*" .. part:gsub("%p", "%%%0")), list[1].reason)
      local _, out = try "pipeline.lua"
      assert.truthy(out:find("next +an operator that replaces what all code uses"), out)
    end
    pipeline "dm.map(function(s) os.exit(7) end)"
    assert.equal("ended the worker with exit status 7", records("pipeline.lua")[1].reason)
  end)

  it("waits for two rows that take too long, not for all", function()
    pipeline([[ dm.map(function() while true do end end) ]], 'limits = { row_time = "300ms" }')
    local status, out, err = try "pipeline.lua"
    assert.equal(0, status)
    assert.equal(2, select(2, out:gsub("failed: took longer than 0.3 s", "")), out)
    assert.truthy(err:find("two rows took longer than 0.3 s in map@pipeline.lua:3: the others are not", 1, true), err)
  end)

  it("does not wait for a server that is away", function()
    pipeline '{ "optimize_qa_mapper", url = "http://127.0.0.1:9/v1" }'
    t.write(dir .. "/in.jsonl", ('{"query":"a","response":"b"}\n'):rep(3))
    local list = records "pipeline.lua"
    assert.equal(3, #list)
    assert.truthy(list[1].reason:find("can not be reached", 1, true), list[1].reason)
  end)

  it("names the pipeline's line when an operator can not be made, whatever the command", function()
    t.write(dir .. "/ops/user/shout.lua", (SHOUT:gsub("return Shout",
      'function Shout:init() error("not today", 0) end\nreturn Shout')))
    pipeline '\n{ "shout" }'
    for command, place in pairs { run = "pipeline.lua:4:", check = "pipeline.lua:4:", try = "pipeline.lua:4:",
        ["try shout #"] = "ops/user/shout.lua:7:" } do
      local _, out, err = t.shell(("cd %s && %s %s pipeline.lua"):format(q(dir), q(t.DMHOST), command))
      assert.truthy((out .. err):find(place, 1, true), command .. ": " .. out .. err)
    end
  end)

  it("shows the line of an error with a caret", function()
    pipeline 'dm.map(function(s) s.meta.lang = "en" end)'
    local _, out = try "pipeline.lua -n 1"
    assert.truthy(out:find("failed: attempt to index field 'meta' (a nil value)\n", 1, true), out)
    assert.truthy(out:find("pipeline.lua:3:78\n", 1, true), out)
    assert.truthy(out:find("\n +| +%^+\n"), out)
  end)

  it("explains a failure once", function()
    pipeline 'dm.map(function(s) s.meta.lang = "en" end)'
    local _, out = try "pipeline.lua -n 3"
    assert.equal(2, select(2, out:gsub("failed: attempt to index", "")))
    assert.equal(1, select(2, out:gsub("\n +next ", "")))
  end)

  it("tries an operator alone on its examples and the built-in rows", function()
    local list = records "shout -n 3"
    assert.equal("demo@0", list[1].row)
    assert.equal("A!", list[1].output.text)
    assert.equal(3, #list)
    assert.same(list[2], records("shout --row " .. list[2].row)[1])
    assert.same({ "A!" }, { records("ops/user/shout.lua -n 1")[1].output.text })
  end)

  it("has built-in rows that most operators do something to", function()
    local idle = {}
    local _, catalogue = t.dmhost "ops --json"
    for _, line in ipairs(t.lines(catalogue)) do
      local name = json.decode(line).name
      if not line:find('"max_in_flight"', 1, true) then -- those ask a model
        local status, out = try(name .. " --json -n 1")
        assert.is_true(status == 0 or status == 2, name)
        if status == 0 and out == "" then idle[#idle + 1] = name end
      end
    end
    assert.is_true(#idle <= 10, "nothing happens in " .. table.concat(idle, ", "))
  end)

  it("picks rows by place, expression and share", function()
    pipeline '{ "shout" }'
    assert.equal("in.jsonl@39", records("pipeline.lua --row in.jsonl@39")[1].row)
    assert.equal("in.jsonl@0", records([[pipeline.lua --where 'sample.n == 1']])[1].row)
    t.write(dir .. "/big.jsonl", t.corpus(500))
    local some = records "pipeline.lua big.jsonl --sample 0.1 -n 500"
    assert.is_true(#some > 20 and #some < 90, tostring(#some))
    assert.same(some, records "pipeline.lua big.jsonl --sample 0.1 -n 500")
  end)

  it("reads standard input and takes parameters", function()
    local _, out = t.shell(([[cd %s && echo '{"text":"x"}' | %s try shout - --set 'shout.mark=?' --json]]):format(
      q(dir), q(t.DMHOST)))
    assert.equal("X?", json.decode(out).output.text)
    _, out = t.shell(([[cd %s && %s try -e 'return dm.pipeline { operators = { { "shout" } } }' in.jsonl -n1]]):format(
      q(dir), q(t.DMHOST)))
    assert.truthy(out:find("{+SEE+}", 1, true), out)
  end)

  it("makes golden tests of rows, which dmhost test runs", function()
    local status, _, err = try "shout in.jsonl -n 2 --save"
    assert.equal(0, status)
    assert.truthy(err:find("2 lines added", 1, true), err)
    assert.equal('{"input":{"text":"see http://a.b/c now","n":1},"output":{"text":"SEE HTTP://A.B/C NOW!","n":1}}\n'
      .. '{"input":{"text":"short"},"output":{"text":"SHORT!"}}\n', t.read(dir .. "/ops/user/shout.golden.jsonl"))
    try "shout in.jsonl -n 1 --save"
    assert.equal(2, #t.lines(t.read(dir .. "/ops/user/shout.golden.jsonl")))
    local code, out = t.shell(("cd %s && %s test ops/user"):format(q(dir), q(t.DMHOST)))
    assert.equal(0, code, out)
    t.write(dir .. "/ops/user/shout.lua", (SHOUT:gsub("upper", "lower")))
    assert.equal(1, (t.shell(("cd %s && %s test ops/user"):format(q(dir), q(t.DMHOST)))))
  end)

  it("shows blanks, controls and other scripts so that they can be seen", function()
    t.write(dir .. "/in.jsonl", '{"text":"a \\t\\u00a0\\u001b[31mred\\u200b 数据 end"}\n')
    pipeline 'dm.map(function(s) s.text = "a " .. s.text:match "end" end)'
    local _, out = try "pipeline.lua"
    assert.is_nil(out:find "\27")
    assert.truthy(out:find("→<U+00A0><U+001B>", 1, true), out)
  end)

  it("tells what is wrong with its arguments", function()
    pipeline '{ "shout" }'
    for words, part in pairs {
      [""] = "no operator or pipeline is given",
      ["shoot"] = 'no operator is named "shoot"',
      ["nofile.lua"] = "nofile.lua",
      ["pipeline.lua nofile"] = "nofile",
      ["pipeline.lua --row in.jsonl@3"] = "no row of in.jsonl begins at byte 3\n  next    the next one begins at 39",
      ["pipeline.lua --row x"] = "FILE@OFFSET",
      ["pipeline.lua --row in.jsonl@0#7"] = "makes no such sample",
      ["pipeline.lua --limit 0"] = "--limit takes a whole number",
      ["pipeline.lua --sample 2"] = "--sample takes a share",
      ["pipeline.lua --where 'x ='"] = "--where",
      ["pipeline.lua --where '(function() require(\"ffi\").C.dm_pause(60000) end)()'"] = "dmhost: took longer "
        .. "than 5 s, on row in.jsonl@0\n  at      --where:1:1\n",
      ["pipeline.lua --frob"] = "--frob",
      ["clean_links_mapper --save"] = "--save",
    } do
      local status, _, err = try(words)
      assert.equal(2, status, words)
      assert.truthy(err:find(part, 1, true), words .. ": " .. err)
      assert.is_nil(err:find("stack traceback", 1, true), err)
    end
  end)

  it("says of an operator that can not be made what the run says", function()
    for _, operator in ipairs { "text_lenght_filter", "text_length_filter", "text_length_filter\", min_len = \"x" } do
      t.write(dir .. "/p.lua", 'return require("dm").pipeline { input = "in.jsonl", output = "-",\n  operators = { { "'
        .. operator .. '", min_lem = 1 } } }\n')
      local status, _, err = try "p.lua"
      local _, _, want = t.shell(("cd %s && %s run p.lua"):format(q(dir), q(t.DMHOST)))
      assert.equal(2, status)
      assert.equal(want, err)
      assert.truthy(err:find("p.lua:2:", 1, true) and err:find("^^^", 1, true), err)
    end
  end)

  it("says of input that can not be read what the run says", function()
    local path = q(t.pipeline(dir, 'input = "none*.jsonl", output = "out.jsonl", operators = {}'))
    local status, _, err = try(path)
    local run_status, _, run_err = t.shell(("cd %s && %s run %s"):format(q(dir), q(t.DMHOST), path))
    assert.equal(2, run_status)
    assert.equal(2, status)
    assert.truthy(run_err:find("none*.jsonl\n  next    relative patterns", 1, true), run_err)
    assert.equal(run_err, err)
  end)

  it("shows an error at the head of a file", function()
    t.write(dir .. "/loop.lua", "error 'not yet'\n")
    local status, _, err = try "loop.lua"
    assert.equal(2, status)
    assert.truthy(err:find("not yet", 1, true), err)
    assert.truthy(err:find("loop.lua:1:", 1, true), err)
  end)

  it("waits for operators that ask a model, as the run does", function()
    local servers = require "tests.net.server"
    local server = servers.start()
    t.write(dir .. "/in.jsonl", [[{"id":1,"text":"REPLY:Human: a?\nAssistant: A\nHuman: b?\nAssistant: B"}]] .. "\n"
      .. [[{"id":2,"text":"REPLY:nothing"}]] .. "\n")
    pipeline '{ "generate_qa_from_text_mapper" }, dm.map(function(s) s.r = math.random(1e9) end)'
    local command = "cd %s && OPENAI_BASE_URL=%s %s %s"
    local function with_model(words)
      return t.shell(command:format(q(dir), server:url "/v1", q(t.DMHOST), words))
    end
    local status, _, err = with_model "run pipeline.lua -q -j 1"
    assert.equal(0, status, err)
    local _, out = with_model "try pipeline.lua --json"
    servers.stop()
    local kept = {}
    for _, line in ipairs(t.lines(out)) do
      for _, child in ipairs(json.decode(line).children or {}) do kept[#kept + 1] = child.output end
    end
    assert.equal(2, #kept)
    assert.same(t.json_lines(dir .. "/out.jsonl"), kept)
  end)

  it("ends quietly when nobody reads on", function()
    pipeline '{ "shout" }'
    t.write(dir .. "/in.jsonl", t.corpus(20000))
    local status, out, err = t.bash(("cd %s && %s try pipeline.lua -n 20000 | head -1; echo ${PIPESTATUS[0]}"):format(
      q(dir), q(t.DMHOST)))
    assert.equal(0, status)
    assert.equal("in.jsonl@0  kept\n0\n", out)
    assert.equal("", err)
  end)
end)
