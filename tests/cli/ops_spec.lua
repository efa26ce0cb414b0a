-- dmhost ops: the catalogue as lines, one operator in full, JSON, Markdown.
local json = require "dm.json"
local t = require "tests.support"

describe("dmhost ops", function()
  it("lists every operator on a line", function()
    local status, out = t.dmhost "ops"
    assert.equal(0, status)
    for _, name in ipairs { "text_length_filter", "clean_links_mapper", "text_splitter_slicer" } do
      assert.truthy(out:find("%f[%w_]" .. name .. " +%u[^\n]+%.\n"), name)
    end
  end)
  it("shows one in full", function()
    local status, out = t.dmhost "ops text_length_filter"
    assert.equal(0, status)
    assert.truthy(out:find("min_len +integer +10 +least number of code points\n"), out)
    assert.truthy(out:find("max_len +integer +math.huge"), out)
    assert.truthy(out:find "reversed_range.*\n  text_key")
  end)
  it("suggests what may have been meant", function()
    local status, out, err = t.dmhost "ops text_lenght_filter"
    assert.equal(2, status)
    assert.equal("", out)
    assert.truthy(err:find('did you mean "text_length_filter"', 1, true))
  end)
  it("writes a JSON object for each", function()
    local status, out = t.dmhost "ops --json"
    assert.equal(0, status)
    local names = {}
    for _, line in ipairs(t.lines(out)) do
      local op = json.decode(line)
      assert.is_true(#op.params > 0 and #op.examples > 0 and op.summary ~= "")
      names[op.name] = op
    end
    local length, params = names.text_length_filter, {}
    for _, param in ipairs(length.params) do params[param.name] = param end
    assert.equal("filter", length.kind)
    assert.same({ name = "min_len", type = "integer", default = 10, required = false,
      doc = "least number of code points" }, params.min_len)
    assert.equal("inf", params.max_len.default)
    assert.truthy(out:find('"default":[],"doc":"paths of word lists', 1, true))
    local _, one = t.dmhost "ops text_length_filter --json"
    assert.same(length, json.decode(one))
  end)
  it("shows examples, limits and what an operator costs", function()
    local _, out = t.dmhost "ops text_splitter_slicer"
    assert.truthy(out:find('    before  {"id":1,"text":"one, two"}\n    after   {"id":1,"text":"one,"}\n'
      .. "            {", 1, true), out)
    assert.truthy(out:find("code points in a chunk, at most; at least 1\n", 1, true), out)
    _, out = t.dmhost "ops --json"
    local costly
    for _, line in ipairs(t.lines(out)) do
      local op = json.decode(line)
      costly = costly or op.cost and op
    end
    local _, text = t.dmhost("ops " .. costly.name)
    assert.truthy(text:gsub("%s+", " "):find("Cost " .. costly.cost, 1, true), text)
    _, text = t.dmhost("ops --markdown " .. costly.name)
    assert.truthy(text:find("^### " .. costly.name .. "\n"))
  end)
  it("finds operators by words, the best first", function()
    local status, out = t.dmhost "ops --search 'LINKS mapper'"
    assert.equal(0, status)
    assert.equal("mapper  clean_links_mapper", t.lines(out)[1]:match "^%S+%s+%S+")
    local _, same = t.dmhost "ops links mapper"
    assert.equal(out, same)
    local err
    status, out, err = t.dmhost "ops --search zzzz"
    assert.same({ 1, "" }, { status, out })
    assert.truthy(err:find("^dmhost: ops: no operator has zzzz\n  next    fewer words"), err)
    status = t.dmhost "ops --search ''"
    assert.equal(2, status)
  end)
  it("lists the user's operators too", function()
    local dir = t.scratch()
    local _, out = t.shell(("cd %s && %s new mapper mine && %s ops && %s ops mine"):format(t.quote(dir), t.DMHOST,
      t.DMHOST, t.DMHOST))
    assert.truthy(out:find("\nmapper  mine +Replace numbers by a mark%.\n"), out)
    assert.truthy(out:find('after   {"text":"call # or #"}', 1, true))
    t.write(dir .. "/ops/user/mine/process.lua", 'local Mapper = require("dm.base_op").Mapper\n'
      .. 'local M = Mapper:extend { name = "mine" }\nerror "no"\nreturn M\n')
    local status, list, err = t.shell(("cd %s && %s ops"):format(t.quote(dir), t.DMHOST))
    assert.equal(0, status)
    assert.truthy(list:find "text_length_filter")
    assert.truthy(err:find("ops/user/mine/process.lua can not be loaded", 1, true), err)
    t.clean()
  end)
  it("cuts lines at a narrow terminal's width", function()
    local _, out = t.shell(("script -qec 'stty cols 60; TERM=xterm %s ops' /dev/null"):format(t.DMHOST))
    assert.is_true(#t.lines(out) > 20)
    for _, line in ipairs(t.lines(out)) do assert.is_true(#line <= 68, line) end
  end)
end)
