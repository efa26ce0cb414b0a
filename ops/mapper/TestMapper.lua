-- DataMate's example of an operator: it has a parameter of each kind that a form can show, and changes nothing.
local Mapper = require("dm.base_op").Mapper

return Mapper:extend {
  name = "TestMapper",
  summary = "Let every sample pass: DataMate's example of parameters.",
  origin = "DataMate",
  params = {
    { "sliderParam", "number|string", default = 0.5, doc = "a number" },
    { "switchParam", "boolean|string", default = false, doc = "yes or no" },
    { "selectParam", "any", doc = "one of a list" },
    { "radioParam", "any", doc = "one of a list" },
    { "rangeParam", "list", default = { 0, 0 }, doc = "two numbers" },
    { "checkboxParam", "list|string", default = {}, doc = "some of a list" },
    { "inputParam", "string", default = "", doc = "a text" },
  },
  examples = { { params = { inputParam = "x" }, input = { text = "a" }, output = { text = "a" } } },
  execute = function() end,
}
