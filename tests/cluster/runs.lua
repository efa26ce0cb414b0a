-- What must hold on every cluster: the same bytes as without one, whatever is lost meanwhile. slurm_spec and ray_spec
-- run these tests on theirs.
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

---@class tests.Cluster
---@field script string slurm.sh or ray.sh; what its `env` sets is there
---@field engine string what stands behind --engine
---@field nodes integer[] those that run workers

local OPERATORS = [[{ "whitespace_normalization_mapper" }, { "text_length_filter", min_len = 5 }, dm.map(function(s)
  if s.id % 997 == 0 then error "odd" end
  s.random = math.random(1000)
  s.length = dm.text.length(s.text)
end)]]

-- Rows wait a little, so that there is a run to disturb.
local SLOW = OPERATORS .. [[, dm.map(function() require("ffi").C.dm_pause(4) end)]]

-- And from some row on for a file, so that there still is one, however slow the machine is.
local HOLD = [[, dm.map((function()
  local go
  return function(s)
    while s.id > 2000 and not go do
      go = io.open %q
      if not go then require("ffi").C.dm_pause(10) end
    end
  end
end)())]]

local PIPELINE = [[%s input = "in.jsonl", split_size = "16KiB", max_rejects = 100, operators = { %s } ]]

local ASK = [[
local dm = require "dm"
local Ask = require("dm.base_op").LLM:extend { name = "ask" }
function Ask:build_llm_prompt(s) return s.text end
return dm.pipeline { input = "in.jsonl", split_size = "16KiB", limits = { row_time = "60s" },
  operators = { Ask { url = %q, model = "m", max_in_flight = 50 } } }]]

-- Rows wait a little, so that each worker gets some.
local ON_GPU = [[
local dm = require "dm"
local On = require("dm.base_op").Mapper:extend { name = "on", resources = { gpus = 1 } }
function On:execute(s)
  s.on = ("%s %s %s"):format(self.accelerator, table.concat(self.devices, ","), os.getenv "CUDA_VISIBLE_DEVICES")
  require("ffi").C.dm_pause(1)
end
return dm.pipeline { input = "in.jsonl", split_size = "4KiB", operators = { On { accelerator = "cuda" } } }]]

-- What scripts begin with: folder, dmhost, root of the repository, script of the cluster.
local PRELUDE = [[
cd %s; dmhost=%s nodes="%s"
cluster() { (cd %s && tests/cluster/%s "$@"); }
eval "$(cluster env)"
until_() {
  for i in {1..2400}; do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
  echo "no end of: $*" >&2
  exit 99
}
committed() {
  local n=$($dmhost status out.jsonl --json | grep -o '"splits": *[0-9]*' | grep -o '[0-9]*')
  [ "$n" -ge "$1" ]
}
processes() { # NODE WORDS: those of dmhost whose command line has the words
  local p
  for p in $(cluster pids $1); do
    tr '\0' ' ' 2>/dev/null </proc/$p/cmdline | grep -q "dmhost $2 \$" && echo $p
  done
}
none() { [ -z "$(processes $1 worker)$(processes $1 worker-host)" ]; }
one() { # WORDS: a process on any node, once there is one
  until_ eval "[ -n \"\$(for n in $nodes; do processes \$n $1; done)\" ]"
  for n in $nodes; do processes $n $1; done | head -n 1
}
]]

