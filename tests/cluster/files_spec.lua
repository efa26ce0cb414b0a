-- Files that operators declare, and recordings of replies, on worker hosts that do not see the coordinator's files.
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

local function skip_reason()
  if t.bash "id -u | grep -qx 0 && unshare -m true" ~= 0 then return "mount namespaces need root" end
end

describe("worker hosts without the run's file system", function()
  local reason = skip_reason()
  if reason then return pending(t.excuse(reason)) end

  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", t.corpus(2000, 5))
    os.execute("mkdir -p " .. q(dir .. "/ops/user"))
  end)
  after_each(function()
    servers.stop()
    t.clean()
  end)

  -- Runs on two worker hosts of two workers, each in a mount namespace where `mounts` has been done; `before` is done
  -- between the beginning of the run and that of its worker hosts. Prints what these leave in their TMPDIR.
  local function run(words, mounts, before)
    return t.bash(([[
      cd %s; dm=%s; export TMPDIR=%s
      timeout 100 $dm run p.lua -i in.jsonl -o out --engine manual --workers 4 --slots 2 --lost-after 1min \
        %s 2>err & run=$!
      await eval '[ $(grep -c DM_CONNECT err) = 2 ] || ! kill -0 $run'
      %s
      for i in 1 2; do
        start="exec env $(sed -n 's/^  *\(DM_.*\) dmhost worker-host/\1/p' err | sed -n ${i}p) $dm worker-host"
        unshare -m bash -c %s"; $start" 2>>host.err & hosts="$hosts $!"
      done
      wait $run; s=$?; [ $s = 0 ] || kill $hosts; wait; cat err host.err >&2; ls -A $TMPDIR; exit $s]]):format(
      q(dir), q(t.DMHOST), q(t.scratch()), words, before or "", q(mounts)))
  end

  local function hidden() return ("mount -t tmpfs none %s; cd /"):format(q(dir)) end

  local LOOK = [[
local dm = require "dm"
local Look = require("dm.base_op").Mapper:extend { name = "look" }
function Look:init() self.words = dm.lazy("words.bin") end
function Look:execute(s)
  local words = self.words()
  s.size, s.at = #words, words:sub(s.id * 5000 - 11, s.id * 5000) -- 2,000 rows, up to the last byte of 10 MB
end
return Look]]

  ---Writes the pipeline, its operator and the file that this declares.
  local function prepare(words)
    t.write(dir .. "/ops/user/words.bin", words)
    t.write(dir .. "/ops/user/look.lua", LOOK)
    t.write(dir .. "/p.lua", 'return require("dm").pipeline { split_size = "16KiB", operators = { { "look" } } }')
  end

  -- 10 MB, no part of which compresses to nothing.
  local function many_words()
    math.randomseed(7)
    local list = {}
    for i = 1, 250000 do list[i] = ("%040x"):format(math.random(2 ^ 52)) end
    return table.concat(list)
  end

  it("get the files that operators declare, and leave none", function()
    prepare(many_words())
    local status, out, err = run("-q", hidden())
    assert.equal(0, status, err)
    assert.equal("", out)
    t.bash(("cd %s && %s run p.lua -i in.jsonl -o expected -j 1 -q"):format(q(dir), q(t.DMHOST)))
    assert.equal(t.read(dir .. "/expected"), t.read(dir .. "/out"))
    assert.truthy(t.read(dir .. "/out"):find('"size":10000000', 1, true))
  end)

  it("get those that lie there with other bytes", function()
    prepare "one two three four five"
    local status, _, err = run("-q", ([[%s; mkdir -p %s/ops/user; echo another >%s/ops/user/words.bin]]):format(
      hidden(), dir, dir))
    assert.equal(0, status, err)
    assert.truthy(t.read(dir .. "/out"):find('"size":23', 1, true))
  end)

  it("end the run when a file has changed since it began", function()
    prepare "one two three four five"
    local status, _, err = run("", hidden(), "echo more >>ops/user/words.bin")
    assert.equal(2, status, err)
    assert.truthy(err:find("words.bin has changed since the run began", 1, true), err)
  end)

  it("get the recording that --replay takes replies from", function()
    local server = servers.start {}
    t.write(dir .. "/p.lua", ([[
local Ask = require("dm.base_op").LLM:extend { name = "ask" }
function Ask:build_llm_prompt(s) return s.text end
return require("dm").pipeline { split_size = "16KiB", operators = {
  Ask { url = %q, model = "m", max_in_flight = 50 } } }]]):format(server:url "/v1"))
    t.bash(([[cd %s && head -300 in.jsonl >some && mv some in.jsonl &&
      %s run p.lua -i in.jsonl -o expected -j 1 -q --cache r.sqlite]]):format(q(dir), q(t.DMHOST)))
    servers.stop()
    local status, _, err = run("-q --replay r.sqlite", hidden())
    assert.equal(0, status, err)
    assert.equal(t.read(dir .. "/expected"), t.read(dir .. "/out"))
  end)
end)
