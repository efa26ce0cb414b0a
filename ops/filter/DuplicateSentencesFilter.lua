-- Of lines that occur five times or more keeps the first; blank lines and table tags stay. DataMate calls it a Filter,
-- though it changes texts: a sample is dropped only when its text was empty before.
local datamate = require "dm.datamate"

local DuplicateSentencesFilter = datamate.ContentFilter:extend {
  name = "DuplicateSentencesFilter",
  summary = "Remove lines that are repeated five times or more.",
  examples = {
    { input = { text = "a\na\na\na\na\nb" }, output = { text = "a\nb" }, keep = true },
    { input = { text = "a\na\nb" }, output = { text = "a\na\nb" }, keep = true },
  },
}

function DuplicateSentencesFilter:execute(sample)
  self:set_text(sample, datamate.repeated_lines(self:get_text(sample)))
  return datamate.ContentFilter.execute(self, sample)
end

function DuplicateSentencesFilter:judge() return true end -- luacheck: ignore 212/self

return DuplicateSentencesFilter
