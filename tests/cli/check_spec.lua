-- dmhost check as a process: everything that is wrong, in one go, with file, line and column.
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote

describe("dmhost check", function()
  local dir
  before_each(function()
    dir = t.scratch()
    local rows = {}
    for i = 1, 20 do
      rows[i] = ('{"id":%d,"text":"some words of row %d","meta":{"lang":"en"},"none":null}'):format(i, i)
    end
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
  end)
  after_each(t.clean)

  ---@return integer, string[], string exit status, findings, stderr
  local function check(words)
    local status, out, err = t.shell(("cd %s && %s check %s"):format(q(dir), q(t.DMHOST), words))
    return status, t.lines(out), err
  end

  local function pipeline(body) t.pipeline(dir, body) end

  local function has(lines, start, part)
    for _, line in ipairs(lines) do
      if line:sub(1, #start) == start and line:find(part, 1, true) then return true end
    end
    error(("no line %q with %q in:\n%s"):format(start, part, table.concat(lines, "\n")), 2)
  end

  local function operators(list) pipeline('input = "in.jsonl", output = "out", operators = {\n' .. list .. "\n}") end

  it("finds nothing wrong with what is right", function()
    operators [[
      { "text_length_filter", min_len = 3 },
      { "clean_links_mapper" },
      dm.map(function(s) if s.none == nil then s.length = #s.text end end),
      dm.filter(function(s) return s.length > 3 and s.meta.lang == "en" end)]]
    local status, lines, err = check "pipeline.lua"
    assert.same({ 0, {} }, { status, lines })
    assert.equal("0 errors, 0 warnings; 20 rows tried\n", err)
  end)
  it("finds nothing wrong with the example", function()
    local status, out = t.dmhost(("check examples/clean.lua -i %s -o %s"):format(q(dir .. "/in.jsonl"), q(dir .. "/o")))
    assert.same({ 0, "" }, { status, (out:gsub("[^\n]*drops every row[^\n]*\n", "")) })
  end)
  it("takes parameters as a run does", function()
    operators '{ "text_length_filter", min_len = 3 }, { "clean_links_mapper" }'
    assert.equal(0, (check "pipeline.lua --set text_length_filter.min_len=4"))
    local status, lines = check "pipeline.lua --set text_length_filter.min_len=x --set clean_links_maper.a=1"
    assert.equal(2, status)
    has(lines, "pipeline.lua:4:", '--set: text_length_filter parameter "min_len" must be')
    has(lines, "pipeline.lua:1:", '--set: the pipeline has no operator "clean_links_maper"')
    has(select(2, check "pipeline.lua --set nonsense"), "pipeline.lua:1:", "--set takes OPERATOR.KEY=VALUE")
    has(select(2, check "pipeline.lua --set text_length_filter.min_len=1000"), "pipeline.lua:4:", "drops every row")
  end)
  it("tells all that is wrong at once", function()
    pipeline [[
  input = { "in.jsonl", "no*.jsonl" }, outptu = "x",
  output = "in.jsonl", on_error = "ignore",
  limits = { row_tiem = 3, memory = "lots" },
  operators = {
    { "text_lenght_filter" },
    { "text_length_filter", min_lenn = 3, max_len = "x" },
    { "text_splitter_slicer", chunk_size = 0 },
    { "specified_field_filter" },
    { "stopwords_filter", lang = "en", stopwords_dir = "nowhere" },
    "alphanumeric_filter", 7,
  }]]
    local status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:3:25: error: ", "no file matches the input no*.jsonl; relative patterns count from")
    has(lines, "pipeline.lua:3:40: error: ", 'did you mean "output"')
    has(lines, "pipeline.lua:4:12: error: ", "in.jsonl exists")
    has(lines, "pipeline.lua:4:24: error: ", "on_error")
    has(lines, "pipeline.lua:5:14: error: ", 'did you mean "row_time"')
    has(lines, "pipeline.lua:5:28: error: ", "memory")
    has(lines, "pipeline.lua:7:7: error: ", 'did you mean "text_length_filter"')
    has(lines, "pipeline.lua:8:29: error: ", 'did you mean "min_len"')
    has(lines, "pipeline.lua:8:43: error: ", "type integer")
    has(lines, "pipeline.lua:9:31: error: ", "at least 1")
    has(lines, "pipeline.lua:10:7: error: ", 'needs the parameter "field_key"')
    has(lines, "pipeline.lua:11:7: error: ", "nowhere")
    has(lines, "pipeline.lua:12:28: error: ", "operator 7")
  end)
  it("names the place of a syntax error", function()
    t.write(dir .. "/p.lua", "local dm = 1\nreturn dm.pipeline {\n  input = 1 } }\n")
    local status, lines = check "p.lua"
    assert.same({ 2, { "p.lua:3:15: error: '<eof>' expected near '}'" } }, { status, lines })
  end)
  it("goes on to the other pipelines", function()
    operators ""
    t.write(dir .. "/bad.lua", "return 1\n")
    local status, lines = check "bad.lua pipeline.lua nothing.lua"
    assert.equal(2, status)
    assert.equal(2, #lines)
    has(lines, "bad.lua:1:1: error: ", "must return dm.pipeline")
    has(lines, "nothing.lua:1: error: ", "No such file")
  end)
  it("finds globals", function()
    operators [[
      dm.map(function(s) count = (count or 0) + 1; s.n = count end),
      dm.map(function(s) s.m = tostrign(s.id) end)]]
    local status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:4:26: warning: ", 'assignment to global "count"')
    has(lines, "pipeline.lua:5:32: error: ", 'undeclared global "tostrign"; did you mean "tostring"?')
  end)
  it("finds fields that no row has", function()
    os.execute("mkdir -p " .. q(dir .. "/ops/user/shout"))
    t.write(dir .. "/ops/user/shout/process.lua", [[
local Mapper = require("dm.base_op").Mapper
local Shout = Mapper:extend { name = "shout", params = { { "mark", "string", default = "!", doc = "mark" } } }
local function lang(s)
  local meta = s.meta
  return meta.lnag
end
function Shout:execute(sample)
  sample.text = (sample.txet or "") .. self.mark
  sample.lang = lang(sample)
end
return Shout
]])
    operators [[
      { "shout" },
      { "text_length_filter", min_len = 1, text_key = "txt" },
      { "specified_field_filter", field_key = "meta.lagn" },
      dm.map(function(s) return s.absent and s.lang end)]]
    local status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "ops/user/shout/process.lua:5:15: error: ", '"meta.lnag"; did you mean "lang"?')
    has(lines, "ops/user/shout/process.lua:8:25: error: ", '"txet"; did you mean "text"?')
    has(lines, "pipeline.lua:5:44: error: ", '"txt"; did you mean "text"?')
    has(lines, "pipeline.lua:6:35: error: ", '"meta.lagn"; did you mean "lang"?')
    has(lines, "pipeline.lua:7:35: warning: ", '"absent"; they have id, ')
    assert.equal(5, #lines)
  end)
  it("finds fields that an operator before has removed", function()
    operators [[
      dm.map(function(s) s.meta.lang = nil end),
      dm.map(function(s) return { text = s.text, meta = s.meta } end),
      dm.map(function(s) s.x = s.meta.lang; s.y = s.id end)]]
    local status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:6:39: error: ", 'field "meta.lang" is gone after operator 1')
    has(lines, "pipeline.lua:6:53: error: ", 'field "id" is gone after operator 2')
    assert.equal(2, #lines)
  end)
  it("tells of operators that reject or drop every row", function()
    operators [[
      dm.map(function(s) if s.id > 15 then error "too many" end end),
      dm.filter(function() return false, "never" end),
      dm.map(function(s) s.n = s.meta + 1 end)]]
    local status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:4:", "rejects 5 of 20 rows of the sample: too many (in.jsonl@")
    has(lines, "pipeline.lua:5:17: warning: ", "drops every row of the sample (15): never")
    has(lines, "pipeline.lua:6:", "rejects every row of the sample: attempt to perform arithmetic on")
  end)
  it("warns of regular expressions that may take very long", function()
    operators [[
      { "replace_content_mapper", pattern = { "a+b", "(\\w+\\s?)*!" } },
      dm.map((function() local re = dm.text.regex ".+@x"; return function(s) s.n = re:count(s.text) end end)()),
      { "clean_links_mapper", pattern = "(?<![a-z])[a-z]+://\\S+" }]]
    local status, lines = check "pipeline.lua"
    assert.equal(0, status)
    has(lines, "pipeline.lua:4:35: warning: ", "is repeated in more ways than one")
    has(lines, "pipeline.lua:5:", "it begins with .+ without an anchor")
    assert.equal(2, #lines)
  end)
  it("warns of those that read again behind what does not hold them", function()
    operators [[
      { "replace_content_mapper", pattern = "(?<!x)[b-z]+@[a-z]+" },
      { "replace_content_mapper", pattern = "(?<!.).*@x" },
      { "replace_content_mapper", pattern = "(?<![,;])[a-z][a-z0-9]+@" },
      { "replace_content_mapper", pattern = "[0-9][a-z]+@" }]]
    local _, lines = check "pipeline.lua"
    has(lines, "pipeline.lua:4:35: warning: ", "it begins with (?<!x)[b-z]+ without an anchor")
    has(lines, "pipeline.lua:6:35: warning: ", "it begins with (?<![,;])[a-z][a-z0-9]+ without an anchor")
    assert.equal(2, #lines)
  end)
  it("tells which rows are none", function()
    t.write(dir .. "/in.jsonl", '{"text":"a"}\n[1]\n{"text":\n')
    operators ""
    local status, lines = check "pipeline.lua"
    assert.equal(0, status)
    has(lines, "pipeline.lua:3:9: warning: ", "2 of 3 rows of the sample are not JSON objects")
  end)
  it("does not hang or crash with what it checks", function()
    operators [[dm.map(function(s) while true do s.n = 1 end end), dm.map(function(s) s.b = s.id == nope end)]]
    local status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:4:", "still running after 3 seconds; an endless loop?")
    has(lines, "pipeline.lua:4:", 'undeclared global "nope"')
    operators [[dm.map(function() require("ffi").cast("int *", 8)[0] = 1 end), dm.map(function(s) s.b = nope end)]]
    status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:4:", "ended the process with signal 11")
    has(lines, "pipeline.lua:4:", 'undeclared global "nope"')
    operators [[dm.map(function() error("not enough memory", 0) end)]]
    lines = select(2, check "pipeline.lua") -- after the first row that took all memory the others are not tried
    has(lines, "pipeline.lua:4:", "rejects 1 of ")
  end)
  it("takes what can not be a pipeline or an operator for what it is", function()
    t.write(dir .. "/p.lua", 'local dm = require "dm"\nreturn dm.pipeline(nil)\n')
    local status, lines = check "p.lua"
    assert.equal(2, status)
    has(lines, "p.lua:", "dm.pipeline takes a table")
    os.execute("mkdir -p " .. q(dir .. "/ops/user"))
    t.write(dir .. "/ops/user/five.lua", "return 5\n")
    t.write(dir .. "/ops/user/broken.lua", "local x = (1\n")
    t.write(dir .. "/ops/user/needs.lua", 'local x = require "nothing.here"\nreturn x\n')
    operators [[{ "five" }, { "broken" }, { "needs" }, { "clean_links_mapper", 5 }, false]]
    status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:4:3: error: ", "ops/user/five.lua returns a number, not an operator")
    has(lines, "ops/user/broken.lua:1:13:", "')' expected")
    has(lines, "ops/user/needs.lua:1:19: error: ", 'no module "nothing.here"')
    has(lines, "pipeline.lua:4:", "clean_links_mapper takes `key = value` only")
    has(lines, "pipeline.lua:4:69: error: ", "operator 5 must be")
    assert.equal(5, #lines)
  end)
  if not t.DMHOST:find("/san/", 1, true) then -- the sanitizers take more address space than any limit allows
    it("bounds the memory of what it checks", function()
      -- more than the limit, asked for and not touched
      t.write(dir .. "/p.lua", "local t = {}\nfor i = 1, 40 do t[i] = require 'string.buffer'.new(1e8) end\n")
      local status, lines = check "p.lua"
      assert.same({ 2, 1 }, { status, #lines })
      has(lines, "p.lua:", "not enough memory")
    end)
  end
  it("writes a JSON object for each finding", function()
    operators [[{ "text_lenght_filter" }, dm.map(function(s) s.a = s.txet end)]]
    local status, lines = check "--json pipeline.lua"
    assert.equal(2, status)
    local first, second = json.decode(lines[1]), json.decode(lines[2])
    assert.same({ "pipeline.lua", 4, 3, "error" }, { first.file, first.line, first.col, first.severity })
    assert.truthy(second.message:find("txet", 1, true))
  end)
  it("takes rows of compressed input", function()
    os.execute("gzip " .. q(dir .. "/in.jsonl"))
    pipeline 'input = "in.jsonl.gz", output = "out", operators = { dm.map(function(s) s.a = s.txet end) }'
    local status, lines = check "pipeline.lua"
    assert.equal(2, status)
    has(lines, "pipeline.lua:3:", '"txet"; did you mean "text"?')
  end)
  it("says how it is used, and ends quietly when nobody reads on", function()
    local status, lines, err = check ""
    assert.same({ 2, {},
      "dmhost: no pipeline is given\n  next    dmhost check PIPELINE.lua... [OPTIONS]\n" }, { status, lines, err })
    operators [[{ "a" }, { "b" }, { "c" }]]
    status, lines, err = check "pipeline.lua | head -1"
    assert.equal(0, status) -- that of head
    assert.equal(1, #lines)
    assert.equal("3 errors, 0 warnings; 20 rows tried\n", err)
  end)
end)
