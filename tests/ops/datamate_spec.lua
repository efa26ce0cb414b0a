-- Every recorded answer of DataMate's operators, but for the exceptions that tests/ops/datamate.lua gives reasons for.
local datamate = require "tests.ops.datamate"

describe("conformance with DataMate", function()
  for _, row in ipairs(datamate.run()) do
    it(row.operator, function()
      io.stderr:write(("%s: %d of %d%s\n"):format(row.operator, row.passed, row.total,
        row.excused > 0 and (", %d excused"):format(row.excused) or ""))
      assert.is_nil(row.first_failure)
      assert.equal(row.total, row.passed + row.excused)
    end)
  end

  it("excuses only what differs", function()
    for name, lines in pairs(datamate.EXCEPTIONS) do
      local row, excused = datamate.operator(name), 0
      for _ in pairs(lines) do excused = excused + 1 end
      assert.equal(excused, row.excused, name)
    end
  end)
end)
