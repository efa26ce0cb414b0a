-- Removes control characters: U+0000 to U+0007, U+000E to U+001F but U+0014, U+007F to U+00A0. A no-break space goes
-- without leaving a space, and the pipe "|" goes too: DataMate wrote it between the ranges as if it meant "or". Prefer
-- fix_unicode_mapper, which leaves both.
local datamate = require "dm.datamate"
local text = require "dm.text"

local InvisibleCharactersCleaner = datamate.TextMapper:extend {
  name = "InvisibleCharactersCleaner",
  summary = "Remove control characters, no-break spaces and pipes.",
  examples = { { input = { text = "a\1b\194\160c|d" }, output = { text = "abcd" } } },
}

function InvisibleCharactersCleaner:init()
  self.invisible = text.charset { { 0, 7 }, { 0x0E, 0x13 }, { 0x15, 0x1F }, { 0x7F, 0xA0 }, "|" }
end

function InvisibleCharactersCleaner:clean(s) return self.invisible:replace(s, "") end

return InvisibleCharactersCleaner
