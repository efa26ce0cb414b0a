-- Replaces e-mail addresses: letters, digits and . - + _, an @, the same without capitals, a dot, small letters.
-- Without a `pattern` a scanner finds exactly what Data-Juicer's pattern matches, in linear time. Prefer
-- EmailNumberCleaner where domains may be written in capitals.
local Mapper = require("dm.base_op").Mapper
local python_regex = require "dm.python.regex"
local text = require "dm.text"

local CleanEmail = Mapper:extend {
  name = "clean_email_mapper",
  summary = "Replace e-mail addresses.",
  origin = "Data-Juicer",
  params = {
    { "pattern", "string", doc = "regular expression to use instead, plain or as r'...'" },
    { "repl", "string", default = "", doc = "what stands in an address's place; \\g<0> is the address" },
  },
  examples = {
    { input = { text = "write to a.b@c.org!" }, output = { text = "write to !" } },
    { params = { repl = "<email>" }, input = { text = "to a@b.org" }, output = { text = "to <email>" } },
  },
}

function CleanEmail:init()
  self.re = self.pattern and python_regex.compile(self.pattern, "s")
  self:clean "" -- a repl with a group that the pattern does not have fails now, not at every row
end

---@param s string
---@return string
function CleanEmail:clean(s)
  if self.re then return self.re:replace(s, self.repl) end
  return text.clean_emails(s, self.repl)
end

function CleanEmail:execute(sample) self:set_text(sample, self:clean(self:get_text(sample))) end

return CleanEmail
