-- Keeps texts in which the most frequent runs of rep_len code points make up a certain share of all runs. With D
-- different runs of which S occur once, the min(floor(sqrt(D)), D - S) most frequent are counted.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local CharacterRepetition = Filter:extend {
  name = "character_repetition_filter",
  summary = "Keep texts that repeat themselves to a certain degree.",
  origin = "Data-Juicer",
  stats_key = "char_rep_ratio",
  bounds = { "min_ratio", "max_ratio" },
  params = {
    { "rep_len", "integer", default = 10, min = 1, doc = "code points in a run" },
    { "min_ratio", "number", default = 0.0, doc = "least share" },
    { "max_ratio", "number", default = 0.5, doc = "greatest share" },
  },
  examples = {
    { input = { text = "a text that says each thing once" }, keep = true },
    { input = { text = ("again "):rep(20) }, keep = true },
    { params = { rep_len = 1 }, input = { text = ("-"):rep(20) }, keep = false },
  },
}

function CharacterRepetition:init()
  local any_least = self.min and self.min <= 0 and not self.min_open
  self.bounded = any_least and self.max and not self.reversed_range and not self.keep_stats_in_res_ds
end

---Most texts repeat so little that a bound on the share settles it.
function CharacterRepetition:execute(sample)
  if self.bounded and text.repetition_below(self:get_text(sample), self.rep_len, self.max) then return true end
  return Filter.execute(self, sample)
end

function CharacterRepetition:measure(sample)
  return text.repetition(self:get_text(sample), self.rep_len)
end

return CharacterRepetition