return function(cluster)
  setfenv(1, getfenv(2)) -- busted's functions are the spec's only
  local M = { SLOW = SLOW }
  local dir, root
  local node = cluster.nodes[1]

  ---Runs a script of bash in the test's folder, behind PRELUDE.
  ---@return integer, string, string exit status, stdout, stderr
  function M.bash(script)
    return t.bash(PRELUDE:format(q(dir), q(t.DMHOST), table.concat(cluster.nodes, " "), q(root),
      cluster.script) .. script)
  end

  ---The same with ENGINE and NODE in the script replaced by the cluster's.
  local function bash(script)
    return M.bash((script:gsub("ENGINE", "--engine " .. cluster.engine):gsub("NODE", node)))
  end

  ---Writes pipeline.lua; its name is part of operators' names.
  ---@param operators string?
  ---@param engine string? 'engine = {...},' as it stands there
  function M.write(operators, engine)
    t.pipeline(dir, PIPELINE:format(engine or "", operators or OPERATORS))
  end

  setup(function() root = t.first_line "pwd" end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", t.corpus(3000, 11))
    M.write()
  end)
  after_each(function()
    servers.stop()
    t.clean()
  end)

  local function sums(output)
    local _, list = bash(([[
      md5sum <OUT; md5sum <OUT.run/rejects.jsonl; cut -d, -f1,3- OUT.run/ledger.jsonl | md5sum]]):gsub("OUT", output))
    return list
  end

  ---Compares what a run left in out.jsonl with what one without a cluster gives.
  function M.check(status, _, err)
    assert.equal(0, status, err)
    M.write()
    assert.equal(0, (bash "$dmhost run pipeline.lua -o expected.jsonl -j 1 -q"))
    assert.equal(sums "expected.jsonl", sums "out.jsonl")
  end

  ---Runs it slowly on the cluster; the script happens when some of it has been done, and not all.
  ---@param engine string? see write
  ---@return integer, string, string exit status, stdout, stderr of the run
  function M.disturbed(script, engine)
    M.write(SLOW .. HOLD:format(dir .. "/go"), (engine or "") .. ' limits = { row_time = "5min" },')
    return bash(([[
      $dmhost run pipeline.lua -o out.jsonl ENGINE --workers 3 2>err & pid=$!
      until_ [ -s out.jsonl.run/status.json ]
      until_ committed 3
      %s
      touch go
      wait $pid; status=$?; cat err >&2; %s; exit $status]]):format(script, script:find "NODE" and "cluster up" or ":"))
  end

  it("writes the same bytes as one worker here", function()
    M.check(bash "$dmhost run pipeline.lua -o out.jsonl -q ENGINE --workers 3")
  end)
  it("writes the same bytes with some workers on each node", function()
    M.check(bash "$dmhost run pipeline.lua -o out.jsonl -q ENGINE --workers 4 --slots 2")
  end)
  it("writes the same bytes of the demo's corpus", function()
    local status, _, err = bash(([[root=%s
      sed 's/operators = {/split_size = "64KiB", &/' $root/examples/clean.lua >clean.lua
      for words in "-o out.jsonl ENGINE --workers 4 --slots 2" "-o expected.jsonl -j 1"; do
        $dmhost run clean.lua -i $root/build/demo/corpus.jsonl -q $words || exit
      done]]):format(q(root)))
    assert.equal(0, status, err)
    assert.equal(sums "expected.jsonl", sums "out.jsonl")
  end)
  it("writes the same bytes when a model is asked", function()
    local server = servers.start { host = t.first_line("tests/cluster/" .. cluster.script .. " here") }
    t.write(dir .. "/ask.lua", ASK:format(server:url "/jitter-20/v1"))
    local status, _, err = bash [[head -n 400 in.jsonl >some.jsonl
      $dmhost run ask.lua -i some.jsonl -o out.jsonl --no-cache -q ENGINE --workers 3]]
    assert.equal(0, status, err)
    assert.equal(0, (bash "$dmhost run ask.lua -i some.jsonl -o expected.jsonl --no-cache -q -j 1"))
    assert.equal(sums "expected.jsonl", sums "out.jsonl")
  end)
  it("answers calls of a script", function()
    t.write(dir .. "/s.lua", ([[
      local engine, tasks = (%q):gsub("%%$([%%w_]+)", os.getenv), {}
      local on = { engine = { engine, workers = 3 } }
      for i = 1, 30 do
        tasks[i] = dm.remote("whitespace_normalization_mapper", {}, { text = i .. "\t" .. i }, on)
      end
      for i, task in ipairs(tasks) do assert(task:await().text == i .. " " .. i) end
      print "all"]]):format(cluster.engine))
    local status, out, err = bash [[$dmhost lua s.lua; until_ none NODE]]
    assert.equal(0, status, err)
    assert.equal("all\n", out)
  end)
  for _, words in ipairs { "--workers 2 --slots 2", "--workers 4 --slots 2" } do
    it("gives operators the GPUs that they ask for, each worker its own: " .. words, function()
      t.write(dir .. "/gpus.lua", ON_GPU)
      local status, out, err = bash("$dmhost run gpus.lua -o out.jsonl -q ENGINE " .. words
        .. [[ && grep -o '"on":"[^"]*"' out.jsonl | sort -u]])
      assert.equal(0, status, err)
      assert.equal('"on":"cuda 0 0"\n"on":"cuda 1 1"\n', out)
    end)
  end
  it("goes on when a worker is killed", function()
    local status, out, err = M.disturbed "kill -9 $(one worker)"
    M.check(status, out, err)
    assert.truthy(err:find("signal 9", 1, true), err)
  end)
  it("goes on when a worker host is killed", function()
    local status, out, err = M.disturbed "kill -9 $(one worker-host)"
    M.check(status, out, err)
    assert.truthy(err:find("worker host", 1, true), err)
  end)
  it("goes on when a node loses power", function() M.check(M.disturbed "cluster power-off NODE") end)
  it("goes on when a node crashes", function() M.check(M.disturbed "cluster crash NODE") end)
  it("goes on when a node is cut off and comes back", function()
    M.check(M.disturbed "cluster cut NODE; sleep 8; cluster mend NODE")
  end)
  for _, words in ipairs { "ENGINE --workers 2", "-j 2" } do
    it("goes on when its coordinator was killed: " .. words, function()
      M.disturbed "kill -9 $pid"
      M.check(bash("$dmhost run pipeline.lua -o out.jsonl -q --resume " .. words))
    end)
  end
  it("leaves nothing behind when it is cancelled", function()
    M.disturbed "$dmhost cancel out.jsonl --now"
    for _, each in ipairs(cluster.nodes) do assert.equal(0, (bash("until_ none " .. each))) end
  end)
  it("says that more is asked for than any node has", function()
    local status, _, err = bash "$dmhost run pipeline.lua -o out.jsonl ENGINE --workers 1 --cpus 1000"
    assert.truthy(status == 1 or status == 2)
    assert.truthy(err:find("1000", 1, true) or err:find("not available", 1, true), err)
  end)
  return M
end
