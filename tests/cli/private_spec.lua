-- Folders of processes that are killed do not stay: who makes the next one removes them.
local t = require "tests.support"

local q = t.quote

describe("a process's private folder", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  it("is removed when its owner was killed, and not while it lives", function()
    t.write(dir .. "/s.lua", [[
      local dm = require "dm"
      local on = { engine = { "process", workers = 1 } }
      assert(dm.remote("whitespace_normalization_mapper", {}, { text = "a" }, on):await().text == "a")
      io.open(arg[1], "w"):close()
      io.read()]])
    local status, out, err = t.bash(([[
      cd %s && mkdir tmp && export TMPDIR=$PWD/tmp
      until_() { for i in {1..600}; do "$@" && return; sleep 0.05; done; echo "no end of: $*" >&2; exit 99; }
      mkfifo stop
      %s lua s.lua first <>stop >/dev/null & first=$!
      until_ [ -e first ]
      mine=$(ls -d tmp/dmhost-private-*)
      %s lua s.lua second </dev/null
      [ -e second ] && [ -e $mine/owner ] && echo "it stays"
      kill -9 $first; wait $first 2>/dev/null
      until_ flock -n $mine/owner true
      %s lua s.lua third </dev/null
      ls -A tmp]]):format(q(dir), q(t.DMHOST), q(t.DMHOST), q(t.DMHOST)))
    assert.equal(0, status, err)
    assert.equal("it stays\n", out)
  end)
end)
