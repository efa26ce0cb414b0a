-- Our operators give Data-Juicer's answers.
local conformance = require "tests.ops.conformance"

for _, peer in ipairs(require "tests.ops.datajuicer_peer") do
  describe("conformance with " .. peer.name, function() conformance.each(peer, it) end)
end
