-- Drops texts in which one word of two letters or more makes up a share of all such words that reaches a limit, so
-- that a text of two different words is dropped. Words are those that jieba finds. Prefer word_repetition_filter for
-- short texts, and those of languages with spaces.
local datamate = require "dm.datamate"
local embedded = require "dm.embedded"
local jieba = require "dm.text.jieba"
local text = require "dm.text"

local FileWithHighRepeatPhraseRateFilter = datamate.ContentFilter:extend {
  name = "FileWithHighRepeatPhraseRateFilter",
  cost = "cutting Chinese into words",
  summary = "Drop texts that repeat one word.",
  params = {
    { "repeatPhraseRatio", "number", default = 0.5, doc = "texts whose share is this or more are dropped" },
    { "hitStopwords", "any", default = false, doc = "whether the words of a list of stop words do not count" },
    jieba.FOLDER,
  },
  examples = {
    { input = { text = "数据清洗变得越来越重要" }, keep = true },
    { input = { text = "hello world" }, output = { text = "" }, keep = false },
  },
}

function FileWithHighRepeatPhraseRateFilter:init()
  local listed = datamate.truthy(self.hitStopwords)
  self.stop = jieba.stop_words(listed and embedded.read "ops/filter/words/hit_stopwords.txt" or "")
  self.words = jieba.lazy(self.jiebaFolder)
end

function FileWithHighRepeatPhraseRateFilter:judge(s)
  if text.length(s) < 2 then return true, nil, 0 end
  local share = self.words():phrase_share(s, self.stop)
  return datamate.below(share, "repeatPhraseRatio", self.repeatPhraseRatio)
end

return FileWithHighRepeatPhraseRateFilter
