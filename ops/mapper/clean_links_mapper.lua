-- Replaces links: scheme:..., www..., host.tld/... . Without a `pattern` a scanner finds exactly what
-- Data-Juicer's pattern matches, in linear time.
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
end

function CleanLinks:execute(sample)
  local s = self:get_text(sample)
  if self.re then
    s = self.re:replace(s, self.repl)
  else
    s = text.clean_links(s, self.repl)
  end
  self:set_text(sample, s)
end

return CleanLinks
