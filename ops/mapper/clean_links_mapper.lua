-- Replaces links: scheme:..., www..., host.tld/... . Without a `pattern` a scanner finds exactly what Data-Juicer's
-- pattern matches, in linear time. As with Data-Juicer "note:this" is a link, and one goes on through Chinese to the
-- next space. Prefer AnonymizedUrlCleaner for texts in which either is met.
local Mapper = require("dm.base_op").Mapper
local python_regex = require "dm.python.regex"
local text = require "dm.text"

local CleanLinks = Mapper:extend {
  name = "clean_links_mapper",
  summary = "Replace links.",
  origin = "Data-Juicer",
  params = {
    { "pattern", "string", doc = "regular expression to use instead, plain or as r'...'" },
    { "repl", "string", default = "", doc = "what stands in a link's place; \\g<0> is the link" },
  },
  examples = {
    { input = { text = "see https://a.org/b?c=1, please" }, output = { text = "see , please" } },
    { params = { repl = "<link>" }, input = { text = "at www.a.org." }, output = { text = "at <link>." } },
  },
}

function CleanLinks:init()
  self.re = self.pattern and python_regex.compile(self.pattern, "s")
  self:clean "" -- a repl with a group that the pattern does not have fails now, not at every row
end

---@param s string
---@return string
function CleanLinks:clean(s)
  if self.re then return self.re:replace(s, self.repl) end
  return text.clean_links(s, self.repl)
end

function CleanLinks:execute(sample) self:set_text(sample, self:clean(self:get_text(sample))) end

return CleanLinks
