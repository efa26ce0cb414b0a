-- Keeps texts whose number of code points lies in a range.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local TextLength = Filter:extend {
  name = "text_length_filter",
  summary = "Keep texts of a certain length.",
  origin = "Data-Juicer",
  stats_key = "text_len",
  bounds = { "min_len", "max_len" },
  params = {
    { "min_len", "integer", default = 10, doc = "least number of code points" },
    { "max_len", "integer", default = math.huge, doc = "greatest number of code points" },
  },
  examples = {
    { params = { min_len = 3 }, input = { text = "abc" }, keep = true },
    { params = { max_len = 10 }, input = { text = "a long sentence" }, keep = false },
  },
}

function TextLength:measure(sample)
  return text.length(self:get_text(sample))
end

return TextLength
