-- Operators that wait: many samples are in them at once, and nothing of that can be seen in what comes out.
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

-- Operators of the pipelines: one that asks the server for each sample, a filter and a slicer that do.
local OPERATORS = [[
local base = require "dm.base_op"
local Ask = base.Mapper:extend { name = "ask", waits = true, params = { { "url", "string" },
  { "max_in_flight", "integer" }, { "key", "string", default = "answer" } } }
function Ask:execute(s)
  local before = math.random()
  local reply = assert(dm.http.post(self.url, { prompt = self.key .. s.text }))
  s[self.key], s.before, s.after = reply.body:match '"text": "(.-)"', before, math.random()
  if s.text == "raise" then error "asked to" end
  if s.text == "crash" then require("ffi").cast("int *", 8)[0] = 1 end
  if s.text == "other" then return dm.sample { id = s.id, text = "another" } end
end
local Keep = base.Filter:extend { name = "keep", waits = true, params = Ask.own_params }
function Keep:execute(s)
  local reply = assert(dm.http.post(self.url, { prompt = "keep" .. s.text }))
  return #reply.body % 3 ~= 0, "length", #reply.body
end
local Cut = base.Slicer:extend { name = "cut", waits = true, params = Ask.own_params }
function Cut:execute(s)
  assert(dm.http.post(self.url, { prompt = "cut" .. s.text }))
  local list = {}
  for word in s.text:gmatch "%a+" do list[#list + 1] = word end
  return self:pieces(list)
end
local words = dm.slice(function(s)
  local list = {}
  for word in s.text:gmatch "%S+" do list[#list + 1] = dm.sample { id = s.id, text = word } end
  return list
end)
]]

-- Rows of all sorts: good ones, some of them with CRLF, bad ones, and ones that operators drop or fail on.
---@param most integer? words of the longest text
local function corpus(n, most)
  local rows = {}
  for i = 1, n do
    local text = ("row %d "):format(i) .. ("x "):rep(i * 37 % (most or 50))
    local row = ('{"id":%d, "text":"%s"}'):format(i, text)
    if i % 40 == 3 then row = '{"broken": ' end
    if i % 40 == 4 then row = '{"text": "short"}' end
    if i % 40 == 5 then row = '{"id": 1.50, "text": 7}' end
    if i % 40 == 6 then row = '{"id":' .. i .. ',"text":"raise"}' end
    if i % 40 == 7 then row = '{"id":' .. i .. ',"text":"other"}\r' end
    rows[i] = row
  end
  return table.concat(rows, "\n") .. "\n"
end

describe("operators that wait", function()
  local server, dir
  setup(function() server = servers.start() end)
  teardown(servers.stop)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus(600))
  end)

  local function prepare(operators, more)
    local text = 'local dm = require "dm"\n%s\nreturn dm.pipeline { input = %q, output = %q, %s operators = { %s } }'
    t.write(dir .. "/pipeline.lua",
      text:format(OPERATORS, dir .. "/in.jsonl", dir .. "/out.jsonl", more or "", operators))
  end

  local function run(words)
    local status, _, err = t.dmhost(("run %s/pipeline.lua --force %s"):format(q(dir), words or "-j 1"))
    local all = { status }
    for _, name in ipairs { "out.jsonl", "out.jsonl.run/rejects.jsonl", "out.jsonl.run/ledger.jsonl" } do
      all[#all + 1] = t.read(dir .. "/" .. name)
    end
    return all, err
  end

  local function ask(kind, faults, most, more)
    local url = server:url("/" .. faults .. "/v1")
    return ("%s { url = %q, max_in_flight = %d, %s }"):format(kind, url, most, more or "")
  end

  -- The pipeline of every kind of operator before, between and behind those that wait.
  local function everything(faults, most)
    return table.concat({
      [[{ "text_length_filter", min_len = 6 }, dm.map(function(s) s.seen = true end)]],
      ask("Ask", faults, most),
      [[dm.filter(function(s) return s.id % 11 ~= 0 end)]],
      ask("Keep", faults, most),
      [[dm.map(function(s) s.text = s.text .. " end" end), words]],
      ask("Ask", faults, most, 'key = "again"'),
      ask("Cut", faults, most),
      [[dm.map(function(s) s.last = math.random() end)]],
    }, ", ")
  end

  it("give the same bytes however many samples wait, in whatever order they are answered", function()
    t.write(dir .. "/in.jsonl", corpus(600, 11))
    prepare(everything("ok", 1))
    local want, err = run()
    assert.equal(3, want[1], err)
    assert.is_true(#t.lines(want[2]) > 2000)
    for _, case in ipairs { { "jitter-30", 300, "-j 1" }, { "jitter-30", 64, "-j 2" }, { "jitter-3", 7, "-j 0" } } do
      prepare(everything(case[1], case[2]), 'split_size = "2KiB",')
      local got = run(case[3])
      for i = 1, 4 do assert.is_true(want[i] == got[i], case[1] .. " " .. i) end
    end
  end)

  it("have the samples in flight that they ask for", function()
    local own = servers.start()
    prepare(('Ask { url = %q, max_in_flight = 200 }'):format(own:url "/gather-200/v1"))
    run "-j 1 --limit 400"
    assert.equal(200, own:stats().most_at_once)
  end)

  it("account for every row, and change those that came to nothing in no way", function()
    prepare(ask("Keep", "jitter-5", 100))
    local got = run()
    local r = t.receipt(dir .. "/out.jsonl.run")
    local op = r.operators[1]
    assert.equal(op["in"], op.out + op.dropped + op.rejected)
    assert.equal(r.rows["in"], r.rows.out + op.dropped + op.rejected + r.rows.rejected_input)
    local given = {}
    for line in (corpus(600):gsub("\r", "")):gmatch "[^\n]+" do given[line] = true end
    for _, line in ipairs(t.lines(got[2])) do assert.is_true(given[line], line) end
  end)

  it("are not blamed for the time that they wait", function()
    prepare(ask("Ask", "delay-700", 600), 'limits = { row_time = "300ms" },')
    local got, err = run "-j 1 --limit 50"
    assert.equal(3, got[1])
    assert.is_nil(err:find("row_time", 1, true))
  end)

  it("cost one row when they crash while others wait", function()
    t.write(dir .. "/in.jsonl", corpus(120) .. '{"id":0,"text":"crash"}\n' .. corpus(80))
    prepare(ask("Ask", "jitter-20", 100))
    local got, err = run "-j 1"
    assert.equal(3, got[1], err)
    assert.equal(200 - 2 * 5, #t.lines(got[2]))
    assert.truthy(got[3]:find("crashed the worker", 1, true))
  end)

  it("get splits of many times what waits at once, unless the pipeline says how large they are", function()
    local function split_size(operators, more)
      prepare(operators, more)
      local script = ('local p = require("dm.pipeline").load(%q); p:make_operators {}; print(p.split_size)'):format(
        dir .. "/pipeline.lua")
      local status, out, err = t.dmhost("lua -e " .. q(script))
      assert.equal(0, status, err)
      return tonumber(out)
    end
    local mib = 1024 * 1024
    assert.equal(8 * mib, split_size(ask("Ask", "ok", 256)))
    assert.equal(64 * mib, split_size(ask("Ask", "ok", 2048) .. ", " .. ask("Keep", "ok", 300)))
    assert.equal(mib, split_size(ask("Ask", "ok", 2048), 'split_size = "1MiB",'))
  end)

  it("get a first split of many times what waits at once, too", function()
    local row = '{"id":1,"text":"' .. ("x"):rep(16 * 1024) .. '"}\n'
    t.write(dir .. "/in.jsonl", row:rep(96))
    for most, splits in pairs { [256] = 4, [2048] = 1 } do
      prepare(ask("Ask", "ok", most))
      assert.equal(0, run()[1])
      assert.equal(splits, t.receipt(dir .. "/out.jsonl.run").splits)
    end
  end)

  it("go on behind a row that takes many times as long as the others", function()
    local own = servers.start()
    t.write(dir .. "/in.jsonl", '{"id":0,"text":"stay"}\n' .. ('{"id":1,"text":"go"}\n'):rep(400))
    prepare(('Ask { url = %q, max_in_flight = 8 }'):format(own:url "/stay-300/v1"))
    local got, err = run "-j 1"
    assert.equal(0, got[1], err)
    assert.equal(401, #t.lines(got[2]))
  end)

  it("end with --limit", function()
    prepare(ask("Ask", "jitter-20", 100), 'split_size = "4KiB",')
    run "-j 2 --limit 100"
    assert.equal(100, t.receipt(dir .. "/out.jsonl.run").rows["in"])
  end)

  it("end the run with the first failure, when that is asked for", function()
    prepare(ask("Ask", "delay-20", 100), 'on_error = "fail",')
    local got, err = run "-j 1"
    assert.equal(1, got[1])
    assert.truthy(err:find("not valid JSON", 1, true), err)
  end)
end)
