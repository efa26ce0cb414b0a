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
    local length = names.text_length_filter
    assert.equal("filter", length.kind)
    assert.same({ name = "min_len", type = "integer", default = 10, required = false,
      doc = "least number of code points" }, length.params[15])
    assert.equal("inf", length.params[16].default)
    local _, one = t.dmhost "ops text_length_filter --json"
    assert.same(length, json.decode(one))
  end)
end)
