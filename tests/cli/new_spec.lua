-- dmhost new and init as processes: what they write works as it stands.
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote

describe("dmhost new", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  ---@return integer, string, string exit status, stdout, stderr
  local function dmhost(words)
    return t.shell(("cd %s && DMHOST=%s && $DMHOST %s"):format(q(dir), q(t.DMHOST), words))
  end

  for _, kind in ipairs { "mapper", "filter", "slicer" } do
    it("makes a " .. kind .. " whose examples and spec pass", function()
      local status, out = dmhost(("new %s my_op2"):format(kind))
      assert.equal(0, status)
      assert.same({ "ops/user/my_op2/process.lua", "ops/user/my_op2/my_op2_spec.lua" },
        { unpack(t.lines(out), 1, 2) })
      status, out = dmhost "test my_op2"
      assert.equal(0, status, out)
      assert.truthy(out:find("ok   my_op2  2 passed", 1, true), out)
      assert.truthy(out:find("ok   ops/user/my_op2/my_op2_spec.lua  [23] passed"), out)
      t.write(dir .. "/in.jsonl", '{"text":"born in 1912,\\n\\nfar away"}\n')
      t.pipeline(dir, 'input = "in.jsonl", output = "-", operators = { { "my_op2" } }')
      local out_rows, err
      status, out_rows, err = dmhost "check pipeline.lua && $DMHOST run -q pipeline.lua"
      assert.same({ 0, "0 errors, 0 warnings; 1 row tried\n" }, { status, err })
      assert.truthy(out_rows:find('{"text":', 1, true))
      assert.equal(0, (t.shell(("cd %s && luacheck --no-config --std luajit+busted -q ops"):format(q(dir)))))
    end)
  end
  it("makes a mapper that one line tries", function()
    assert.equal(0, (dmhost "new mapper x"))
    local status, out = dmhost [[lua -e 'print(require("ops.user.x.process"){}:execute{text="test 12"}.text)']]
    assert.same({ 0, "test #\n" }, { status, out })
  end)
  it("makes an operator that asks a model, tested without one", function()
    assert.equal(0, (dmhost "new llm titler"))
    local status, out = dmhost "test titler"
    assert.equal(0, status, out)
    assert.truthy(out:find("ok   titler  1 passed", 1, true), out)
    assert.truthy(out:find("ok   ops/user/titler/titler_spec.lua  3 passed", 1, true), out)
    t.write(dir .. "/in.jsonl", '{"text":"on tea"}\n')
    t.pipeline(dir, 'input = "in.jsonl", output = "-", operators = { { "titler", url = "http://127.0.0.1:9/v1" },'
      .. " dm.map(function(s) s.n = #s.answer end) }")
    local err
    status, out, err = dmhost "check pipeline.lua"
    assert.same({ 0, "0 errors, 0 warnings; 1 row tried\n" }, { status, err }, out)
  end)
  it("overwrites nothing, and takes names that Lua can", function()
    assert.equal(0, (dmhost "new mapper mine"))
    t.write(dir .. "/ops/user/mine/process.lua", "-- changed\n")
    local status, out, err = dmhost "new filter mine"
    assert.same({ 2, "" }, { status, out })
    assert.truthy(err:find("ops/user/mine/process.lua exists; nothing was written", 1, true), err)
    assert.equal("-- changed\n", t.read(dir .. "/ops/user/mine/process.lua"))
    for words, message in pairs {
      ["new"] = "needs a kind and a name",
      ["new maper x"] = 'did you mean "mapper"',
      ["new mapper"] = "needs a name",
      ["new mapper a-b"] = '"a-b" is no name',
      ["new mapper ../x"] = '"../x" is no name',
      ["new mapper a b"] = 'the argument "b" is one too many',
      ["new mapper clean_links_mapper"] = "has an operator",
    } do
      status, out, err = dmhost(words)
      assert.same({ 2, "" }, { status, out }, words)
      assert.truthy(err:find(message, 1, true), err)
    end
  end)
end)

describe("dmhost init", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function dmhost(words)
    return t.shell(("cd %s && DMHOST=%s && $DMHOST %s"):format(q(dir), q(t.DMHOST), words))
  end

  it("makes a project that checks, runs and passes its tests", function()
    assert.equal(0, (dmhost "init a/b"))
    local status, out, err = t.shell(("cd %s/a/b && %s check pipeline.lua && %s test && %s run -q pipeline.lua"):format(
      q(dir), q(t.DMHOST), q(t.DMHOST), q(t.DMHOST)))
    assert.equal(0, status, out .. err)
    assert.truthy(out:find("1 passed, 0 failed", 1, true))
    local receipt = t.receipt(dir .. "/a/b/out/.dmhost")
    assert.is_true(receipt.rows.out > 10 and receipt.rows.out < receipt.rows["in"])
  end)
  it("says what to type in a project whose name has a blank", function()
    local _, out = dmhost "init 'my words'"
    assert.truthy(out:find("next:  cd 'my words'\n", 1, true), out)
  end)
  it("gives editors annotations of dm and of a sample's fields", function()
    assert.equal(0, (dmhost "init ."))
    local config = json.decode(t.read(dir .. "/.luarc.json"))
    assert.equal("LuaJIT", config["runtime.version"])
    local library = dir .. "/" .. config["workspace.library"][1]
    assert.truthy(t.read(library .. "/fields.lua"):find("---@class dm.Sample\n.*---@field text string"))
    assert.truthy(t.read(library .. "/dm/init.lua"):find("---@class dm\n---@field text dm.text", 1, true))
    local _, list = t.shell("find " .. q(library) .. " -name '*.lua'")
    local classes, used = {}, {}
    for _, path in ipairs(t.lines(list)) do
      local text = t.read(path)
      assert(loadstring(text, "@" .. path))
      for name in text:gmatch "%-%-%-@class (dm[%w_.]*)" do classes[name] = true end
      for name in text:gmatch "%-%-%-@%l+ [^\n]*%f[%w.](dm%.%u[%w_]*)" do used[name] = path end
    end
    for _, name in ipairs { "dm", "dm.text", "dm.bytes", "dm.Sample", "dm.Mapper", "dm.Filter", "dm.Slicer",
      "dm.LLM" } do
      assert.is_true(classes[name], name)
    end
    for name, path in pairs(used) do assert.is_true(classes[name], name .. " in " .. path .. " is no class") end
  end)
  it("overwrites nothing", function()
    t.write(dir .. "/pipeline.lua", "-- mine\n")
    local status, out, err = dmhost "init ."
    assert.same({ 2, "" }, { status, out })
    assert.truthy(err:find("pipeline.lua exists; nothing was written", 1, true), err)
    assert.is_nil(t.read(dir .. "/.luarc.json"))
    assert.equal(2, (dmhost "init"))
    assert.equal(2, (dmhost "init a b"))
    status, out, err = dmhost "init /proc/x"
    assert.same({ 2, "" }, { status, out })
    assert.truthy(err:find("/proc/x", 1, true), err)
    assert.is_nil(err:find("traceback", 1, true))
  end)
end)
