-- Makes ASCII of full-width characters. U+FF01 ！, FF08 （, FF09 ）, FF0C ，, FF1A ：, FF1B ；, FF1F ？ stay, as does the
-- space U+3000. Prefer fix_unicode_mapper to have these too.
local datamate = require "dm.datamate"
local text = require "dm.text"

local FullWidthCharacterCleaner = datamate.TextMapper:extend {
  name = "FullWidthCharacterCleaner",
  summary = "Turn full-width letters, digits and symbols into ASCII.",
  examples = { { input = { text = "ＡＢ１，" }, output = { text = "AB1，" } } },
}

function FullWidthCharacterCleaner:init()
  self.wide = text.charset {
    { 0xFF02, 0xFF07 }, { 0xFF0A, 0xFF0B }, { 0xFF0D, 0xFF19 }, { 0xFF1C, 0xFF1E }, { 0xFF20, 0xFF5E },
  }
end

function FullWidthCharacterCleaner:clean(s) return self.wide:shift(s, -0xFEE0) end

return FullWidthCharacterCleaner
