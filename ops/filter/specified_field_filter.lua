-- Keeps samples whose field has one of the target values; of a list every element must be one, so an empty list
-- passes. As in Python, true equals 1. A missing field counts as null, which dm.null in target_value allows; a key
-- that leads through something that is no object rejects the row.
local Filter = require("dm.base_op").Filter
local condition = require "dm.condition"
local kind = require "dm.kind"
local path = require "dm.path"
local sample_module = require "dm.sample"

local null = sample_module.null

local SpecifiedField = Filter:extend {
  name = "specified_field_filter",
  summary = "Keep samples whose field has one of certain values.",
  origin = "Data-Juicer",
  stats = true,
  params = {
    { "field_key", "string", required = true, doc = 'which field; "meta.lang" looks inside "meta"' },
    { "target_value", "list", default = {}, doc = "the values that are kept; none keeps all" },
    { "reversed_range", "boolean", default = false, doc = "keep the others" },
  },
  examples = {
    { params = { field_key = "meta.lang", target_value = { "en", "de" } }, input = { meta = { lang = "en" } },
      keep = true },
    { params = { field_key = "tags", target_value = { "a", "b" } }, input = { tags = { "a", "c" } }, keep = false },
  },
}

function SpecifiedField:init()
  if self.field_key == nil or self.field_key == "" then error(self.name .. ": field_key is empty", 0) end
  self.steps = path.split(self.field_key)
  self.targets = self.target_value or {}
end

---Whether a value is a target; of a list every element, null too.
local function is_of(targets, value)
  if not kind.is_list(value) then return condition.is_one_of(targets, value) end
  for i = 1, #value do
    local v = value[i]
    if rawequal(v, null) then v = nil end
    if not condition.is_one_of(targets, v) then return false end
  end
  return true
end

function SpecifiedField:execute(sample)
  local value = path.get(sample, self.steps)
  if self.keep_stats_in_res_ds then self:note(sample, self.field_key, value == nil and null or value) end
  if #self.targets == 0 then return true end
  local is_one = is_of(self.targets, value)
  if self.reversed_range then return not is_one, "one of target_value" end
  return is_one, "none of target_value"
end

return SpecifiedField
