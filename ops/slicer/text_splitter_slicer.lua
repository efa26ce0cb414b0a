-- Cuts a text into chunks at blank lines, line ends and punctuation, as DataMate's TextSplitter does, and
-- makes a sample of each; the other fields go with every one.
local Slicer = require("dm.base_op").Slicer
local text = require "dm.text"

local TextSplitter = Slicer:extend {
  name = "text_splitter_slicer",
  summary = "Cut a text into chunks of a certain length.",
  origin = "DataMate",
  cost = "a sample is made for each chunk",
  params = {
    { "chunk_size", "integer", default = 800, min = 1, doc = "code points in a chunk, at most" },
    { "chunk_overlap", "integer", default = 100, min = 0, doc = "code points that a chunk may repeat" },
    { "max_characters", "integer", default = -1, doc = "code points to look at; below 1: all" },
  },
  examples = {
    {
      params = { chunk_size = 5, chunk_overlap = 0 },
      input = { id = 1, text = "one, two" },
      outputs = { { id = 1, text = "one," }, { id = 1, text = "two" } },
    },
  },
}

function TextSplitter:init()
  self.splitter = text.splitter(self)
end

function TextSplitter:execute(sample)
  return self:pieces(self.splitter:split(self:get_text(sample)))
end

return TextSplitter
