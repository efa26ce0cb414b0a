-- Keeps samples whose field is one of the tags: a string, a number (true is 1), or null, for which a missing field
-- counts and which dm.null among the tags allows. A list or an object rejects the row. Data-Juicer's selector of this
-- name, which sees the whole data set, keeps a data set of a single row as it is; each row is judged here.
local Filter = require("dm.base_op").Filter
local condition = require "dm.condition"
local kind = require "dm.kind"
local path = require "dm.path"
local sample_module = require "dm.sample"

local TagsSpecifiedField = Filter:extend {
  name = "tags_specified_field_selector",
  summary = "Keep samples whose field is one of certain tags.",
  origin = "Data-Juicer",
  params = {
    { "field_key", "string", default = "", doc = 'which field; "meta.lang" looks inside "meta"; "" keeps all' },
    { "target_tags", "list", required = true, doc = "the tags that are kept" },
  },
  examples = {
    { params = { field_key = "meta.lang", target_tags = { "en", "fr" } }, input = { meta = { lang = "fr" } },
      keep = true },
    { params = { field_key = "meta.lang", target_tags = { "en", "fr" } }, input = { meta = { lang = "de" } },
      keep = false },
  },
}

function TagsSpecifiedField:init()
  self.steps = self.field_key and self.field_key ~= "" and path.split(self.field_key)
end

function TagsSpecifiedField:execute(sample)
  if not self.steps then return true end
  local value = path.get(sample, self.steps)
  if type(value) == "table" or sample_module.is_node(value) then
    error(('field "%s" is %s, not a string, a number or null'):format(self.field_key, kind.name(value)), 0)
  end
  return condition.is_one_of(self.target_tags, value), "none of target_tags"
end

return TagsSpecifiedField
