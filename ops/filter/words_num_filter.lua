-- Keeps texts whose number of words lies in a range. Words are cut at space, newline and TAB; one that is nothing
-- but special characters does not count.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"

local WordsNum = Filter:extend {
  name = "words_num_filter",
  summary = "Keep texts with a certain number of words.",
  origin = "Data-Juicer",
  stats_key = "num_words",
  bounds = { "min_num", "max_num" },
  params = {
    { "lang", "string", default = "en", doc = "language of the tokenization's model; words need none" },
    { "tokenization", "boolean", default = false, only_default = "it needs a SentencePiece model",
      doc = "count a model's pieces instead of words" },
    { "min_num", "integer", default = 10, doc = "least number of words" },
    { "max_num", "integer", default = math.huge, doc = "greatest number of words" },
  },
  examples = {
    { params = { min_num = 3 }, input = { text = "one, two - three" }, keep = true },
    { params = { min_num = 4 }, input = { text = "one, two - three" }, keep = false },
  },
}

function WordsNum:measure(sample)
  return text.word_count(self:get_text(sample))
end

return WordsNum
