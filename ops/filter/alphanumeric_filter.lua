-- Keeps texts whose share of letters and digits lies in a range: code points for which Python's str.isalnum is
-- true, so ½, ² and Ⅷ count and combining marks do not. An empty text has the share 0.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local Alphanumeric = Filter:extend {
  name = "alphanumeric_filter",
  summary = "Keep texts with a certain share of letters and digits.",
  origin = "Data-Juicer",
  stats_key = "alnum_ratio",
  bounds = { "min_ratio", "max_ratio" },
  params = {
    { "tokenization", "boolean", default = false, only_default = "letters per token need a tokenizer model",
      doc = "count letters per token instead" },
    { "min_ratio", "number", default = 0.25, doc = "least share" },
    { "max_ratio", "number", default = math.huge, doc = "greatest share" },
  },
  examples = {
    { input = { text = "letters and 12 digits" }, keep = true },
    { input = { text = "-- ** --" }, keep = false },
  },
}

function Alphanumeric:measure(sample)
  local s = self:get_text(sample)
  return s == "" and 0 or text.alnum(s) / text.length(s)
end

return Alphanumeric
