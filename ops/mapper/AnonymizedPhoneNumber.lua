-- Replaces Chinese phone numbers by <tel>: mobile and landline, with +86 or without. A mobile number that lacks a
-- digit looks like a landline, and so do numbers such as 400-800-1234. Prefer replace_content_mapper with a pattern
-- for mobile numbers only, where other numbers must stay.
local datamate = require "dm.datamate"

local AnonymizedPhoneNumber = datamate.TextMapper:extend {
  name = "AnonymizedPhoneNumber",
  summary = "Replace phone numbers by <tel>.",
  examples = {
    { input = { text = "call +86 138-0013-8000 or (010)62345678" }, output = { text = "call <tel> or <tel>" } },
  },
}

function AnonymizedPhoneNumber:clean(s) return datamate.phones(s) end -- luacheck: ignore 212/self

return AnonymizedPhoneNumber
