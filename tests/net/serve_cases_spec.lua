-- Every task of DataMate that was recorded, submitted to `dmhost serve`, with either store.
local datamate = require "tests.datamate.support"
local json = require "dm.json"
local recorded = require "tests.datamate.recorded"
local service_of = require "tests.net.service"
local t = require "tests.support"

for _, name in ipairs { "SQLite", "PostgreSQL" } do
  describe("recorded tasks through dmhost serve with " .. name, function()
    local store, service

    setup(function() store = name == "SQLite" and datamate.sqlite or datamate.postgres() end)
    after_each(function()
      if service then service_of.stop(service) end
      service = nil
    end)
    teardown(function()
      datamate.stop()
      t.clean()
    end)

    ---Submits a task and waits for its end.
    local function run(id)
      local reply = service_of.ask(service, "POST", ("/api/task/%s/submit"):format(id), '{"retry_count": 0}')
      assert.equal(('{"status":"Success","message":"%s has been submitted"}'):format(id), reply.body)
      return service_of.eventually(service, "the end of " .. id, function()
        local task = json.decode(service_of.ask(service, "GET", ("/api/task/%s/status"):format(id)).body)
        return (task.status == "completed" or task.status == "failed") and task
      end)
    end

    for _, case in ipairs(recorded.CASES) do
      it(case, function()
        if store.why then pending(t.excuse(store.why)) end
        local task = datamate.case(store, case)
        service = service_of.start(task.root, "-j 2", store.env)
        local ended = run(task.instance)
        assert.equal(recorded.EXIT[case] and "failed" or "completed", ended.status, tostring(ended.error))
        recorded.check(task, case)
      end)
    end
  end)
end
