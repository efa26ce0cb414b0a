local registry = require "dm.registry"
local t = require "tests.support"

describe("dm.registry", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function operator(path, name)
    os.execute("mkdir -p " .. t.quote(path:match "^(.*)/"))
    t.write(path, ('local M = require("dm.base_op").Mapper:extend { name = "%s" }\n'):format(name)
      .. "function M:execute() end\nreturn M\n")
  end

  it("finds operators in folders, by file name or as DataMate lays them out", function()
    operator(dir .. "/spec_one.lua", "spec_one")
    operator(dir .. "/mine/spec_two.lua", "mine.spec_two")
    operator(dir .. "/spec_three/process.lua", "spec_three")
    registry.add_folder(dir)
    for _, name in ipairs { "spec_one", "mine.spec_two", "spec_three" } do
      assert.equal(name, registry.get(name).name)
    end
  end)

  it("refuses two operators of one name", function()
    operator(dir .. "/spec_twin.lua", "spec_twin")
    operator(dir .. "/spec_twin/process.lua", "spec_twin")
    registry.add_folder(dir)
    local class, why = registry.get "spec_twin"
    assert.is_nil(class)
    assert.truthy(why:find("two operators are named", 1, true))
  end)

  it("suggests the nearest name", function()
    local _, why = registry.get "text_lenght_filter"
    assert.truthy(why:find('did you mean "text_length_filter"', 1, true), why)
  end)

  describe("OPERATORS.register_module", function()
    local register = registry.OPERATORS.register_module
    it("takes the same pair twice, refuses another, replaces by force", function()
      register { module_name = "spec_reg", module_path = "a.b" }
      assert.equal("a.b", register { module_name = "spec_reg", module_path = "a.b" })
      assert.has_error(function() register { module_name = "spec_reg", module_path = "c.d" } end)
      assert.equal("c.d", register { module_name = "spec_reg", module_path = "c.d", force = true })
    end)
    it("refuses names that are none", function()
      assert.has_error(function() register { module_name = "a-b", module_path = "x" } end)
    end)
  end)
end)
