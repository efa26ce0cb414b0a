-- Drops texts in which one ideograph makes up a share of all ideographs (U+4E00 to U+9FFF) that reaches a limit. An
-- English text with a single Chinese character is dropped; one without any is kept. Prefer character_repetition_filter
-- for texts that are not Chinese.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local C = ffi.C

local FileWithHighRepeatWordRateFilter = datamate.ContentFilter:extend {
  name = "FileWithHighRepeatWordRateFilter",
  summary = "Drop texts that repeat one Chinese character.",
  params = {
    { "repeatWordRatio", "number", default = 0.5, doc = "texts whose share is this or more are dropped" },
  },
  examples = {
    { input = { text = "天地玄黄" }, keep = true },
    { input = { text = "天天天地" }, output = { text = "" }, keep = false },
  },
}

function FileWithHighRepeatWordRateFilter:judge(s)
  local share = C.dm_text_han_repetition(s, #s)
  if share < 0 then return true, nil, 0 end
  return datamate.below(share, "repeatWordRatio", self.repeatWordRatio)
end

return FileWithHighRepeatWordRateFilter
