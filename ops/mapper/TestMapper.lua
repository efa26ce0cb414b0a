-- Leaves samples as they are: DataMate's example of an operator that takes a parameter of each kind.
local Mapper = require("dm.base_op").Mapper

local TestMapper = Mapper:extend {
  name = "TestMapper",
  summary = "Leave samples as they are.",
  origin = "DataMate",
  params = {
    { "sliderParam", "number", default = 0.5, doc = "has no effect" },
    { "switchParam", "any", default = false, doc = "has no effect" },
    { "selectParam", "string", default = "", doc = "has no effect" },
    { "radioParam", "string", default = "", doc = "has no effect" },
    { "rangeParam", "list", default = { 0, 0 }, doc = "has no effect" },
    { "checkboxParam", "any", default = {}, doc = "has no effect" },
    { "inputParam", "string", default = "", doc = "has no effect" },
  },
  examples = { { input = { text = "as it was" }, output = { text = "as it was" } } },
}

function TestMapper:execute() end -- luacheck: ignore 212/self

return TestMapper
