local params = require "dm.params"

local null = require("dm.sample").null

describe("dm.params", function()
  local declared = {
    { "min", "integer", default = 1, min = 0, max = 10, doc = "least" },
    { "mode", "string", default = "a", one_of = { "a", "b" }, doc = "how" },
    { "words", "list", doc = "which" },
    { "what", "string|list", doc = "one or several" },
  }

  it("fills defaults", function()
    assert.same({ min = 1, mode = "a" }, params.check(declared, {}, null))
  end)
  it("takes what fits", function()
    assert.same({ min = 3, mode = "b", words = { "x" } },
      params.check(declared, { min = 3, mode = "b", words = { "x" } }, null))
  end)
  it("takes one of several types", function()
    assert.equal("x", params.check(declared, { what = "x" }, null).what)
    assert.same({ "x" }, params.check(declared, { what = { "x" } }, null).what)
  end)
  it("takes dm.null for none, which is not the default", function()
    assert.is_nil(params.check(declared, { min = null }, null).min)
  end)

  local function wrong(given, pattern)
    local values, message = params.check(declared, given, null)
    assert.is_nil(values)
    assert.truthy(message:find(pattern, 1, true), message)
  end

  it("refuses unknown names, with the nearest known one", function()
    wrong({ mni = 1 }, 'did you mean "min"')
    wrong({ elephant = 1 }, 'has no parameter "elephant"')
  end)
  it("refuses other types", function()
    wrong({ min = "3" }, "must be of type integer")
    wrong({ min = 1.5 }, "must be of type integer")
    wrong({ words = { x = 1 } }, "must be of type list")
    wrong({ what = 1 }, "must be of type string or list, not 1")
  end)
  it("refuses values out of range", function()
    wrong({ min = -1 }, "at least 0")
    wrong({ min = 11 }, "at most 10")
    wrong({ mode = "c" }, 'one of "a", "b"')
  end)
  it("refuses what a peer has and we have not, and says why", function()
    local one = { { "gpu", "boolean", default = false, only_default = "there is none", doc = "x" } }
    local values, message = params.check(one, { gpu = true }, null)
    assert.is_nil(values)
    assert.equal('parameter "gpu" can only be false: there is none', message)
    assert.same({ gpu = false }, params.check(one, { gpu = false }, null))
  end)
  it("asks for what is required", function()
    local values, message = params.check({ { "url", "string", required = true, doc = "where" } }, {}, null)
    assert.is_nil(values)
    assert.equal('needs the parameter "url": where', message)
  end)
end)
