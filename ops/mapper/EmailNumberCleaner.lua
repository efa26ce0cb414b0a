-- Replaces valid e-mail addresses by <email>. Each address that is found replaces the first place where it still
-- stands, which may lie inside one that is not valid: of "..a@b.com a@b.com" the first goes. Prefer clean_email_mapper
-- to take what is not valid along.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local kernel = require "dm.text.kernel"

local EmailNumberCleaner = datamate.TextMapper:extend {
  name = "EmailNumberCleaner",
  summary = "Replace e-mail addresses by <email>.",
  examples = {
    { input = { text = "to a.b@c.org, now" }, output = { text = "to <email>, now" } },
    { input = { text = "a@b.local" }, output = { text = "a@b.local" } },
  },
}

function EmailNumberCleaner:init() kernel.load(ffi.C.dm_mails_load) end -- luacheck: ignore 212/self

function EmailNumberCleaner:clean(s) return datamate.mails(s) end -- luacheck: ignore 212/self

return EmailNumberCleaner
