-- Replaces the numbers of Chinese identity cards by <id>. The check sum decides nothing, as in DataMate.
local datamate = require "dm.datamate"

local AnonymizedIdNumber = datamate.TextMapper:extend {
  name = "AnonymizedIdNumber",
  summary = "Replace the numbers of Chinese identity cards.",
  examples = {
    { input = { text = "id 11010519491231002X." }, output = { text = "id <id>." } },
  },
}

function AnonymizedIdNumber:clean(s) return datamate.ids(s) end -- luacheck: ignore 212/self

return AnonymizedIdNumber
