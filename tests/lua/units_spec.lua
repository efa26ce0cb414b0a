local units = require "dm.units"

describe("a time", function()
  it("is a number of seconds, or text with a unit", function()
    for given, ms in pairs { [1.5] = 1500, [0] = 0, ["500ms"] = 500, ["30 s"] = 30000, ["2min"] = 120000 } do
      assert.equal(ms, units.milliseconds(given))
    end
    for _, given in ipairs { "soon", "3 days", "", "-1s", 0 / 0, {}, true } do
      assert.is_nil(units.milliseconds(given))
    end
  end)
  it("is never so short that it counts as none", function()
    for _, given in ipairs { 1e-12, 0.0009, "0.5ms", "0.0000001h" } do assert.equal(1, units.milliseconds(given)) end
    assert.equal(0, units.milliseconds "0ms")
    assert.equal(-1000, units.milliseconds(-1))
  end)
end)
