-- What must hold on every cluster: the same bytes as without one, whatever is lost meanwhile. slurm_spec and ray_spec
-- run these tests on theirs.
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

---@class tests.Cluster
---@field script string slurm.sh or ray.sh; what its `env` sets is there
---@field engine string what stands behind --engine
---@field here string this machine's address, as nodes see it
---@field nodes integer[] those that run workers

local OPERATORS = [[{ "whitespace_normalization_mapper" }, { "text_length_filter", min_len = 5 }, dm.map(function(s)
  if s.id % 997 == 0 then error "odd" end
  s.random = math.random(1000)
  s.length = dm.text.length(s.text)
end)]]

-- Rows wait a little, so that there is a run to disturb.
local SLOW = OPERATORS .. [[, dm.map(function() require("ffi").C.dm_pause(4) end)]]

local PIPELINE = [[input = "in.jsonl", split_size = "16KiB", max_rejects = 100, operators = { %s } ]]

local ASK = [[
local dm = require "dm"
local Ask = require("dm.base_op").LLM:extend { name = "ask" }
function Ask:build_llm_prompt(s) return s.text end
return dm.pipeline { input = "in.jsonl", split_size = "16KiB", limits = { row_time = "60s" },
  operators = { Ask { url = %q, model = "m", max_in_flight = 50 } } }]]

return function(cluster)
  setfenv(1, getfenv(2)) -- busted's functions are the spec's only
  local M = { ROWS = 3000 }
  local dir

  ---Runs a script of bash in the test's folder; dmhost is there, and `on CLUSTER-VERB...`.
  function M.bash(script)
    return t.bash(([[cd %s; dmhost=%s; cluster() { (cd %s && tests/cluster/%s "$@"); }; eval "$(cluster env)"
      until_() { for i in {1..2400}; do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; echo "no end of: $*" >&2; exit 99; }
      committed() { [ "$($dmhost status out.jsonl --json | grep -o '"splits": *[0-9]*' | grep -o '[0-9]*')" -ge "$1" ]; }
      %s]]):format(q(dir), q(t.DMHOST), q(M.root), cluster.script, script))
  end

  ---Writes the pipeline, pipeline.lua; its name is part of operators' names.
  function M.write(operators)
    t.pipeline(dir, PIPELINE:format(operators))
  end

  setup(function() M.root = select(2, t.shell "pwd"):gsub("\n", "") end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", t.corpus(M.ROWS, 11))
    M.write(OPERATORS)
  end)
  after_each(t.clean)

  local function sums(output)
    local _, list = M.bash(("md5sum <%s; md5sum <%s.run/rejects.jsonl; cut -d, -f1,3- %s.run/ledger.jsonl | md5sum"):format(
      output, output, output))
    return list
  end

  ---Compares what a run left in out.jsonl with what one without a cluster gives.
  function M.check(status, err)
    assert.equal(0, status, err)
    M.write(OPERATORS)
    assert.equal(0, (M.bash "$dmhost run pipeline.lua -o expected.jsonl -j 1 -q"))
    assert.equal(sums "expected.jsonl", sums "out.jsonl")
  end

  ---Runs it slowly on the cluster; `script` happens when some of it has been done.
  function M.disturbed(script, words)
    M.write(SLOW)
    local status, out, err = M.bash(([[
      $dmhost run pipeline.lua -o out.jsonl --engine %s --workers %d %s 2>err & pid=$!
      until_ [ -s out.jsonl.run/status.json ]; until_ committed 3
      %s
      wait $pid; status=$?; cat err >&2; exit $status]]):format(cluster.engine, 3, words or "", script))
    return status, err, out
  end

  it("writes the same bytes as one worker here", function()
    M.check(M.bash(("$dmhost run pipeline.lua -o out.jsonl -q --engine %s --workers 3"):format(cluster.engine)))
  end)
  it("writes the same bytes with some workers on each node", function()
    M.check(M.bash(("$dmhost run pipeline.lua -o out.jsonl -q --engine %s --workers 4 --slots 2"):format(cluster.engine)))
  end)
  it("writes the same bytes when a model is asked", function()
    local server = servers.start { host = cluster.here }
    t.write(dir .. "/ask.lua", ASK:format(server:url "/jitter-20/v1"))
    local status, _, err = M.bash(([[head -n 400 in.jsonl >some.jsonl
      $dmhost run ask.lua -i some.jsonl -o out.jsonl --no-cache -q --engine %s --workers 3]]):format(cluster.engine))
    assert.equal(0, status, err)
    assert.equal(0, (M.bash "$dmhost run ask.lua -i some.jsonl -o expected.jsonl --no-cache -q -j 1"))
    assert.equal(sums "expected.jsonl", sums "out.jsonl")
    servers.stop()
  end)
  it("goes on when a worker is killed", function()
    local status, err = M.disturbed(([[kill -9 $(for p in $(cluster pids %d); do
      tr '\0' ' ' 2>/dev/null </proc/$p/cmdline | grep -q 'dmhost worker $' && echo $p; done | head -n 1)]]):format(cluster.nodes[1]))
    M.check(status, err)
    assert.truthy(err:find("signal 9", 1, true), err)
  end)
  it("goes on when a worker host is killed", function()
    local status, err = M.disturbed(([[kill -9 $(for p in $(cluster pids %d); do
      tr '\0' ' ' 2>/dev/null </proc/$p/cmdline | grep -q 'dmhost worker-host $' && echo $p; done | head -n 1)]]):format(cluster.nodes[1]))
    M.check(status, err)
    assert.truthy(err:find("worker host", 1, true), err)
  end)
  it("goes on when a node loses power", function()
    M.check(M.disturbed(("cluster power-off %d; wait $pid; status=$?; cluster up; exit $status"):format(cluster.nodes[1])))
  end)
  it("goes on when a node crashes", function()
    M.check(M.disturbed(("cluster crash %d; wait $pid; status=$?; cluster up; exit $status"):format(cluster.nodes[1])))
  end)
  it("goes on when a node is cut off and comes back", function()
    local node = cluster.nodes[1]
    M.check(M.disturbed(("cluster cut %d; sleep 8; cluster mend %d; wait $pid; status=$?; cluster up; exit $status"):format(
      node, node)))
  end)
  for _, words in ipairs { "--engine " .. cluster.engine .. " --workers 2", "-j 2" } do
    it("goes on when its coordinator was killed, with " .. words, function()
      M.disturbed "kill -9 $pid"
      M.check(M.bash("$dmhost run pipeline.lua -o out.jsonl -q --resume " .. words))
    end)
  end
  it("leaves nothing behind when it is cancelled", function()
    M.disturbed "$dmhost cancel out.jsonl --now"
    for _, node in ipairs(cluster.nodes) do
      assert.equal(0, (M.bash(([[for i in {1..100}; do
        found=; for p in $(cluster pids %d); do tr '\0' ' ' </proc/$p/cmdline 2>/dev/null | grep -q 'worker' && found=1; done
        [ -z "$found" ] && exit 0; sleep 0.1; done; exit 1]]):format(node))))
    end
  end)
  it("says at once that more is asked for than any node has", function()
    local status, _, err = M.bash(("$dmhost run pipeline.lua -o out.jsonl --engine %s --workers 1 --cpus 1000"):format(
      cluster.engine))
    assert.truthy(status == 1 or status == 2)
    assert.truthy(err:find("1000", 1, true) or err:find("not available", 1, true), err)
  end)
  return M
end
