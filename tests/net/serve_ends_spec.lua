-- Whatever ends a task of `dmhost serve`, DataMate's tables say how it ended: real kills, of the task, of the service
-- and of the database.
local datamate = require "tests.datamate.support"
local service_of = require "tests.net.service"
local t = require "tests.support"

for _, name in ipairs { "SQLite", "PostgreSQL" } do
  describe("a task of dmhost serve, with tables in " .. name, function()
    local store, task, service

    setup(function() store = name == "SQLite" and datamate.sqlite or datamate.postgres() end)
    teardown(function()
      datamate.stop()
      t.clean()
    end)

    local function start()
      service = service_of.start(task.root, "-j 1 --tasks 1", store.env)
    end

    after_each(function()
      if service then service_of.stop(service) end
      service = nil
    end)

    ---A test with a task of its own, once it is known whether there are tables.
    local function test(what, body)
      it(what, function()
        if store.why then pending(t.excuse(store.why)) end
        task = datamate.task(store, { process = "- WaitsMapper: {}", files = { { "a.txt", "a" }, { "b.txt", "b" } } })
        service_of.add_operator(task.root)
        start()
        body()
      end)
    end

    local function post(action, id)
      local target = ("/api/task/%s/%s"):format(id or task.instance, action)
      local reply = service_of.ask(service, "POST", target).body
      assert.truthy(reply:find '"Success"', reply)
    end

    local function known(id) return service_of.known(service, id or task.instance) end
    local function eventually(what, condition) return service_of.eventually(service, what, condition) end

    local function becomes(status)
      eventually("the status " .. status, function() return known().status == status end)
    end

    local function tables_say(status)
      eventually("the tables to say " .. status, function() return task:status() == status end)
    end

    ---Waits until the operator runs, and says which process runs the task. The file may still be that of a worker
    ---that was killed before.
    local function runs()
      local pid = eventually("a process that runs the task", function()
        return tonumber((select(2, t.shell(("pgrep -P %s -f 'run .*process.yaml'"):format(service.pid)))))
      end)
      tables_say "RUNNING"
      os.remove(task.root .. "/RAN")
      eventually("the operator to run", function() return t.read(task.root .. "/RAN") end)
      return pid
    end

    local function ends_well()
      t.write(task.root .. "/OPEN", "")
      becomes "completed"
      tables_say "COMPLETED"
      task:assert_once(2)
    end

    test("that is killed has failed, and can be submitted again", function()
      post "submit"
      assert.equal(0, (t.shell("kill -KILL " .. runs())))
      becomes "failed"
      assert.truthy(known().error:find "^ended by signal 9")
      tables_say "FAILED"
      post "submit"
      runs()
      ends_well()
    end)

    test("that does not end when it is stopped is killed, and was stopped", function()
      post "submit"
      assert.equal(0, (t.shell("kill -STOP " .. runs())))
      post "stop"
      becomes "cancelled"
      tables_say "STOPPED"
      post "submit"
      ends_well()
    end)

    test("that is killed together with the service goes on; one that was being stopped does not", function()
      post "submit"
      runs()
      service_of.stop(service, "KILL")
      start()
      local pid = runs()
      assert.equal(0, (t.shell("kill -STOP " .. pid)))
      post "stop"
      service_of.stop(service, "KILL")
      start()
      assert.equal("cancelled", known().status)
      tables_say "STOPPED"
      post "submit"
      ends_well()
    end)

    test("that is stopped before it runs", function()
      local other = datamate.task(store, { process = "- WaitsMapper: {}", files = { { "a.txt", "a" } } })
      t.shell(("ln -s %s %s/flow/"):format(other.flow, task.root))
      post "submit"
      runs()
      post("submit", other.instance)
      post("stop", other.instance)
      assert.equal("cancelled", known(other.instance).status)
      if name == "PostgreSQL" then
        eventually("the tables to say STOPPED", function() return (other:ending()) == "STOPPED" end)
      end
      ends_well()
    end)

    if name == "PostgreSQL" then
      test("that is killed while the server is away", function()
        post "submit"
        local pid = runs()
        datamate.stop_server "immediate"
        assert.equal(0, (t.shell("kill -KILL " .. pid)))
        becomes "failed"
        eventually("a message", function()
          return t.read(task.root .. "/err"):find "can not be written into the tables"
        end)
        datamate.start_server()
        tables_say "FAILED"
      end)

      test("that is killed while the server is away, and the service with it", function()
        post "submit"
        local pid = runs()
        datamate.stop_server "immediate"
        assert.equal(0, (t.shell("kill -KILL " .. pid)))
        becomes "failed"
        service_of.stop(service, "KILL")
        datamate.start_server()
        assert.equal("RUNNING", (task:ending()))
        start()
        tables_say "FAILED"
        post "submit"
        ends_well()
      end)
    end
  end)
end
