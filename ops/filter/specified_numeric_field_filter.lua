-- Keeps samples whose field is a number in a range; strings are read as Python's float() reads them. As in Data-Juicer
-- the number 0, false, what is empty and a missing field are dropped, whatever the range and with reversed_range too;
-- so are strings that are no number. A key that leads through something that is no object rejects the row. Prefer
-- general_field_filter where 0 may stay.
local Filter = require("dm.base_op").Filter
local condition = require "dm.condition"
local path = require "dm.path"
local python_float = require "dm.python.float"
local null = require("dm.sample").null

local LARGEST = 9223372036854774784 -- the greatest below 2^63, Data-Juicer's bound

local SpecifiedNumericField = Filter:extend {
  name = "specified_numeric_field_filter",
  summary = "Keep samples whose field is a number in a range.",
  origin = "Data-Juicer",
  bounds = { "min_value", "max_value" },
  params = {
    { "field_key", "string", required = true, doc = 'which field; "meta.stars" looks inside "meta"' },
    { "min_value", "number", default = -LARGEST, doc = "least value" },
    { "max_value", "number", default = LARGEST, doc = "greatest value" },
  },
  examples = {
    { params = { field_key = "meta.stars", min_value = 10 }, input = { meta = { stars = "36" } }, keep = true },
    { params = { field_key = "meta.stars", max_value = 10 }, input = { meta = { stars = 36 } }, keep = false },
  },
}

function SpecifiedNumericField:init()
  if self.field_key == nil or self.field_key == "" then error(self.name .. ": field_key is empty", 0) end
  self.steps = path.split(self.field_key)
end

---The number of a value, or nil. Objects and lists raise, as in Python, unless they are empty.
local function number_of(v)
  if not condition.truth(v) then return nil end
  if type(v) == "string" then return python_float(v) end
  if type(v) == "boolean" then return 1 end
  if type(v) ~= "number" then v = tonumber(tostring(v)) end -- an integer beyond 2^53
  return v or error("the value is an object or a list, not a number", 0)
end

function SpecifiedNumericField:execute(sample)
  local value = path.get(sample, self.steps)
  if self.keep_stats_in_res_ds then self:note(sample, self.field_key, value == nil and null or value) end
  local number = number_of(value)
  if not number then return false, "no number, or 0" end
  if number ~= number then return self.reversed_range, "not a number" end
  local keep, reason = self:compare(number)
  return keep, reason, number
end

return SpecifiedNumericField
