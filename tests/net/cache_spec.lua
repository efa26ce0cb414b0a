-- The cache of models' replies: nothing is asked twice, whoever dies; and replaying what was recorded.
local asking = require "tests.net.asking"
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

describe("replies of models", function()
  local server, dir, file
  before_each(function()
    server, dir = servers.start(), t.scratch()
    file = dir .. "/cache/llm.sqlite"
  end)
  after_each(servers.stop)

  local function rows(n) asking.write_rows(dir, n) end

  -- Parameters and what stands before the pipeline are Lua text.
  local function pipeline(faults, params, before)
    asking.write_pipeline(dir, server:url("/" .. faults .. "/v1"), params, before)
  end

  local function command(words)
    return ("%s run %s/pipeline.lua %s"):format(t.DMHOST, q(dir), words)
  end

  local function run(words)
    return t.shell(command(words .. " --force"))
  end

  local function cached() return asking.count_cached(file) end

  local function check_answers(n)
    local list = t.json_lines(dir .. "/out.jsonl")
    assert.equal(n, #list)
    for i, row in ipairs(list) do
      assert.equal(i, row.id)
      assert.equal("echo: row " .. i, row.answer)
    end
  end

  local function asked()
    return t.receipt(dir .. "/out.jsonl.run").operators[1].asked
  end

  it("are not asked for again by another run, with or without workers", function()
    rows(100)
    pipeline "ok"
    local outputs = {}
    for i, workers in ipairs { "-j 0", "-j 2", "-j 0" } do
      local status, _, err = run(("%s --cache %s"):format(workers, file))
      assert.equal(0, status, err)
      check_answers(100)
      assert.equal(100, server:stats().requests)
      assert.equal(i == 1 and 0 or 100, asked().cached)
      assert.equal(i == 1 and 100 or 0, asked().requests)
      assert.equal(i == 1 and 1000 or 0, asked().tokens_in)
      outputs[i] = t.read(dir .. "/out.jsonl")
    end
    assert.equal(outputs[1], outputs[2])
    assert.equal(100, cached())
  end)

  -- A log is taken into the file when it holds 40 MB, unless somebody reads.
  it("do not leave a log of all of them, while a worker inside the coordinator goes on reading", function()
    local n, list = 10000, {}
    for i = 1, n do
      list[i] = ('{"id":%d,"text":"row %d%s"}\n'):format(i, i, (" word"):rep(i % 10 == 0 and 20000 or 0))
    end
    t.write(dir .. "/in.jsonl", table.concat(list))
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      %s
      return dm.pipeline { input = %q, output = %q, split_size = "1GiB",
        operators = { Ask { url = %q, model = "m", max_in_flight = 16 }, dm.map(function(s)
          local log = io.open(%q)
          if log then s.log = log:seek "end" log:close() end
          s.answer, s.text = nil, nil
        end) } }]]):format(asking.OPERATOR, dir .. "/in.jsonl", dir .. "/out.jsonl", server:url "/ok/v1",
      file .. "-wal"))
    assert.equal(0, (run("-q -j 0 --cache " .. file)))
    local longest = 0
    for _, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do longest = math.max(longest, row.log or 0) end
    assert.is_true(longest > 30e6 and longest < 50e6, longest .. " bytes")
    assert.equal(n, cached())
  end)

  it("reject their rows when they are damaged", function()
    rows(2)
    pipeline "ok"
    run("-q --cache " .. file)
    assert.equal(0, (t.shell(([[python3 -c 'import sqlite3; db = sqlite3.connect("%s")
db.execute("UPDATE replies SET reply = substr(reply, 1, 5)"); db.commit()']]):format(file))))
    local status, _, err = run("--force --cache " .. file)
    assert.equal(3, status)
    assert.truthy(err:find("a reply that was kept is damaged", 1, true), err)
    assert.equal(2, #t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl"))
  end)

  it("are the user's, when nobody says where they are kept", function()
    rows(3)
    pipeline "ok"
    local home = dir .. "/home"
    for _ = 1, 2 do
      assert.equal(0, (t.shell(("XDG_CACHE_HOME=%s %s"):format(home, command "-q --force"))))
    end
    assert.equal(3, server:stats().requests)
    local _, out = t.shell(("XDG_CACHE_HOME=%s %s cache stats; stat -c %%a %s/dmhost/llm.sqlite"):format(home, t.DMHOST,
      home))
    assert.truthy(out:find("replies  3", 1, true), out)
    assert.truthy(out:find("\n600\n", 1, true), out)
  end)

  it("are asked for again when the request differs, or with --no-cache", function()
    rows(5)
    pipeline "ok"
    run("-q --cache " .. file)
    run "-q --no-cache"
    assert.equal(10, server:stats().requests)
    for i, params in ipairs { "temperature = 0", 'system = "s"', "max_tokens = 9", 'body = { extra = 1 }' } do
      pipeline("ok", params)
      run("-q --cache " .. file)
      assert.equal(10 + 5 * i, server:stats().requests)
    end
    assert.equal(25, cached())
  end)

  it("are kept of vectors, streams and repaired answers too", function()
    rows(2)
    for params, before in pairs {
      ["stream = true"] = "",
      ['top_p = 1'] = 'function Ask:execute(s) s.v = self.llm:embed { s.text, "b" } end',
      ['schema = { type = "object" }'] =
        [[function Ask:build_llm_prompt(s) return "BETTER:{\"a\": 1}REPLY:none " .. s.text end]],
    } do
      pipeline("ok", params, before)
      assert.equal(0, (run("-q --cache " .. file)), params)
      local output, requests = t.read(dir .. "/out.jsonl"), server:stats().requests
      assert.equal(0, (run("-q --cache " .. file)), params)
      assert.equal(output, t.read(dir .. "/out.jsonl"))
      assert.equal(requests, server:stats().requests)
    end
  end)

  it("are not kept when they failed, or do not do", function()
    rows(3)
    pipeline("always-400", "retries = 0")
    assert.equal(3, (run("-q --cache " .. file)))
    pipeline("nojson-9", "retries = 0")
    assert.equal(3, (run("-q --cache " .. file)))
    pipeline("ok", 'schema = { type = "object" }')
    assert.equal(3, (run("-q --cache " .. file)))
    assert.equal(0, cached())
  end)

  it("stand in the file without keys and prompts", function()
    rows(2)
    pipeline("key-s3cret", 'api_key_env = "TEST_KEY", system = "a private prompt"')
    assert.equal(0, (t.shell("TEST_KEY=s3cret " .. command("-q --cache " .. file))))
    local text = t.read(file)
    assert.truthy(text:find("echo: row 2", 1, true))
    assert.is_nil(text:find("s3cret", 1, true))
    assert.is_nil(text:find("private", 1, true))
  end)

  it("are replayed without the server, and a miss ends the run", function()
    rows(20)
    pipeline "ok"
    run("-q --cache " .. file)
    local output = t.read(dir .. "/out.jsonl")
    os.execute(("chmod 400 %s && chmod 500 %s/cache"):format(file, dir))
    server:kill()
    for _, workers in ipairs { "-j 0", "-j 2" } do
      local status, _, err = run(workers .. " -q --replay " .. file)
      assert.equal(0, status, err)
      assert.equal(output, t.read(dir .. "/out.jsonl"))
    end
    rows(21)
    local status, _, err = run("-j 1 -q --replay " .. file)
    assert.equal(1, status)
    assert.truthy(err:find("--replay: a request is not among the recorded ones", 1, true), err)
    os.execute("chmod 700 " .. dir .. "/cache")
    assert.equal(20, cached())
    status, _, err = run("-q --replay nowhere.sqlite")
    assert.equal(2, status)
    assert.truthy(err:find("nowhere.sqlite", 1, true), err)
  end)

  -- Does something to a run that has got forty replies and waits for more, which come when the server's gate is open.
  local function kill_midway(words, signal)
    server:gate(server:stats().requests + 40)
    os.execute(("%s 2>%s/err & echo $! >%s/pid"):format(command(words .. " --cache " .. file), dir, dir))
    local pid = t.read(dir .. "/pid"):match "%d+"
    t.wait_for("the replies", function() return (t.read(file) and cached() or 0) == 40 end)
    signal(pid)
    return pid
  end

  it("outlive the coordinator: what is resumed asks for the rest only", function()
    rows(150)
    pipeline("ok", "max_in_flight = 4")
    for _, workers in ipairs { "-j 2", "-j 0" } do
      os.execute(("rm -rf %s %s/cache"):format(dir .. "/out.jsonl*", dir))
      local pid = kill_midway(workers, function(pid) t.kill(9, pid) end)
      t.wait_for("its end", function() return not t.lives(pid) end)
      assert.equal(40, cached())
      local before = 0
      t.wait_for("the server's rest", function()
        local now = server:stats().requests
        local same = now == before
        before = now
        return same
      end)
      server:gate()
      local status, _, err = t.shell(command(workers .. " --resume --cache " .. file))
      assert.equal(0, status, err)
      check_answers(150)
      assert.equal(110, server:stats().requests - before)
      assert.equal(150, cached())
    end
  end)

  it("outlive the server: when it is back it is asked for the rest only", function()
    rows(150)
    pipeline("ok", "max_in_flight = 4")
    local pid = kill_midway("-j 2", function() server:kill() end)
    t.wait_for("the message", function() return t.read(dir .. "/err"):find("the run waits for it", 1, true) end)
    assert.equal(40, cached())
    server = servers.start { port = server.port }
    t.wait_for("the end", function() return not t.lives(pid) end)
    check_answers(150)
    assert.equal(110, server:stats().requests)
    assert.equal(150, cached())
  end)

  it("outlive a worker: its rows are answered once, and hardly any request is made again", function()
    rows(150)
    pipeline("ok", "max_in_flight = 4")
    local pid = kill_midway("-j 2", function(pid) t.kill(9, "$(pgrep -P " .. pid .. " | head -1)") end)
    server:gate()
    t.wait_for("the end", function() return not t.lives(pid) end)
    check_answers(150)
    assert.equal(150, cached())
    assert.is_true(server:stats().requests <= 170, server:stats().requests)
  end)

  it("can be cleared, and nothing else is taken for them", function()
    rows(3)
    pipeline "ok"
    run("-q --cache " .. file)
    assert.equal(0, (t.dmhost("cache clear " .. file)))
    assert.equal(0, cached())
    local status, _, err = run("-q --cache " .. dir .. "/in.jsonl")
    assert.equal(1, status)
    assert.truthy(err:find("in.jsonl", 1, true), err)
    assert.equal(2, (t.dmhost "cache"))
    assert.equal(2, (t.dmhost "cache stat"))
    status, _, err = run("--no-cache --replay " .. file)
    assert.equal(2, status)
    assert.truthy(err:find("exclude each other\n  next    `dmhost help run`", 1, true), err)
  end)
end)
