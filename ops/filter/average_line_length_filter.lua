-- Keeps texts whose lines have a certain length on average: code points of the text, line ends among them, by
-- number of lines. A text without lines has the average 0.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local AverageLineLength = Filter:extend {
  name = "average_line_length_filter",
  summary = "Keep texts whose lines have a certain average length.",
  origin = "Data-Juicer",
  stats_key = "avg_line_length",
  bounds = { "min_len", "max_len" },
  params = {
    { "min_len", "number", default = 10, doc = "least average" },
    { "max_len", "number", default = math.huge, doc = "greatest average" },
  },
  examples = {
    { input = { text = "a line of some length\nand another" }, keep = true },
    { input = { text = "a\nb\nc" }, keep = false },
  },
}

function AverageLineLength:measure(sample)
  local s = self:get_text(sample)
  local lines = text.measure_lines(s)
  return lines == 0 and 0 or text.length(s) / lines
end

return AverageLineLength
