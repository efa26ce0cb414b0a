-- DataMate as a peer: what its own code answered.
local datamate = require "tests.ops.datamate"

return {
  {
    name = "DataMate",
    folder = "tests/ops/vectors/datamate",
    has = datamate.has,
    run = function(_, name)
      local row = datamate.row(name)
      return { name = name, passed = row.passed, total = row.total - row.excused, excepted = row.excused,
        faults = row.faults }
    end,
  },
}
