-- Replaces IPv4 addresses and IPv6 addresses written in full. Without a `pattern` a scanner finds exactly what
-- Data-Juicer's pattern matches, which asks for no word boundary: 10.0.0.256 leaves 6, and 999.1.1.1 leaves 9. Prefer
-- AnonymizedIpAddress, which takes whole addresses only.
local Mapper = require("dm.base_op").Mapper
local clean = require "dm.text.clean"
local python_regex = require "dm.python.regex"

local CleanIp = Mapper:extend {
  name = "clean_ip_mapper",
  summary = "Replace IP addresses.",
  origin = "Data-Juicer",
  params = {
    { "pattern", "string", doc = "regular expression to use instead, plain or as r'...'" },
    { "repl", "string", default = "", doc = "what stands in an address's place; \\g<0> is the address" },
  },
  examples = {
    { input = { text = "ping 10.0.0.1!" }, output = { text = "ping !" } },
    {
      params = { repl = "<ip>" },
      input = { text = "at 2001:db8:0:0:0:0:0:1" },
      output = { text = "at <ip>" },
    },
  },
}

function CleanIp:init()
  self.re = self.pattern and python_regex.compile(self.pattern, "s")
  self:clean "" -- a repl with a group that the pattern does not have fails now, not at every row
end

---@param s string
---@return string
function CleanIp:clean(s)
  if self.re then return self.re:replace(s, self.repl) end
  return clean.ips(s, self.repl)
end

function CleanIp:execute(sample) self:set_text(sample, self:clean(self:get_text(sample))) end

return CleanIp
