-- Operators that ask models, in workers behind worker hosts.
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

describe("models asked behind worker hosts", function()
  local server, dir
  before_each(function()
    server, dir = servers.start(), t.scratch()
    local rows = {}
    for i = 1, 300 do rows[i] = ('{"id":%d,"text":"row %d"}'):format(i, i) end
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      local Ask = require("dm.base_op").LLM:extend { name = "ask" }
      function Ask:build_llm_prompt(s) return s.text end
      return dm.pipeline { input = %q, split_size = "1KiB",
        operators = { Ask { url = %q, model = "m", retry_delay = "10ms" } } }]]):format(dir .. "/in.jsonl",
      server:url("/delay=20/v1")))
  end)
  after_each(servers.stop)

  local function run(output, words)
    return t.bash(("cd %s && timeout 100 %s run pipeline.lua -o %s %s"):format(q(dir), q(t.DMHOST), output, words))
  end

  it("give the same rows, are kept, and not asked again", function()
    local cache = "--cache " .. q(dir .. "/cache/llm.sqlite")
    assert.equal(0, (run("expected", "-j 1 -q --no-cache")))
    local status, _, err = run("out", "--engine process --workers 4 --slots 2 " .. cache)
    assert.equal(0, status, err)
    assert.equal(t.read(dir .. "/expected"), t.read(dir .. "/out"))
    assert.equal(300, t.receipt(dir .. "/out.run").operators[1].asked.requests)
    status, _, err = run("again", "--engine process --workers 4 --slots 2 " .. cache)
    assert.equal(0, status, err)
    assert.equal(t.read(dir .. "/expected"), t.read(dir .. "/again"))
    assert.equal(0, t.receipt(dir .. "/again.run").operators[1].asked.requests)
  end)
end)
