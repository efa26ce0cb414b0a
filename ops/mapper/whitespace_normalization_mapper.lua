-- Strips the text, then makes one space of each of 23 spaces: TAB, SPACE, U+0084, NBSP, U+2000 to U+200D, U+202F,
-- U+205F, U+2060, U+3000, U+FFFC. Several in a row stay several; line ends stay. The zero-width ones among them join
-- emoji and the letters of some scripts: prefer replace_content_mapper with the pattern [^\S\n] for those.
local Mapper = require("dm.base_op").Mapper
local text = require "dm.text"

local WhitespaceNormalization = Mapper:extend {
  name = "whitespace_normalization_mapper",
  summary = "Strip the text and turn every kind of space into an ordinary one.",
  origin = "Data-Juicer",
  examples = { { input = { text = "  a\tb\227\128\128c\n" }, output = { text = "a b c" } } },
}

function WhitespaceNormalization:execute(sample)
  self:set_text(sample, text.clean_whitespace(self:get_text(sample)))
end

return WhitespaceNormalization
