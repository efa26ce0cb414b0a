-- Keeps texts that repeat themselves to a certain degree: of all runs of rep_len words, the share that occurs more
-- than once. Words are cut at space, newline and TAB, put in small letters, and stripped of special characters. A
-- text with fewer words has the share 0.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local WordRepetition = Filter:extend {
  name = "word_repetition_filter",
  summary = "Keep texts that repeat runs of words to a certain degree.",
  origin = "Data-Juicer",
  stats_key = "word_rep_ratio",
  bounds = { "min_ratio", "max_ratio" },
  params = {
    { "lang", "string", default = "en", doc = "language of the tokenization's model; words need none" },
    { "tokenization", "boolean", default = false, only_default = "it needs a SentencePiece model",
      doc = "look at a model's pieces instead of words" },
    { "rep_len", "integer", default = 10, min = 1, doc = "words in a run" },
    { "min_ratio", "number", default = 0.0, doc = "least share" },
    { "max_ratio", "number", default = 0.5, doc = "greatest share" },
  },
  examples = {
    { input = { text = "a text that says each thing once" }, keep = true },
    { params = { rep_len = 2 }, input = { text = "now and now and now and" }, keep = false },
  },
}

function WordRepetition:measure(sample)
  return text.word_repetition(self:get_text(sample), self.rep_len)
end

return WordRepetition
