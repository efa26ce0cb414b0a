-- Replaces IPv4 and IPv6 addresses by <ip> and strips every line. "std::vector" holds an address, "::", for it. Four
-- single digits count as an address in lines where "ip" introduces some. Prefer clean_ip_mapper for source code.
local datamate = require "dm.datamate"

local AnonymizedIpAddress = datamate.TextMapper:extend {
  name = "AnonymizedIpAddress",
  summary = "Replace IP addresses by <ip>.",
  examples = {
    { input = { text = "host 10.0.0.1/24, fe80::1" }, output = { text = "host <ip>/24, <ip>" } },
    { input = { text = "version 1.2.3.4" }, output = { text = "version 1.2.3.4" } },
  },
}

function AnonymizedIpAddress:clean(s) return datamate.addresses(s) end -- luacheck: ignore 212/self

return AnonymizedIpAddress
