-- Operators that ask a model, against a server that answers as OpenAI-compatible ones do, and one that fails in all
-- the ways there are.
local asking = require "tests.net.asking"
local json = require "dm.json"
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

describe("LLM operators", function()
  local server, dir
  setup(function() server = servers.start() end)
  teardown(servers.stop)
  before_each(function() dir = t.scratch() end)

  local function rows(n, text) asking.write_rows(dir, n, text) end

  -- Parameters are Lua text; the operator asks `faults` of the server.
  local function pipeline(faults, params)
    asking.write_pipeline(dir, server:url("/" .. faults .. "/v1"), params)
  end

  local function run(words, environment)
    local command = "%s %s run %s/pipeline.lua --force %s"
    return t.shell(command:format(environment or "", t.DMHOST, q(dir), words or "-j 1"))
  end

  local function answers()
    local list = {}
    for i, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do list[i] = row.answer end
    return list
  end

  local function rejects()
    return t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
  end

  it("answer every row, in order", function()
    rows(300)
    pipeline("jitter-20", "max_in_flight = 100")
    local status, _, err = run()
    assert.equal(0, status, err)
    local list = answers()
    assert.equal(300, #list)
    for i, answer in ipairs(list) do assert.equal("echo: row " .. i, answer) end
    local asked = t.receipt(dir .. "/out.jsonl.run").operators[1].asked
    assert.same({ 300, 0, 3000 }, { asked.requests, asked.retries, asked.tokens_in })
  end)

  it("ask again until they are answered, whatever fails", function()
    rows(200, "again %d")
    pipeline("mix", "max_in_flight = 50")
    local status, _, err = run "-j 2"
    assert.equal(0, status, err)
    for i, answer in ipairs(answers()) do assert.equal("echo: again " .. i, answer) end
    assert.is_true(t.receipt(dir .. "/out.jsonl.run").operators[1].asked.retries > 50)
  end)

  it("reject the row when it is hopeless, with what the server said", function()
    rows(3, "hopeless %d")
    for faults, expected in pairs {
      ["always-400"] = "^http://127.0.0.1:%d+/always%-400/v1/chat/completions: HTTP 400: " ..
        '{"error": {"message": "no,  \\u0001中"}}$',
      ["always-500"] = "HTTP 500: ",
      ["nojson-99"] = "the reply is not valid JSON",
      ["reset-99"] = "closed with %d+ bytes remaining",
      ["huge"] = "the reply is longer than 1048576 bytes",
      ["silent"] = "did not begin in time",
    } do
      pipeline(faults, 'retries = 1, max_reply = "1MiB"'
        .. (faults == "silent" and ', first_byte_timeout = "150ms"' or ""))
      local status = run "-q"
      assert.equal(3, status)
      assert.equal("", t.read(dir .. "/out.jsonl"))
      for _, reject in ipairs(rejects()) do assert.truthy(reject.reason:find(expected), reject.reason) end
      assert.equal(3, #rejects())
    end
  end)

  it("ask as often as they are told, and never again what can not help", function()
    rows(1, "count " .. os.time())
    local function asked(faults, params)
      pipeline(faults, params)
      local before = server:stats().requests
      run "-q"
      return server:stats().requests - before
    end
    assert.equal(4, asked("always-503", "retries = 3"))
    assert.equal(1, asked("always-404", "retries = 3"))
    assert.equal(1, asked("always-503", "retries = 0"))
  end)

  it("wait as long as the server wants to be left alone", function()
    rows(1, "retry after " .. os.time())
    pipeline("first-429-1-2", "")
    local began = os.time()
    assert.equal(0, (run "-q"))
    assert.is_true(os.time() - began >= 2)
  end)

  it("ask less at once of a server that has too much to do", function()
    local own = servers.start()
    rows(600, "over %d")
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      %s
      return dm.pipeline { input = %q, output = %q, operators = { Ask { url = %q, model = "m", max_in_flight = 500,
        retry_delay = "50ms", retries = 12 } } }]]):format(asking.OPERATOR, dir .. "/in.jsonl", dir .. "/out.jsonl",
      own:url "/delay-20,over-10/v1"))
    local status, _, err = run()
    assert.equal(0, status, err)
    local stats = own:stats()
    assert.is_true(stats.refused > 0 and stats.refused < 1000, stats.refused)
  end)

  it("begin with 64 requests at once, or a sixteenth of what they may make", function()
    local endpoint = require "dm.llm.endpoint"
    for most, first in pairs { [8] = 8, [256] = 64, [10000] = 625 } do
      assert.equal(first, endpoint.get("http://first/" .. most, most, 1).limit)
    end
  end)

  it("never show the key", function()
    rows(2)
    pipeline("key-right", 'api_key_env = "TEST_KEY"')
    local status, out, err = run("-j 1", "TEST_KEY=wr0ng-s3cret")
    assert.equal(1, status, err)
    assert.truthy(err:find("HTTP 401: ", 1, true), err)
    for _, name in ipairs { "rejects.jsonl", "ledger.jsonl", "run.json", "plan.json", "journal" } do
      assert.is_nil((t.read(dir .. "/out.jsonl.run/" .. name) or ""):find("s3cret", 1, true), name)
    end
    assert.is_nil((out .. err):find("s3cret", 1, true))
    assert.equal(0, (run("-q", "TEST_KEY=right")))
    status, out, err = run()
    assert.equal(2, status, out)
    assert.truthy(err:find("the environment has no TEST_KEY", 1, true), err)
  end)

  it("wait for a server that is away, and go on when it is back", function()
    local own = servers.start()
    rows(100, "away %d")
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      %s
      return dm.pipeline { input = %q, output = %q, operators = { Ask { url = %q, model = "m", max_in_flight = 5,
        retries = 2, retry_delay = "10ms" } } }]]):format(asking.OPERATOR, dir .. "/in.jsonl", dir .. "/out.jsonl",
      own:url "/ok/v1"))
    own:gate(20)
    os.execute(("%s run %s/pipeline.lua -j 1 2>%s/err & echo $! >%s/pid"):format(t.DMHOST, q(dir), dir, dir))
    t.wait_for("requests that it holds up", function() return own:stats().requests > 20 end)
    own:kill()
    t.wait_for("the message", function() return t.read(dir .. "/err"):find("the run waits for it", 1, true) end)
    servers.start { port = own.port }
    t.wait_for("the end", function() return t.read(dir .. "/out.jsonl.run/run.json") end)
    assert.truthy(t.read(dir .. "/err"):find("answers again; the run goes on", 1, true))
    local list = answers()
    assert.equal(100, #list)
    for i, answer in ipairs(list) do assert.equal("echo: away " .. i, answer) end
  end)

  it("end the run, to be resumed, when the server stays away", function()
    rows(5)
    pipeline("ok", 'url = "http://127.0.0.1:1/v1", outage = "300ms"')
    t.write(dir .. "/pipeline.lua", (t.read(dir .. "/pipeline.lua"):gsub('url = "http://127.0.0.1:%d%d+[^"]*", ', "")))
    local status, _, err = run()
    assert.equal(1, status)
    assert.truthy(err:find("can not be reached: ", 1, true), err)
    assert.truthy(err:find("--resume", 1, true), err)
    assert.equal("", t.read(dir .. "/out.jsonl.run/rejects.jsonl"))
  end)

  it("take replies word by word", function()
    rows(3, "数据 words of %d")
    pipeline("ok", "stream = true")
    assert.equal(0, (run "-q"))
    for i, answer in ipairs(answers()) do assert.equal("echo: 数据 words of " .. i, answer) end
    assert.equal(15, t.receipt(dir .. "/out.jsonl.run").operators[1].asked.tokens_out)
  end)

  it("send system messages, examples, sampling parameters and more", function()
    rows(1, "the question")
    t.write(dir .. "/shots.jsonl", '{"user":"u","assistant":"a"}\n')
    pipeline("pretty", ([[system = "be brief", few_shot = %q, temperature = 0, max_tokens = 7, stop = dm.array { "x" },
      body = { extra = { deep = true } }]]):format(dir .. "/shots.jsonl"))
    assert.equal(0, (run "-q"))
    assert.same({ "echo: the question" }, answers())
    local body
    for text in pairs(server:stats().bodies) do
      if text:find("be brief", 1, true) then body = json.decode(text) end
    end
    assert.same({
      model = "m", temperature = 0, max_tokens = 7, stop = { "x" }, extra = { deep = true },
      messages = { { role = "system", content = "be brief" }, { role = "user", content = "u" },
        { role = "assistant", content = "a" }, { role = "user", content = "the question" } },
    }, body)
  end)

  it("check answers against a schema, and ask once for a better one", function()
    t.write(dir .. "/in.jsonl", [[
{"id":1,"text":"REPLY:```json\n{\"score\": 1}\n```"}
{"id":2,"text":"BETTER:{\"score\": 2}REPLY:{\"score\": \"two\"}"}
{"id":3,"text":"BETTER:{\"score\": 30}REPLY:none"}
]])
    pipeline("ok", [[schema = { type = "object", properties = { score = { type = "integer", maximum = 5 } },
      required = { "score" } }]])
    assert.equal(3, (run "-q"))
    assert.same({ '```json\n{"score": 1}\n```', '{"score": 2}' }, answers())
    assert.equal('the answer does not fit the schema: $.score is above 5: {"score": 30}', rejects()[1].reason)
  end)

  it("get vectors of texts", function()
    rows(2, "v%d")
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      %s
      function Ask:execute(s) s.v = self.llm:embed { s.text, "longer" } end
      return dm.pipeline { input = %q, output = %q, operators = { Ask { url = %q, model = "m" } } }]]):format(
      asking.OPERATOR, dir .. "/in.jsonl", dir .. "/out.jsonl", server:url "/ok/v1"))
    local status, _, err = run()
    assert.equal(0, status, err)
    assert.same({ { 2, 0 }, { 6, 1 } }, t.json_lines(dir .. "/out.jsonl")[2].v)
  end)

  it("use the older interface of completions", function()
    rows(1, "older")
    pipeline("ok", 'api = "completions"')
    assert.equal(0, (run "-q"))
    assert.same({ "echo: older" }, answers())
  end)

  it("take DataMate's parameters", function()
    rows(1, "mate")
    pipeline("ok", [[LLMUrl = "http://127.0.0.1:PORT/pretty/any/where", LLMHeaders = { ["X-Key"] = "k" }, LLMBody = {
      model = "n", messages = { { role = "user", content = "old" }, { role = "user", content = "kept" } } }]])
    t.write(dir .. "/pipeline.lua", (t.read(dir .. "/pipeline.lua"):gsub("PORT", tostring(server.port))))
    assert.equal(0, (run "-q"))
    assert.same({ "echo: kept" }, answers())
    assert.equal(1, server:stats().bodies['{"messages":[{"content":"mate","role":"user"},' ..
      '{"content":"kept","role":"user"}],"model":"n"}'])
  end)

  it("say what is wrong with their parameters before the run", function()
    rows(1)
    for params, expected in pairs {
      ['url = dm.null'] = 'ask needs the parameter "url"',
      ['retry_delay = "soon"'] = '"soon" is not a value for retry_delay',
      ['few_shot = "nowhere.jsonl"'] = "few_shot: nowhere.jsonl: No such file",
      ['LLMUrl = "http://x", LLMBody = {}'] = "LLMBody must hold messages",
    } do
      pipeline("ok", params)
      if params:find "^url" then
        t.write(dir .. "/pipeline.lua", (t.read(dir .. "/pipeline.lua"):gsub('url = "[^"]*", ', "")))
      end
      local status, _, err = run()
      assert.equal(2, status)
      assert.truthy(err:find(expected, 1, true), err)
    end
  end)
end)
