-- What a real server said, llama.cpp's, as tests/model recorded it: byte for byte, and as the cache that a run filled.
local servers = require "tests.net.server"
local t = require "tests.support"

local RECORDED = "tests/net/recorded"

local PIPELINE = [[
local dm = require "dm"
local Ask = require("dm.base_op").LLM:extend { name = "ask" }
function Ask:build_llm_prompt(s) return "Is this a good text? " .. s.text end
return dm.pipeline { input = %q, output = %q, operators = { Ask { url = %q, model = "m", max_in_flight = 4,
  temperature = 0, max_tokens = 12, retries = 0 } } }
]]

describe("what a real server said", function()
  local server, dir
  setup(function() server = servers.start() end)
  teardown(servers.stop)
  before_each(function() dir = t.scratch() end)

  local function run(url, words)
    t.write(dir .. "/pipeline.lua", PIPELINE:format(RECORDED .. "/in.jsonl", dir .. "/out.jsonl", url))
    return t.shell(("%s run %s/pipeline.lua --force -j 2 %s"):format(t.DMHOST, dir, words))
  end

  it("is understood, at once and word by word", function()
    local said = {}
    for _, name in ipairs { "chat", "stream" } do
      local status, _, err = run(server:url("/recorded-" .. name .. "/v1"), "--no-cache --limit 3")
      assert.equal(0, status, err)
      local asked = t.receipt(dir .. "/out.jsonl.run").asked
      assert.is_true(asked.tokens_in > 100 and asked.tokens_out == 3 * 12)
      said[#said + 1] = t.json_lines(dir .. "/out.jsonl")[1].answer
    end
    assert.equal(12, #said[1])
    assert.equal(said[1], said[2])
  end)

  it("is told when it was an error", function()
    assert.equal(3, (run(server:url "/recorded-error/v1", "--no-cache --limit 1")))
    local reject = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1]
    assert.truthy(reject.reason:find("HTTP [45]%d%d: .*error"), reject.reason)
  end)

  it("is replayed to the bytes that it was made to", function()
    local status, _, err = run("http://127.0.0.1:18321/v1", "--replay " .. RECORDED .. "/replies.sqlite")
    assert.equal(0, status, err)
    assert.equal(t.read(RECORDED .. "/out.jsonl"), t.read(dir .. "/out.jsonl"))
    assert.equal(20, t.receipt(dir .. "/out.jsonl.run").asked.cached)
  end)
end)
