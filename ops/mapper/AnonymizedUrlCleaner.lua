-- Replaces http, https, ftp and file URLs, and www. addresses, by <url>. Case matters; a closing bracket and the
-- punctuation of the sentence stay; URLs joined by ";" or "|" count as one. Prefer clean_links_mapper, which knows no
-- case and takes brackets along, for texts that are not Chinese.
local datamate = require "dm.datamate"

local AnonymizedUrlCleaner = datamate.TextMapper:extend {
  name = "AnonymizedUrlCleaner",
  summary = "Replace URLs by <url>.",
  examples = {
    { input = { text = "see https://a.org/b?c=1, www.d.org." }, output = { text = "see <url>, <url>." } },
  },
}

function AnonymizedUrlCleaner:clean(s) return datamate.urls(s) end -- luacheck: ignore 212/self

return AnonymizedUrlCleaner
