-- Tasks of DataMate: every one that was recorded of the real executor, replayed, with either store.
local datamate = require "tests.datamate.support"
local recorded = require "tests.datamate.recorded"
local t = require "tests.support"

for _, name in ipairs { "SQLite", "PostgreSQL" } do
  describe("recorded tasks of DataMate with " .. name, function()
    local store

    setup(function() store = name == "SQLite" and datamate.sqlite or datamate.postgres() end)
    teardown(function()
      datamate.stop()
      t.clean()
    end)

    for _, case in ipairs(recorded.CASES) do
      it(case, function()
        if store.why then pending(t.excuse(store.why)) end
        local task = datamate.case(store, case)
        local status, _, message = task:run()
        assert.are.equal(recorded.EXIT[case] or 0, status, message)
        recorded.check(task, case)
      end)
    end
  end)
end
