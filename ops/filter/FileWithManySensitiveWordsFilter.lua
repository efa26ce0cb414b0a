-- Drops texts in which the share of characters in listed words reaches a limit; punctuation, tabs and line ends do not
-- count. DataMate ships its lists empty, so that without wordFiles only a limit of 0 drops anything.
local datamate = require "dm.datamate"
local text = require "dm.text"

local FileWithManySensitiveWordsFilter = datamate.ContentFilter:extend {
  name = "FileWithManySensitiveWordsFilter",
  summary = "Drop texts with many words of a list.",
  params = {
    datamate.WORD_FILES,
    { "sensitiveWordsRate", "number", default = 0.01, doc = "texts whose share is this or more are dropped" },
  },
  examples = { { input = { text = "no list, no words" }, keep = true } },
}

function FileWithManySensitiveWordsFilter:init()
  self.matcher = datamate.word_matcher(self.wordFiles)
  self.apart = text.charset { datamate.SYMBOLS, "\n\t\r" }
end

function FileWithManySensitiveWordsFilter:judge(s)
  local length = text.length(s) - self.apart:count(s)
  if length == 0 then return true, nil, 0 end
  return datamate.below(self.matcher:count(s) / length, "sensitiveWordsRate", self.sensitiveWordsRate)
end

return FileWithManySensitiveWordsFilter
