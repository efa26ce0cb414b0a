-- Removes emoji: every sequence of Unicode's list up to Emoji 16, so that ©, ®, ™ and ♂ go, and variation selectors
-- everywhere. Digits, # and * stay unless a keycap follows. Prefer replace_content_mapper with the pattern
-- \p{Emoji_Presentation} where signs such as © must stay.
local datamate = require "dm.datamate"

local EmojiCleaner = datamate.TextMapper:extend {
  name = "EmojiCleaner",
  summary = "Remove emoji.",
  examples = { { input = { text = "fine 👍🏽 1" }, output = { text = "fine  1" } } },
}

function EmojiCleaner:clean(s) return datamate.emoji(s) end -- luacheck: ignore 212/self

return EmojiCleaner
