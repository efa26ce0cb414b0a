-- What models may be asked: limits of a run, rates that its workers share, and the account of it.
local asking = require "tests.net.asking"
local json = require "dm.json"
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

describe("the budget of a run", function()
  local server, dir, file
  before_each(function()
    server, dir = servers.start(), t.scratch()
    file = dir .. "/llm.sqlite"
  end)
  after_each(function()
    servers.stop()
    t.clean()
  end)

  -- Every reply of the server takes ten tokens in.
  local function prepare(n, faults, params)
    asking.write_rows(dir, n)
    asking.write_pipeline(dir, server:url("/" .. faults .. "/v1"), params)
  end

  local function run(words)
    return t.shell(("%s run %s/pipeline.lua --cache %s %s"):format(t.DMHOST, q(dir), file, words))
  end

  local function receipt()
    return t.receipt(dir .. "/out.jsonl.run")
  end

  local function cached() return asking.count_cached(file) end

  local function check_answers(n)
    local list = t.json_lines(dir .. "/out.jsonl")
    assert.equal(n, #list)
    for i, row in ipairs(list) do assert.equal("echo: row " .. i, row.answer) end
  end

  for _, workers in ipairs { "-j 2", "-j 0" } do
    it("stops it after so many requests, which are not made again " .. workers, function()
      prepare(200, "jitter-20", "max_in_flight = 16")
      local status, _, err = run(workers .. " --max-requests 50")
      assert.equal(4, status, err)
      assert.truthy(err:find("--max-requests: 50 requests have been made to models, and more are needed", 1, true), err)
      assert.truthy(err:find("go on with --resume", 1, true), err)
      assert.same({ "stopped", 4, 50 }, { receipt().status, receipt().exit_status, receipt().asked.requests })
      assert.equal(50, server:stats().requests)
      assert.equal(50, cached())
      status, _, err = run(workers .. " --resume --max-requests 50")
      assert.equal(4, status, err)
      assert.equal(50, server:stats().requests)
      status, _, err = run(workers .. " --resume --max-requests 120")
      assert.equal(4, status, err)
      assert.equal(120, server:stats().requests)
      assert.equal(120, receipt().asked.requests)
      assert.equal(0, (run(workers .. " --resume --max-requests 200")))
      check_answers(200)
      assert.same({ "done", 200 }, { receipt().status, receipt().asked.requests })
      assert.equal(200, server:stats().requests)
    end)
  end

  it("counts requests that are made again, and not those that reached nobody", function()
    prepare(40, "first-500-1")
    assert.equal(4, (run "-j 2 --max-requests 60"))
    assert.equal(60, server:stats().requests)
    local asked = receipt().asked
    assert.equal(60, asked.requests)
    assert.is_true(asked.retries > 0 and asked.retries < 60)
    server:kill()
    os.remove(file)
    prepare(40, "first-500-1", 'outage = "400ms"')
    assert.equal(1, (run "-j 2 --force --max-requests 60"))
    assert.is_nil(receipt().asked)
  end)

  it("stops it before it costs more", function()
    prepare(200, "delay-5", 'max_in_flight = 8, max_tokens = 12, price_in = 500, price_out = 500')
    local status, _, err = run "-j 2 --max-cost 0.5"
    assert.equal(4, status, err)
    assert.truthy(err:find("--max-cost: requests to models have cost 0.4", 1, true), err)
    local asked = receipt().asked
    assert.is_true(asked.cost <= 0.5 and asked.cost > 0.45, asked.cost)
    assert.is_true(math.abs(asked.cost - (asked.tokens_in + asked.tokens_out) * 500 / 1e6) < 1e-6)
    assert.equal(asked.requests, server:stats().requests)
    assert.equal(0, (run "-j 2 --resume --max-cost 5"))
    check_answers(200)
    assert.equal(200, server:stats().requests)
    assert.is_true(receipt().asked.cost > 1.5)
  end)

  it("is not used by replies that are kept", function()
    prepare(60, "ok")
    assert.equal(0, (run "-j 2"))
    assert.equal(0, (run "-j 2 --force --max-requests 1"))
    assert.equal(60, receipt().asked.cached)
    check_answers(60)
  end)

  it("is checked before the run", function()
    prepare(3, "ok")
    for words, said in pairs {
      ["--max-requests 0"] = "--max-requests",
      ["--max-requests x"] = "--max-requests",
      ["--max-cost -1"] = '--max-cost is a number above 0, not "-1"',
      ["--max-cost 1"] = "no operator says what a request costs",
    } do
      local status, _, err = run(words)
      assert.equal(2, status, words)
      assert.truthy(err:find(said, 1, true), err)
    end
  end)

  -- A second's worth is saved up; the rest comes at its rate, and not sooner.
  it("shares an endpoint's requests per minute among the workers", function()
    prepare(80, "ok", "requests_per_minute = 1200")
    local began = os.time()
    local status, _, err = run "-j 3"
    assert.equal(0, status, err)
    assert.is_true(os.time() - began >= 2)
    check_answers(80)
  end)

  it("shares its tokens per minute, by what replies really take", function()
    prepare(40, "ok", "tokens_per_minute = 12000, max_tokens = 500") -- 200 a second; twenty a request
    local began = os.time()
    local status, _, err = run "-j 2"
    assert.equal(0, status, err)
    assert.is_true(os.time() - began >= 2)
    local asked = receipt().asked
    assert.is_true(asked.tokens_in + asked.tokens_out > 700)
  end)

  it("is not lost with a worker", function()
    prepare(120, "ok", "max_in_flight = 4")
    server:gate(20)
    os.execute(("%s run %s/pipeline.lua --cache %s -j 2 --max-requests 60 2>%s/err & echo $! >%s/pid"):format(t.DMHOST,
      q(dir), file, dir, dir))
    local pid = t.read(dir .. "/pid"):match "%d+"
    t.wait_for("some requests", function() return server:stats().requests > 20 end)
    t.kill(9, "$(pgrep -P " .. pid .. " | head -1)")
    server:gate()
    t.wait_for("the end", function() return not t.lives(pid) end)
    assert.truthy(t.read(dir .. "/err"):find("--max-requests: 60", 1, true), t.read(dir .. "/err"))
    assert.equal(1, receipt().workers_lost)
    local made = server:stats().requests
    assert.is_true(made <= 60 and made >= 56, made) -- four may have been granted and not made
  end)

  -- The account is written once a second, but what is granted before that.
  it("is not exceeded by a run that is resumed after its coordinator was killed", function()
    prepare(600, "ok", "max_in_flight = 8")
    for i, most in ipairs { 200, 400 } do
      server:gate(most - 100)
      os.execute(("%s run %s/pipeline.lua --cache %s -j 2 %s --max-requests %d 2>%s/err & echo $! >%s/pid"):format(
        t.DMHOST, q(dir), file, i == 1 and "" or "--resume", most, dir, dir))
      local pid = t.read(dir .. "/pid"):match "%d+"
      t.wait_for("some requests", function() return server:stats().requests > most - 100 end)
      t.kill(9, pid)
      t.wait_for("its end", function() return not t.lives(pid) end)
      local before
      t.wait_for("the server's rest", function()
        local now = server:stats().requests
        local same = now == before
        before = now
        return same
      end)
      server:gate()
      local status, _, err = run("-j 2 -q --resume --max-requests " .. most)
      assert.equal(4, status, err)
      local made = server:stats().requests
      assert.is_true(made <= most and made >= most - 40, made) -- some were granted and not made, or noted ahead
    end
  end)

  -- Eight rows are a split; when the run is interrupted, the last of them waits behind its reply.
  it("counts what was used, and no more, when the run is interrupted", function()
    local list = {}
    for i = 1, 16 do list[i] = ('{"id":%d,"text":"%s"}'):format(i, ("x"):rep(128 - 18 - #tostring(i))) end
    t.write(dir .. "/in.jsonl", table.concat(list, "\n") .. "\n")
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      %s
      local Hold = require("dm.base_op").Mapper:extend { name = "hold", waits = true }
      function Hold:execute(s)
        if s.id ~= 8 or io.open(%q) then return end
        io.open(%q, "w"):close()
        repeat dm.sleep "20ms" until io.open(%q)
      end
      return dm.pipeline { input = %q, output = %q, split_size = "1KiB",
        operators = { Ask { url = %q, model = "m" }, Hold {} } }]]):format(asking.OPERATOR, dir .. "/held",
      dir .. "/held", dir .. "/go", dir .. "/in.jsonl", dir .. "/out.jsonl", server:url "/ok/v1"))
    os.execute(("%s run %s/pipeline.lua --no-cache -j 1 -q --max-requests 16 2>%s/err & echo $! >%s/pid"):format(
      t.DMHOST, q(dir), dir, dir))
    local pid = t.read(dir .. "/pid"):match "%d+"
    t.wait_for("the last row of the split", function() return t.read(dir .. "/held") end)
    t.kill("INT", pid)
    t.wait_for("the message", function() return t.read(dir .. "/out.jsonl.run/log"):find("stopping", 1, true) end)
    t.write(dir .. "/go", "")
    t.wait_for("its end", function() return not t.lives(pid) end)
    assert.equal(8, server:stats().requests)
    local status, _, err = t.shell(("%s run %s/pipeline.lua --no-cache -q --resume --max-requests 16"):format(t.DMHOST,
      q(dir)))
    assert.equal(0, status, err)
    assert.equal(16, server:stats().requests)
  end)

  it("is told while it runs, and what was told outlives the coordinator", function()
    prepare(3000, "delay-20", "max_in_flight = 16, price_out = 2")
    server:gate(500)
    local command = "%s run %s/pipeline.lua --cache %s -j 2 --log-format json 2>%s/err & echo $! >%s/pid"
    os.execute(command:format(t.DMHOST, q(dir), file, dir, dir))
    local told
    t.wait_for("progress", function()
      for _, line in ipairs(t.lines(t.read(dir .. "/err") or "")) do
        local ok, event = pcall(json.decode, line)
        if ok and event.asked then told = event.asked end
      end
      return told and told.requests > 200
    end)
    assert.is_true(told.latency_ms.p50 >= 19 and told.latency_ms.p99 >= told.latency_ms.p50)
    assert.is_true(told.tokens_in >= 2000 and told.cost > 0)
    t.wait_for("the account", function() return t.read(dir .. "/out.jsonl.run/asked") end)
    local pid = t.read(dir .. "/pid"):match "%d+"
    t.kill(9, pid)
    t.wait_for("its end", function() return not t.lives(pid) end)
    server:gate()
    local status, _, err = run "-j 2 -q --resume --max-requests 700"
    assert.equal(4, status, err)
    local asked = receipt().asked
    assert.is_true(asked.requests <= 700 and asked.requests > 600, asked.requests)
  end)
end)
