-- Our operators give DataMate's answers.
local conformance = require "tests.ops.conformance"

for _, peer in ipairs(require "tests.ops.datamate_peer") do
  describe("conformance with " .. peer.name, function() conformance.each(peer, it) end)
end
