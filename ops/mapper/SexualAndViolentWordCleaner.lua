-- Turns listed words into asterisks, also where punctuation stands between their characters. DataMate ships its list
-- empty, so that without wordFiles nothing changes.
local datamate = require "dm.datamate"

return datamate.WordCleaner:extend {
  name = "SexualAndViolentWordCleaner",
  summary = "Turn sexual and violent words of a list into asterisks.",
  examples = { { input = { text = "no list, no change" }, output = { text = "no list, no change" } } },
}
