-- Makes one space of several, of every kind, strips lines and removes blank ones; a space between two ideographs or
-- punctuation marks goes. Tabs inside a line stay. Prefer whitespace_normalization_mapper where paragraphs are told by
-- blank lines.
local datamate = require "dm.datamate"

local ExtraSpaceCleaner = datamate.TextMapper:extend {
  name = "ExtraSpaceCleaner",
  summary = "Squeeze spaces and remove blank lines.",
  examples = {
    { input = { text = "  a   b \n\n\n c " }, output = { text = "a b\nc" } },
    { input = { text = "中 文 ok" }, output = { text = "中文 ok" } },
  },
}

function ExtraSpaceCleaner:clean(s) return datamate.squeeze(s) end -- luacheck: ignore 212/self

return ExtraSpaceCleaner
