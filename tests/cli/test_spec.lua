-- dmhost test as a process: specs, examples and golden files, each in a process of its own.
local t = require "tests.support"

local q = t.quote

local SHOUT = [[
local Mapper = require("dm.base_op").Mapper
local Shout = Mapper:extend {
  name = "shout",
  params = { { "mark", "string", default = "!", doc = "mark" } },
  examples = {
    { input = { text = "a" }, output = { text = "a!" } },
    { params = { mark = "?" }, input = { text = "a", n = 1 }, output = { text = "%s", n = 1 } },
  },
}
function Shout:execute(sample)
  if sample.text == "bad" then error "bad text" end
  sample.text = sample.text .. self.mark
end
return Shout
]]

local KEEP = [[
local Filter = require("dm.base_op").Filter
local Keep = Filter:extend { name = "keep",
  examples = { { input = { n = 1 }, keep = true }, { input = {}, keep = false } } }
function Keep:execute(sample) return sample.n ~= nil end
return Keep
]]

describe("dmhost test", function()
  local dir
  before_each(function()
    dir = t.scratch()
    os.execute("mkdir -p " .. q(dir .. "/ops/user/shout") .. " " .. q(dir .. "/tests"))
    t.write(dir .. "/ops/user/shout/process.lua", SHOUT:format "a?")
    t.write(dir .. "/ops/user/keep.lua", KEEP)
  end)
  after_each(t.clean)

  ---@return integer, string, string exit status, stdout, stderr
  local function test(words)
    return t.shell(("cd %s && %s test %s"):format(q(dir), q(t.DMHOST), words or ""))
  end

  local function has(text, part)
    assert.truthy(text:find(part, 1, true), part .. " is not in:\n" .. text)
  end

  local GOLDEN = "/ops/user/shout/shout.golden.jsonl"

  it("says what is wrong with a file that is no operator, and where", function()
    t.write(dir .. "/ops/user/keep.lua", "local x = = 3\n")
    local _, out = test "keep"
    has(out, "\n      ops/user/keep.lua:1: unexpected symbol")
    t.write(dir .. "/ops/user/keep.lua", "local x = 3\n")
    _, out = test "keep"
    has(out, "ops/user/keep.lua returns nothing, not an operator; the file ends with `return X`")
  end)
  it("runs examples, golden files and specs of a project", function()
    t.write(dir .. GOLDEN, '{"input":{"text":"x","id":12345678901234567890},"output":{"text":"x!",'
      .. '"id":12345678901234567890}}\n\n{"input":{"text":"bad"},"rejected":"bad text"}\n')
    t.write(dir .. "/tests/a_spec.lua", [[
      it("sees dm and a file of the project", function()
        local sample = { text = "a" }
        require("ops.user.shout.process") {}:execute(sample)
        assert.equal("a!", sample.text)
      end)]])
    local status, out = test()
    assert.equal(0, status)
    has(out, "ok   keep  2 passed\nok   shout  4 passed\nok   tests/a_spec.lua  1 passed\n7 passed, 0 failed")
  end)
  it("takes operators by name, files and folders", function()
    t.write(dir .. "/tests/a_spec.lua", 'it("a", function() end)')
    t.write(dir .. "/ops/user/keep.lua", (KEEP:gsub("return Keep\n", "return Keep -- kept\n\n")))
    local status, out = test "text_length_filter keep ops/user/shout/process.lua tests"
    assert.equal(0, status)
    has(out, "ok   text_length_filter  2 passed\nok   keep  2 passed\nok   shout  2 passed\nok   tests/a_spec.lua  1")
    status, out = test "ops"
    assert.equal(0, status)
    has(out, "4 passed, 0 failed, 0 errors, 0 pending; 2 processes")
  end)
  it("shows where an outcome differs", function()
    t.write(dir .. "/ops/user/shout/process.lua", SHOUT:format "a.")
    t.write(dir .. GOLDEN, '{"input":{"text":"x"},"dropped":true}\n{"input":{"text":"bad"},"output":{"text":"bad"}}\n')
    local status, out = test "shout"
    assert.equal(1, status)
    has(out, "FAIL shout  1 passed\n")
    has(out, "failed shout / example 2: ops/user/shout/process.lua\n      output.text\n"
      .. '        expected  "a."\n        got       "a?"\n                    ^\n')
    has(out, "shout.golden.jsonl:1\n      it was kept, not dropped\n")
    has(out, "shout.golden.jsonl:2\n      it was rejected: bad text\n")
    assert.is_nil(out:find("\27", 1, true))
  end)
  it("rewrites lines of golden files whose outcome changed, and no others", function()
    t.write(dir .. GOLDEN, '{"input" : {"text":"x"},"output": { "text":"x!" }, "note":1}\n'
      .. '{"input": {"text":"y"},"note":2,"output":{"text":"no"}}\n{"input":{"text":"bad"},"dropped":true}\n')
    local status, out = test "--update shout"
    assert.equal(0, status)
    has(out, "2 lines of golden files rewritten\n")
    assert.same({ '{"input" : {"text":"x"},"output": { "text":"x!" }, "note":1}',
      '{"input": {"text":"y"},"note":2,"output":{"text":"y!"}}',
      '{"input":{"text":"bad"},"rejected":"bad text"}' }, t.lines(t.read(dir .. GOLDEN)))
    assert.equal(0, (test "shout"))
  end)
  it("gives every spec a process, and ends one that hangs or crashes", function()
    t.write(dir .. "/tests/a_spec.lua", 'it("a", function() shared = 1 end) it("x", function() error "no" end)')
    t.write(dir .. "/tests/b_spec.lua", 'it("b", function() assert.is_nil(rawget(_G, "shared")) end)')
    t.write(dir .. "/c_spec.lua", 'it("hangs", function() os.execute "sleep 1000 &" while true do end end)')
    t.write(dir .. "/tests/d_spec.lua", 'it("crashes", function() require("ffi").cast("int *", 8)[0] = 1 end)')
    t.write(dir .. "/tests/e_spec.lua", 'it("syntax"')
    t.write(dir .. "/tests/f_spec.lua", 'describe("f", function() before_each(function() error "set up" end)\n'
      .. 'it("f", function() end) end)')
    local status, out = test "tests"
    assert.equal(1, status)
    has(out, "FAIL tests/a_spec.lua  1 passed\n  error x: tests/a_spec.lua:1\n      tests/a_spec.lua:1: no\n")
    has(out, "ok   tests/b_spec.lua")
    has(out, "error crashes: tests/d_spec.lua\n      ended the process with signal 11\n")
    has(out, "FAIL tests/e_spec.lua  0 passed\n  error tests/e_spec.lua\n      tests/e_spec.lua:1: ")
    has(out, "error f / before_each: tests/f_spec.lua:1\n      tests/f_spec.lua:1: set up\n")
    has(out, "2 passed, 0 failed, 4 errors, 0 pending; 5 processes")
    status, out = test "c_spec.lua --timeout 2"
    assert.equal(1, status)
    has(out, "error hangs: c_spec.lua\n      did not end within 2 seconds; an endless loop?\n")
  end)
  it("runs as many at once as it is told", function()
    for _, name in ipairs { "a", "b", "c" } do
      t.write(("%s/tests/%s_spec.lua"):format(dir, name), ([[it("meets the others", function()
        local function here(name) return io.open(%q .. name) end
        assert(io.open(%q .. %q, "w")):close()
        while not (here "a" and here "b" and here "c") do require("ffi").C.dm_pause(10) end
      end)]]):format(dir .. "/met-", dir .. "/met-", name))
    end
    local status, out = test "-j 3 --timeout 60 tests"
    assert.equal(0, status, out)
    os.execute("rm " .. q(dir) .. "/met-*")
    out = select(2, test "--jobs 2 --timeout 2 tests")
    has(out, "1 passed, 0 failed, 2 errors, 0 pending; 3 processes") -- the third finds what they left
  end)
  it("reports through busted's output handlers as one document", function()
    t.write(dir .. "/tests/a_spec.lua", 'describe("one", function() it("a", function() end) pending "b" end)')
    t.write(dir .. "/tests/b_spec.lua", 'print "printed" it("c", function() assert.equal(1, 2) end)')
    local status, out, err = test "-o TAP"
    assert.equal(1, status)
    local lines = t.lines(out)
    assert.equal("ok 5 - one a", lines[5])
    assert.equal("1..7", lines[#lines])
    has(out, "not ok 7 - c\n# tests/b_spec.lua @ 1\n# Failure message: tests/b_spec.lua:1: Expected objects")
    has(err, "printed")
    status, out = test "-o junit tests"
    assert.equal(1, status)
    has(out, "tests='3'")
    assert.equal(1, select(2, out:gsub("<testsuite ", "")))
    local _
    status, _, err = test "-o nothing"
    assert.same({ 2, 'dmhost: test: busted has no output handler "nothing"\n'
      .. "  next    `dmhost help test` says what can be tested\n" }, { status, err })
  end)
  it("says what it can not find", function()
    local status, _, err = test "shoutt"
    assert.equal(2, status)
    has(err, 'no operator is named "shoutt"')
    assert.equal(2, (test "ops/user/none.lua"))
    t.write(dir .. "/pipeline.lua", "return 1\n")
    status, _, err = test "pipeline.lua"
    assert.same({ 2, "dmhost: test: pipeline.lua is no spec (*_spec.lua), operator or golden file (*.golden.jsonl)\n"
      .. "  next    `dmhost help test` says what can be tested\n" }, { status, err })
    status, _, err = t.shell(("mkdir %s && cd %s && %s test"):format(q(dir .. "/e"), q(dir .. "/e"), q(t.DMHOST)))
    assert.equal(2, status)
    has(err, "nothing to test here")
    assert.equal(2, (test "--timeout x"))
    for _, n in ipairs { "0", "x", "1.5", "-1" } do assert.equal(2, (test("--jobs=" .. n))) end
  end)
  it("tells of operators without examples, and ends quietly when nobody reads on", function()
    t.write(dir .. "/ops/user/keep.lua", (KEEP:gsub("examples = [^\n]*", "}", 1)))
    local status, out = test "keep"
    assert.equal(0, status)
    has(out, "pending keep: ops/user/keep.lua\n      has no example\n")
    local err
    status, out, err = test "| head -1"
    assert.same({ 0, 1, "" }, { status, #t.lines(out), err })
  end)
end)
