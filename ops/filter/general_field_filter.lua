-- Keeps samples for which a condition on their fields holds, in Python's notation. A comparison with a missing or null
-- field is false, != too. A condition that Data-Juicer would refuse on every row (not, in, negative numbers,
-- arithmetic, calls) is refused at the start. Filters before it that keep_stats_in_res_ds can be asked about
-- __dj__stats__.text_len and the like. Prefer specified_numeric_field_filter where the range has negative numbers.
local Filter = require("dm.base_op").Filter
local condition = require "dm.condition"
local null = require("dm.sample").null

local GeneralField = Filter:extend {
  name = "general_field_filter",
  summary = "Keep samples for which a condition on their fields holds.",
  origin = "Data-Juicer",
  stats = true,
  params = {
    { "filter_condition", "string", default = "",
      doc = 'such as "10 < num <= 30 and meta.lang == \'en\'"; empty keeps all' },
    { "reversed_range", "boolean", default = false, doc = "has no effect here, as in Data-Juicer" },
  },
  examples = {
    { params = { filter_condition = "10 < num <= 30" }, input = { num = 30 }, keep = true },
    { params = { filter_condition = "meta.lang == 'en' or num > 9" }, input = { meta = { lang = "de" } },
      keep = false },
  },
}

function GeneralField:init()
  if not self.filter_condition or not self.filter_condition:find "%S" then return end
  local ok, holds = pcall(condition.compile, self.filter_condition)
  if not ok then error(self.name .. ": filter_condition: " .. holds, 0) end
  self.holds = holds
end

function GeneralField:execute(sample)
  if not self.holds then return true end
  local value = self.holds(sample)
  if self.keep_stats_in_res_ds then
    self:note(sample, "general_field_filter_condition", value == nil and null or value)
  end
  return condition.truth(value), "the condition does not hold"
end

return GeneralField
