-- Replaces e-mail addresses: letters, digits and . - + _, an @, the same without capitals, a dot, small letters.
-- Without a `pattern` a scanner finds exactly what Data-Juicer's pattern matches, in linear time.
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
end

function CleanEmail:execute(sample)
  local s = self:get_text(sample)
  if self.re then
    s = self.re:replace(s, self.repl)
  else
    s = text.clean_emails(s, self.repl)
  end
  self:set_text(sample, s)
end

return CleanEmail
