-- Removes captions of figures and tables. Lines such as "Table of contents" or "Figure it out" look like captions to
-- it, since a letter or two can be a number. Prefer replace_content_mapper with a pattern that asks for a digit.
local datamate = require "dm.datamate"

local LegendCleaner = datamate.TextMapper:extend {
  name = "LegendCleaner",
  summary = "Remove lines that are captions of figures and tables.",
  examples = {
    { input = { text = "before\nFigure 2.1: A plot\nafter" }, output = { text = "before\nafter" } },
    { input = { text = "图1 架构\n正文" }, output = { text = "正文" } },
  },
}

function LegendCleaner:clean(s) return datamate.captions(s) end -- luacheck: ignore 212/self

return LegendCleaner
