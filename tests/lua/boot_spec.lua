describe("dm.boot", function()
  it("finds modules in the binary before those on disk", function()
    assert.is_truthy(require("dm.embedded").read "lua/dm/boot.lua")
  end)

  it("takes them as bytecode", function()
    assert.is_true(require("dm.embedded").compiled)
  end)
end)

describe("pairs and next", function()
  -- The compiler gives up on the inner loops and then on the outer one. From LuaJIT#827.
  it("visit all fields, whatever the compiler does", function()
    local inner = { 1, 2, 3, 4, 5 }
    local outer = { a = inner, b = inner, c = inner, d = inner, e = inner }
    local function interpret(...) for _ = 1, 100 do end end -- luacheck: ignore
    local count = 0
    for _ = 1, 50000 do
      interpret()
      for _, v in pairs(outer) do
        for _ in pairs(v) do end -- luacheck: ignore
        count = count + 1
      end
      for _, v in next, outer do
        for _ in next, v do end -- luacheck: ignore
        count = count + 1
      end
    end
    assert.equal(500000, count)
  end)
  it("know samples, empty tables and what is no table", function()
    local sample, keys = require("dm.sample").sample { b = 1, a = 2 }, {}
    for k in pairs(sample) do keys[#keys + 1] = k end
    assert.same({ "a", "b" }, keys)
    assert.is_nil(next {})
    assert.equal("a", (next { a = 1 }))
    local _, message = pcall(function() for _ in pairs(nil) do end end) -- luacheck: ignore
    assert.truthy(message:find("boot_spec.lua:%d+: bad argument #1 to 'pairs' %(table expected, got nil%)"), message)
  end)
end)
