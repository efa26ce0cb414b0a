-- Makes U+0020 of each of 24 spaces, one for one, line ends aside. Among them are the zero-width ones, so that emoji
-- joined by U+200D and scripts that need U+200C or U+200D come apart, as they do in DataMate. Prefer
-- replace_content_mapper with the pattern [^\S\n] for those.
local datamate = require "dm.datamate"
local text = require "dm.text"

local UnicodeSpaceCleaner = datamate.TextMapper:extend {
  name = "UnicodeSpaceCleaner",
  summary = "Turn every kind of space into an ordinary one.",
  examples = { { input = { text = "a\227\128\128b\194\160c" }, output = { text = "a b c" } } },
}

function UnicodeSpaceCleaner:init()
  self.spaces = text.charset {
    0xA0, 0x1680, 0x180E, { 0x2000, 0x200D }, 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF,
  }
end

function UnicodeSpaceCleaner:clean(s) return self.spaces:replace(s, " ") end

return UnicodeSpaceCleaner
