local base_op = require "dm.base_op"

describe("dm.base_op", function()
  local Shout = base_op.Mapper:extend {
    name = "shout",
    params = { { "mark", "string", default = "!", doc = "what stands at the end" } },
  }
  function Shout:execute(sample) self:set_text(sample, self:get_text(sample) .. self.mark) end

  it("makes operators of a class, called with parameters", function()
    local sample = { text = "hey" }
    Shout { mark = "?" }:execute(sample)
    assert.equal("hey?", sample.text)
    assert.equal("!", Shout {}.mark)
  end)

  it("gives every operator DataMate's keys", function()
    local op = Shout {}
    assert.equal("cpu", op.accelerator)
    assert.equal("text", op.text_key)
    assert.equal("fileName", op.fileName_key)
  end)

  it("reads the text along a dotted path", function()
    local sample = { doc = { body = "deep" } }
    Shout { text_key = "doc.body" }:execute(sample)
    assert.equal("deep!", sample.doc.body)
  end)

  it("goes by a field whose name has the dots first", function()
    local sample = { doc = { body = "deep" }, ["doc.body"] = "flat" }
    Shout { text_key = "doc.body" }:execute(sample)
    assert.same({ doc = { body = "deep" }, ["doc.body"] = "flat!" }, sample)
    sample = { doc = { ["a.b"] = "inside", a = { b = "deep" } } }
    Shout { text_key = "doc.a.b" }:execute(sample)
    assert.same({ doc = { ["a.b"] = "inside!", a = { b = "deep" } } }, sample)
  end)

  it("finds nothing inside a field that is no object", function()
    for _, doc in ipairs { "text", 3, true } do
      assert.has_error(function() Shout { text_key = "doc.upper" }:execute { doc = doc } end,
        'field "doc.upper" is missing or null')
    end
  end)

  it("raises when the text is missing or no string", function()
    assert.has_error(function() Shout {}:execute {} end, 'field "text" is missing or null')
    assert.has_error(function() Shout {}:execute { text = 3 } end, 'field "text" is a number, not a string')
  end)

  it("raises what is not implemented", function()
    local Lazy = base_op.Mapper:extend { name = "lazy" }
    assert.has_error(function() Lazy {}:execute {} end, "lazy: execute is not implemented")
  end)

  it("names the operator in errors of parameters", function()
    assert.has_error(function() Shout { makr = 1 } end, 'shout has no parameter "makr"; did you mean "mark"?')
  end)

  it("calls init once, with what was given", function()
    local seen
    local Op = base_op.Mapper:extend { name = "op", params = { { "x", "any", doc = "any" } } }
    function Op:init(given) seen = { given.x, self.x } end -- luacheck: ignore 212/self
    Op { x = 5 }
    assert.same({ 5, 5 }, seen)
  end)

  describe("Filter", function()
    local Between = base_op.Filter:extend {
      name = "between",
      bounds = { "low", "high" },
      params = {
        { "low", "number", default = 2, doc = "least" },
        { "high", "number", default = 4, doc = "most" },
      },
    }
    function Between:measure(sample) return sample.n end -- luacheck: ignore 212/self

    local function kept(given)
      local op, list = Between(given), {}
      for n = 1, 5 do
        if op:execute { n = n } then list[#list + 1] = n end
      end
      return list
    end

    it("keeps the closed interval", function() assert.same({ 2, 3, 4 }, kept {}) end)
    it("opens ends on request", function()
      assert.same({ 3, 4 }, kept { min_closed_interval = false })
      assert.same({ 2, 3 }, kept { max_closed_interval = false })
    end)
    it("reverses with the ends flipped, as Data-Juicer does", function()
      assert.same({ 1, 2, 4, 5 }, kept { reversed_range = true })
      assert.same({ 1, 4, 5 }, kept { reversed_range = true, min_closed_interval = false })
    end)
    it("tells reason and value", function()
      local keep, reason, value = Between {}:execute { n = 1 }
      assert.is_false(keep)
      assert.equal("below low 2", reason)
      assert.equal(1, value)
    end)
  end)

  describe("Filter's statistics", function()
    local dm = require "dm"
    local Size = base_op.Filter:extend {
      name = "size",
      stats_key = "n_size",
      bounds = { "low", "high" },
      params = { { "low", "number", default = 2, doc = "least" }, { "high", "number", default = 4, doc = "most" } },
    }
    function Size:measure(sample) return sample.n end -- luacheck: ignore 212/self

    it("stay out of the sample", function()
      local sample = dm.sample { n = 3 }
      Size {}:execute(sample)
      assert.equal('{"n":3}', tostring(sample))
    end)
    it("are written on request, beside those that are there", function()
      local op = Size { keep_stats_in_res_ds = true }
      local fresh, old = dm.sample { n = 3 }, dm.sample { n = 9, __dj__stats__ = { a = 1, n_size = 0 } }
      op:execute(fresh)
      op:execute(old)
      assert.equal('{"n":3,"__dj__stats__":{"n_size":3}}', tostring(fresh))
      assert.equal('{"__dj__stats__":{"a":1,"n_size":9},"n":9}', tostring(old))
    end)
    it("need an object", function()
      local op = Size { keep_stats_in_res_ds = true }
      assert.has_error(function() op:execute { n = 3, __dj__stats__ = "x" } end,
        'field "__dj__stats__" is a string, not an object')
    end)
  end)

  describe("Slicer", function()
    it("collects what execute returns and emits", function()
      local Twice = base_op.Slicer:extend { name = "twice" }
      function Twice:execute(sample)
        self:emit(sample)
        return { sample }
      end
      assert.equal(2, #Twice {}:slice { n = 1 })
    end)
  end)
end)
