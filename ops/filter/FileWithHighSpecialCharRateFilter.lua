-- Drops texts in which the share of 50 punctuation characters reaches a limit. The closing quotes U+201D and U+2019
-- and the full stop are not among them. Prefer special_characters_filter, to which these, symbols and emoji count.
local datamate = require "dm.datamate"
local text = require "dm.text"

local FileWithHighSpecialCharRateFilter = datamate.ContentFilter:extend {
  name = "FileWithHighSpecialCharRateFilter",
  summary = "Drop texts with a high share of punctuation.",
  params = {
    { "specialCharRatio", "number", default = 0.3, doc = "texts whose share is this or more are dropped" },
  },
  examples = {
    { input = { text = "plain words, and a comma" }, keep = true },
    { input = { text = "!!! ### abc" }, output = { text = "" }, keep = false },
  },
}

local SPECIAL = "~·！@#￥%…&*（）—+-={}|【】、：“；‘《》？，。`!$^()_[]\\:\";'<>?,/"

function FileWithHighSpecialCharRateFilter:init()
  self.special = text.charset { SPECIAL }
end

function FileWithHighSpecialCharRateFilter:judge(s)
  if s == "" then return false, "the text is empty", 0 end
  return datamate.below(self.special:count(s) / text.length(s), "specialCharRatio", self.specialCharRatio)
end

return FileWithHighSpecialCharRateFilter
