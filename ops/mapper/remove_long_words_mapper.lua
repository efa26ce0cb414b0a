-- Keeps words whose length lies in a range, as they are or without the special characters at their ends. Words are
-- separated by spaces, TABs and line ends; several of those become one, and empty lines go.
local Mapper = require("dm.base_op").Mapper
local clean = require "dm.text.clean"

local RemoveLongWords = Mapper:extend {
  name = "remove_long_words_mapper",
  summary = "Remove words that are too long or too short.",
  origin = "Data-Juicer",
  params = {
    { "min_len", "integer", default = 1, doc = "least number of code points in a word" },
    { "max_len", "integer", default = math.huge, doc = "greatest number" },
  },
  examples = {
    {
      params = { min_len = 2, max_len = 5 },
      input = { text = "a word, wordless  and\n\n(five)" },
      output = { text = "word, and\n(five)" },
    },
  },
}

function RemoveLongWords:execute(sample)
  self:set_text(sample, clean.long_words(self:get_text(sample), self.min_len, self.max_len))
end

return RemoveLongWords
