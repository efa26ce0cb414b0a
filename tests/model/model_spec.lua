-- Operators that ask a real OpenAI-compatible server, llama.cpp's, with a real if senseless model; run by
-- tests/model/run.sh, which installs both.
local http = require "dm.http"
local json = require "dm.json"
local t = require "tests.support"

local PLACE = "build/model"
local RECORDED = "tests/net/recorded"

-- What is asked of each answer.
local BRIEF = 'temperature = 0, max_tokens = 12, retry_delay = "50ms", '

-- Where the server is that is recorded: the address is a part of what is asked for.
local PORT = 18321

describe("a real model", function()
  local dir, pid

  local function start(port, kind)
    local log = t.scratch()
    local command = "%s/venv/bin/python tests/model/serve.py %s/model.gguf %d %s >%s/out 2>%s/err </dev/null & echo $!"
    local _, out = t.shell(command:format(PLACE, PLACE, port, kind or "chat", log, log))
    local address = t.wait_for("the model", function()
      return (t.read(log .. "/out") or ""):match "http://%S+"
    end)
    return tonumber(out), address .. "/v1"
  end

  local function stop(which)
    os.execute("kill -9 " .. which .. " 2>/dev/null")
    t.wait_for("its end", function() return not t.lives(which) end)
  end

  setup(function() pid = start(PORT) end)
  teardown(function() stop(pid) end)
  before_each(function() dir = t.scratch() end)

  local URL = ("http://127.0.0.1:%d/v1"):format(PORT)

  local function rows(n)
    local list = {}
    for i = 1, n do list[i] = ('{"id":%d,"text":"row %d"}'):format(i, i) end
    t.write(dir .. "/in.jsonl", table.concat(list, "\n") .. "\n")
  end

  local function run(params, words)
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      local Ask = require("dm.base_op").LLM:extend { name = "ask" }
      function Ask:build_llm_prompt(s) return "Is this a good text? " .. s.text end
      return dm.pipeline { input = %q, output = %q, split_size = "1KiB",
        operators = { Ask { url = %q, model = "m", %s } } }]]):format(dir .. "/in.jsonl", dir .. "/out.jsonl", URL,
      BRIEF .. (params or "")))
    return t.shell(("%s run %s/pipeline.lua --force %s"):format(t.DMHOST, dir, words or "-j 2 --no-cache"))
  end

  local function answers()
    local list = {}
    for i, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do
      assert.equal(i, row.id)
      list[i] = row.answer
    end
    return list
  end

  -- What the server says, with its header lines, and a cache with the run that filled it.
  local function record()
    for name, request in pairs {
      chat = '{"model":"m","max_tokens":12,"temperature":0,"messages":[{"role":"user","content":"good?"}]}',
      stream = '{"model":"m","max_tokens":12,"temperature":0,"stream":true,"stream_options":{"include_usage":true},' ..
        '"messages":[{"role":"user","content":"good?"}]}',
      error = '{"model":"m","temperature":"hot","messages":[]}',
    } do
      t.write(dir .. "/request", request)
      local command = "curl -si --raw -H 'Content-Type: application/json' --data-binary @%s/request %s >%s/%s"
      assert.equal(0, (t.shell(command:format(dir, URL .. "/chat/completions", RECORDED, name))))
    end
    for _, name in ipairs { "replies.sqlite", "in.jsonl", "out.jsonl" } do
      os.execute(("cp %s/%s %s/%s"):format(dir, name, RECORDED, name))
    end
  end

  it("answers many at once, and is accounted for", function()
    rows(200)
    local status, _, err = run "max_in_flight = 32"
    assert.equal(0, status, err)
    local list = answers()
    assert.equal(200, #list)
    for _, answer in ipairs(list) do assert.is_true(#answer > 0) end
    local asked = t.receipt(dir .. "/out.jsonl.run").asked
    assert.equal(200, asked.requests)
    assert.is_true(asked.tokens_in > 200 * 20 and asked.tokens_out > 0 and asked.tokens_out <= 200 * 12)
    assert.is_true(asked.latency_ms.p50 > 0)
  end)

  it("says the same word by word as at once, and as it does to others", function()
    rows(3)
    assert.equal(0, (run("max_in_flight = 1", "-j 1 --no-cache")))
    local want = answers()
    assert.equal(0, (run("max_in_flight = 1, stream = true", "-j 1 --no-cache")))
    assert.same(want, answers())
    assert.is_true(t.receipt(dir .. "/out.jsonl.run").asked.tokens_out > 0)
    local reply = assert(http.post(URL .. "/chat/completions", json.encode {
      model = "m", temperature = 0, max_tokens = 12,
      messages = { { role = "user", content = "Is this a good text? row 1" } } }))
    assert.equal(want[1], json.decode(reply.body).choices[1].message.content)
  end)

  it("has the older interface", function()
    rows(3)
    local status, _, err = run 'api = "completions"'
    assert.equal(0, status, err)
    assert.equal(3, #answers())
  end)

  it("keeps to a schema", function()
    rows(20)
    local status, _, err = run [[max_tokens = 200, schema = { type = "object", required = { "verdict", "sure" },
      properties = { verdict = { enum = { "good", "bad" } }, sure = { type = "boolean" } } }]]
    assert.equal(0, status, err)
    for _, answer in ipairs(answers()) do
      local value = json.decode(answer)
      assert.is_true((value.verdict == "good" or value.verdict == "bad") and type(value.sure) == "boolean")
    end
  end)

  it("makes vectors of texts", function()
    local other, url = start(0, "embeddings")
    rows(2)
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      local Ask = require("dm.base_op").LLM:extend { name = "ask" }
      function Ask:execute(s) s.v = self.llm:embed { s.text, "another" } end
      return dm.pipeline { input = %q, output = %q, operators = { Ask { url = %q, model = "m" } } }]]):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", url))
    local status, _, err = t.shell(("%s run %s/pipeline.lua -j 1 --no-cache"):format(t.DMHOST, dir))
    stop(other)
    assert.equal(0, status, err)
    for _, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do
      assert.equal(2, #row.v)
      assert.is_true(#row.v[1] == 64 and #row.v[2] == 64)
    end
  end)

  it("rejects rows with what it says is wrong", function()
    rows(2)
    assert.equal(3, (run 'body = { temperature = "hot" }, temperature = dm.null, retries = 0'))
    for _, reject in ipairs(t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")) do
      assert.truthy(reject.reason:find("HTTP [45]%d%d: .*error"), reject.reason)
    end
  end)

  it("may be killed in the middle, and started again", function()
    rows(150)
    t.write(dir .. "/err", "")
    run("max_in_flight = 8, max_tokens = 100, requests_per_minute = 1200, body = { ignore_eos = true }", "--dry-run")
    os.execute(("%s run %s/pipeline.lua -j 2 --force --cache %s/llm.sqlite 2>%s/err & echo $! >%s/pid"):format(t.DMHOST,
      dir, dir, dir, dir))
    t.wait_for("some replies", function()
      local _, out = t.dmhost("cache stats " .. dir .. "/llm.sqlite")
      return (tonumber(out:match "replies%s+(%d+)") or 0) >= 30
    end)
    stop(pid)
    t.wait_for("the message", function() return t.read(dir .. "/err"):find("the run waits for it", 1, true) end)
    pid = start(PORT)
    t.wait_for("the end", function() return t.read(dir .. "/out.jsonl.run/run.json") end)
    assert.equal(0, t.receipt(dir .. "/out.jsonl.run").exit_status)
    assert.equal(150, #answers())
  end)

  it("is recorded, and replayed to the same bytes", function()
    rows(20)
    local status, _, err = run("max_in_flight = 4", "-j 2 --cache " .. dir .. "/replies.sqlite")
    assert.equal(0, status, err)
    local want = t.read(dir .. "/out.jsonl")
    assert.equal(0, (run("max_in_flight = 4", "-j 1 --replay " .. dir .. "/replies.sqlite")))
    assert.equal(want, t.read(dir .. "/out.jsonl"))
    if os.getenv "RECORD" then record() end
  end)
end)
