-- DataMate as a peer: what its own code answered.
local conformance = require "tests.ops.conformance"
local text = require "dm.text"

---Helpers that are no operators: how a case is compared.
local HELPERS = {}

function HELPERS._TextSplitter(case)
  local made, splitter = pcall(text.splitter, case.params)
  if case.output.error then return not made end
  local chunks = made and splitter:split(case.input.text)
  return made and conformance.same(chunks, case.output.chunks), table.concat(chunks or {}, "|")
end

return {
  {
    name = "DataMate",
    folder = "tests/ops/vectors/datamate",
    exceptions = require("tests.ops.exceptions").datamate,
    has = function(name) return HELPERS[name] ~= nil end,
    check = function(name, case, count)
      count("1", HELPERS[name](case.data))
    end,
  },
}
