-- Cuts a text into chunks and makes a sample of each; the other fields go with every one. With a pattern alone the
-- separators are chunks too, and blank chunks go (of an empty text nothing is left); with a length alone chunks may
-- overlap; with both, a chunk ends at the last separator within the length, which goes, or at the length. Patterns are
-- those of Python's `re`. As with Data-Juicer a pattern alone is one group of a larger pattern: \1 is all of it.
local Slicer = require("dm.base_op").Slicer
local chunk = require "dm.text.chunk"
local python_regex = require "dm.python.regex"
local text = require "dm.text"

local TextChunk = Slicer:extend {
  name = "text_chunk_mapper",
  cost = "a sample is made for each chunk",
  summary = "Cut a text into chunks at a pattern, or of a certain length.",
  origin = "Data-Juicer",
  params = {
    { "max_len", "integer", min = 1, doc = "code points in a chunk, at most" },
    { "split_pattern", "string", default = "\\n\\n", doc = "where to cut; none: by the length alone" },
    { "overlap_len", "integer", default = 0, min = 0, doc = "code points that a chunk cut by length repeats" },
    { "tokenizer", "string", only_default = "it needs a model's tokenizer",
      doc = "count a model's tokens instead of code points" },
    { "trust_remote_code", "boolean", default = false, doc = "has no effect without a tokenizer" },
  },
  examples = {
    {
      input = { id = 1, text = "one\n\ntwo" },
      outputs = { { id = 1, text = "one" }, { id = 1, text = "two" } },
    },
    {
      params = { max_len = 4, split_pattern = " " },
      input = { text = "to be or" },
      outputs = { { text = "to" }, { text = "be" }, { text = "or" } },
    },
  },
}

function TextChunk:init()
  if not self.max_len and not self.split_pattern then
    error("text_chunk_mapper needs max_len or split_pattern", 0)
  end
  if self.max_len and self.overlap_len >= self.max_len then
    error("text_chunk_mapper: overlap_len must be less than max_len", 0)
  end
  if not self.split_pattern then return end
  local pattern = self.max_len and self.split_pattern or "(" .. self.split_pattern .. ")"
  self.re = text.regex(python_regex.translate(pattern, "re"))
end

---@param s string
---@return string[]
function TextChunk:chunks(s)
  if not self.re then return chunk.windows(s, self.max_len, self.max_len - self.overlap_len) end
  if self.max_len then return chunk.at_pattern(s, self.re, self.max_len, self.overlap_len) end
  return chunk.split(s, self.re)
end

function TextChunk:execute(sample)
  return self:pieces(self:chunks(self:get_text(sample)))
end

return TextChunk
