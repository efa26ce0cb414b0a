-- dmhost status, logs and cancel as processes: a run seen from another terminal.
local t = require "tests.support"

local q = t.quote

describe("a run seen from another terminal", function()
  local dir, corpus
  setup(function() corpus = t.corpus(4000, 5) end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus)
    t.write(dir .. "/go", "")
    t.pipeline(dir, ([[
      input = %q, output = %q, split_size = "16KiB",
      operators = { dm.map(function(s)
        local file = io.open(%q)  -- rows wait until it is gone
        while file do file:close() require("ffi").C.dm_pause(20) file = io.open(%q) end
        if s.id == 1 then error "the first row" end
      end) }]]):format(dir .. "/in.jsonl", dir .. "/out.jsonl", dir .. "/go", dir .. "/go"))
  end)
  after_each(t.clean)

  ---Begins a run, waits until it can be seen, and does something meanwhile; prints the run's exit status last.
  local function during(script)
    return t.bash(([[
      cd %s; dmhost=%s
      $dmhost run pipeline.lua -j 2 --max-rejects 1 -q 2>err & pid=$!
      await test -s out.jsonl.run/status.json
      %s
      wait $pid; echo "exit $?"]]):format(q(dir), q(t.DMHOST), script))
  end

  local RESUME = "cd %s && %s run pipeline.lua --max-rejects 1 -q --resume"

  local function status_of(text)
    return require("cjson").decode(text:match "%b{}")
  end

  it("tells how far it is, and then how it ended", function()
    local _, out = during "$dmhost status out.jsonl --json; rm go"
    local seen = status_of(out)
    assert.equal("running", seen.state)
    assert.equal(dir .. "/out.jsonl.run", seen.run:gsub("^out", dir .. "/out"))
    assert.equal(2, seen.status.workers)
    assert.equal(0, seen.status.rows)
    assert.truthy(out:find("exit 0", 1, true), out)
    local status, after = t.dmhost(("status %s/out.jsonl"):format(q(dir)))
    assert.equal(0, status)
    assert.truthy(after:find("done, after", 1, true), after)
    assert.truthy(after:find("4,000 in, 3,999 out", 1, true), after)
    assert.is_nil(t.read(dir .. "/out.jsonl.run/status.json"))
  end)
  it("is followed to its end", function()
    local _, out = during [[$dmhost status --follow out.jsonl >followed &
      await test -s followed
      rm go; wait $!; cat followed]]
    assert.truthy(out:find("rows/s", 1, true), out)
    assert.truthy(out:find("done, after", 1, true), out)
  end)
  it("is followed no longer than somebody reads", function()
    local _, out = during [[
      timeout 60 $dmhost status -f out.jsonl | head -n 1; echo "followed ${PIPESTATUS[0]}"
      (for i in $(seq 600); do echo more >> out.jsonl.run/log; sleep 0.1; done) & writer=$!
      timeout 60 $dmhost logs -f out.jsonl | head -n 1; echo "followed ${PIPESTATUS[0]}"
      kill $writer; rm go]]
    assert.equal(2, select(2, out:gsub("followed 0\n", "")), out)
  end)

  it("is said to be damaged when its documents are", function()
    local _, out = during "rm go"
    assert.truthy(out:find("exit 0", 1, true), out)
    local id = dir .. "/in.jsonl@0"
    for _, case in ipairs {
      { "status.json", '{"count":1}', "status" },
      { "run.json", '{"status":"done"}', "status" },
      { "run.json", "x", "status" },
      { "plan.json", '{"sources":[1],"settings":[],"folders":[],"pipeline":"x"}', "explain" },
      { "plan.json", "[]", "explain" },
    } do
      local path = dir .. "/out.jsonl.run/" .. case[1]
      local before = t.read(path)
      t.write(path, case[2])
      local words = ("%s %s/out.jsonl %s"):format(case[3], q(dir), case[3] == "explain" and q(id) or "")
      local status, _, err = t.dmhost(words)
      assert.equal(2, status)
      assert.truthy(err:find("dmhost: " .. path .. " is damaged, or was written by another dmhost\n", 1, true), err)
      if before then t.write(path, before) else os.remove(path) end
    end
  end)

  it("is known to be dead, and can be resumed", function()
    local _, out = during "kill -9 $pid; wait $pid; $dmhost status out.jsonl; echo status $?; rm go"
    assert.truthy(out:find("dead: its coordinator was on", 1, true), out)
    assert.truthy(out:find("--resume", 1, true), out)
    assert.truthy(out:find("status 1", 1, true), out)
    assert.equal(0, (t.shell(RESUME:format(q(dir), q(t.DMHOST)))))
    assert.equal(0, (t.dmhost(("status %s/out.jsonl"):format(q(dir)))))
  end)
  it("is cancelled when its splits have ended, and goes on from there", function()
    local _, out = during [[$dmhost cancel out.jsonl >said &
      await grep cancelled out.jsonl.run/log
      rm go; wait $!; cat said]]
    assert.truthy(out:find("has ended (interrupted)", 1, true), out)
    assert.truthy(out:find("exit 130", 1, true), out)
    assert.truthy(t.read(dir .. "/err"):find("cancelled: running splits are being finished", 1, true))
    assert.equal(0, (t.shell(RESUME:format(q(dir), q(t.DMHOST)))))
    assert.equal(3999, #t.lines(t.read(dir .. "/out.jsonl")))
  end)
  it("is cancelled at once", function()
    local _, out = during "$dmhost cancel out.jsonl --now"
    assert.truthy(out:find("has ended (interrupted)", 1, true), out)
    assert.truthy(out:find("exit 130", 1, true), out)
  end)
  it("can not be cancelled when nobody runs it", function()
    during "rm go"
    local status, _, err = t.dmhost(("cancel %s/out.jsonl"):format(q(dir)))
    assert.equal(2, status)
    assert.truthy(err:find("has ended already (done)", 1, true), err)
  end)
  it("shows in its log what it told people, with the time", function()
    local _, out = during "await pkill -KILL -P $pid; rm go; wait $pid; $dmhost logs out.jsonl"
    assert.truthy(out:find "%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ %S+ was ended by signal 9" or
      out:find "Z .*was ended by signal 9", out)
  end)
  it("shows its log as it comes", function()
    local _, out = during [[$dmhost logs --follow out.jsonl >followed &
      $dmhost cancel out.jsonl --now; wait $!; cat followed]]
    assert.truthy(out:find("cancelled: running splits are given up", 1, true), out)
  end)
  for _, command in ipairs { "status", "logs", "cancel" } do
    it(command .. " says that there is no run", function()
      local status, _, err = t.dmhost(command .. " " .. q(dir .. "/in.jsonl"))
      assert.equal(2, status)
      assert.truthy(err:find("is no run", 1, true), err)
    end)
  end
end)
