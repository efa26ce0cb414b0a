-- Keeps texts whose longest line has a certain length in code points, without its end. A text without lines has
-- the length 0.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local MaximumLineLength = Filter:extend {
  name = "maximum_line_length_filter",
  summary = "Keep texts whose longest line has a certain length.",
  origin = "Data-Juicer",
  stats_key = "max_line_length",
  bounds = { "min_len", "max_len" },
  params = {
    { "min_len", "integer", default = 10, doc = "least number of code points" },
    { "max_len", "integer", default = math.huge, doc = "greatest number of code points" },
  },
  examples = {
    { input = { text = "short\nand a longer line" }, keep = true },
    { params = { max_len = 10 }, input = { text = "short\nand a longer line" }, keep = false },
  },
}

function MaximumLineLength:measure(sample)
  local _, longest = text.measure_lines(self:get_text(sample))
  return longest
end

return MaximumLineLength
