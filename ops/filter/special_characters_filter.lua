-- Keeps texts whose share of special characters (ASCII punctuation, digits and white space, listed symbols,
-- emoji) lies in a range. An empty text has the share 0.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local SpecialCharacters = Filter:extend {
  name = "special_characters_filter",
  summary = "Keep texts with a certain share of special characters.",
  origin = "Data-Juicer",
  stats_key = "special_char_ratio",
  bounds = { "min_ratio", "max_ratio" },
  params = {
    { "min_ratio", "number", default = 0.0, doc = "least share" },
    { "max_ratio", "number", default = 0.25, doc = "greatest share" },
  },
  examples = {
    { input = { text = "four words and spaces" }, keep = true },
    { input = { text = "*** 1234 ***" }, keep = false },
  },
}

function SpecialCharacters:measure(sample)
  local s = self:get_text(sample)
  return s == "" and 0 or text.special(s) / text.length(s)
end

return SpecialCharacters
