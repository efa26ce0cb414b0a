-- Removes what DataMate takes for garbled characters (its spelling of "garble"): U+FFFD, private use, bopomofo, and
-- every accented Latin letter up to U+024F, so that "café" becomes "caf". Prefer remove_specific_chars_mapper with
-- what must go, or fix_unicode_mapper, which mends what it can, for texts in any language but English and Chinese.
local datamate = require "dm.datamate"
local text = require "dm.text"

local GrableCharactersCleaner = datamate.TextMapper:extend {
  name = "GrableCharactersCleaner",
  summary = "Remove replacement and private use characters, bopomofo, accented Latin letters.",
  examples = { { input = { text = "caf\195\169 \239\191\189ok" }, output = { text = "caf ok" } } },
}

function GrableCharactersCleaner:init()
  self.garbled = text.charset {
    { 0xC0, 0xD6 }, { 0xD8, 0xF6 }, { 0xF8, 0x24F }, { 0x3100, 0x312F }, { 0xE000, 0xF8FF }, 0xFFFD,
    { 0xF0000, 0xFFFFD }, { 0x100000, 0x10FFFD },
  }
end

function GrableCharactersCleaner:clean(s) return self.garbled:replace(s, "") end

return GrableCharactersCleaner
