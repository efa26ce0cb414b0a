-- Keeps texts that pass the rules that FineWeb adds to those of C4 and Gopher (Penedo et al. 2024,
-- https://arxiv.org/abs/2406.17557, section 3.6), as datatrove's filter of this name has them, in its order and with
-- its reasons. Blank lines do not count. Words are what white space separates; datatrove cuts them with spaCy.
local Filter = require("dm.base_op").Filter
local quality = require "dm.text.quality"
local text = require "dm.text"

local FineWebQuality = Filter:extend {
  name = "FineWebQualityFilter",
  summary = "Keep texts that pass the rules of FineWeb.",
  origin = "datatrove",
  params = {
    { "line_punct_thr", "number", default = 0.12, doc = "least share of lines that end with a stop character" },
    { "line_punct_exclude_zero", "boolean", default = false, doc = "whether texts without any such line pass" },
    { "stop_chars", "list", doc = "the stop characters; without them marks that end sentences in any script" },
    { "short_line_thr", "number", default = 0.67, doc = "greatest share of short lines" },
    { "short_line_length", "integer", default = 30, doc = "code points that a short line has at most" },
    { "char_duplicates_ratio", "number", default = 0.01, doc = "greatest share of the text in repeated lines" },
    { "new_line_ratio", "number", default = 0.3, doc = "most newlines for each word" },
  },
  examples = {
    { input = { text = "A line that is long enough to be one.\nAnother one, as long, that ends so." }, keep = true },
    { input = { text = "a list\nof short\nlines." }, keep = false },
    { input = { text = "A long line without a mark at its very end" }, keep = false },
  },
}

function FineWebQuality:init()
  self.stops = self.stop_chars and text.charset(self.stop_chars) or quality.ends
end

---The first rule about lines that is broken, and the value.
local function check_lines(self, k)
  local stopped, short = k.stopped / k.lines, k.short_lines / k.lines
  if stopped < self.line_punct_thr and not (stopped == 0 and self.line_punct_exclude_zero) then
    return "line_punct_ratio", stopped
  end
  if short > self.short_line_thr then return "short_line_ratio", short end
end

---The first rule that is broken, and the value.
local function check(self, s)
  local k = quality.lines(s, self.stops, self.short_line_length)
  if k.lines == 0 then return "empty" end
  local reason, value = check_lines(self, k)
  if reason then return reason, value end
  local _, chars = quality.duplicates(s, "full_lines")
  local duplicate = chars / (text.length(s) - k.newlines)
  if duplicate > self.char_duplicates_ratio then return "char_dup_ratio", duplicate end
  local newlines = k.newlines / quality.words(s)
  if newlines > self.new_line_ratio then return "list_ratio", newlines end
end

function FineWebQuality:execute(sample)
  local reason, value = check(self, self:get_text(sample))
  if reason then return false, reason, value end
  return true
end

return FineWebQuality
