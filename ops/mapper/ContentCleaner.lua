-- Removes a table of contents: from the first line that says "目录" or "Contents" to the last one that looks like an
-- entry (begins with a number, a word or 前言 and ends with a page number, or has seven dots), before three in a row
-- that do not. Lines between go with them; a header alone stays; only the first table goes.
local datamate = require "dm.datamate"

local ContentCleaner = datamate.TextMapper:extend {
  name = "ContentCleaner",
  summary = "Remove a table of contents.",
  examples = {
    { input = { text = "Contents\nIntroduction ... 1\nMethod ... 5\n\nText." }, output = { text = "\nText." } },
  },
}

function ContentCleaner:clean(s) return datamate.contents(s) end -- luacheck: ignore 212/self

return ContentCleaner
