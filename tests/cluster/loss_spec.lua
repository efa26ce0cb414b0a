-- Workers, worker hosts and coordinators that die or fall silent: the bytes are the same, and nobody is left behind.
local t = require "tests.support"

local q = t.quote

describe("a run behind worker hosts", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", t.corpus(1500, 7))
    t.pipeline(dir, ("operators = { %s }, split_size = '16KiB', limits = { row_time = '5min' }"):format(
      t.waits("s.id > 500", dir .. "/go")))
    assert.equal(0, (t.bash(("cd %s && touch go && %s run pipeline.lua -i in.jsonl -o expected -j 2 -q && rm go")
      :format(q(dir), q(t.DMHOST)))))
  end)
  after_each(t.clean)

  -- `hosts` prints the worker hosts of this run, `workers` the workers of those; `begun` waits for a first commit. Most
  -- rows wait until there is a file "go".
  local function bash(script)
    return t.bash(([[
      cd %s
      run() { exec %s run pipeline.lua -i in.jsonl -o out --engine process --workers 4 --slots 2 "$@"; }
      hosts() { for p in $(pgrep -f "^dmhost worker-host"); do
        [ "$(readlink /proc/$p/cwd)" = "$PWD" ] && echo $p; done; }
      workers() { for h in $(hosts); do cat /proc/$h/task/*/children; done; }
      begun() { await test -s out.run/journal; }
      alive() { for p in $*; do grep -q "^State:.[^Z]" /proc/$p/status 2>/dev/null && return 0; done; return 1; }
      gone() { for i in $(seq 200); do alive $* || return 0; sleep 0.1; done; return 1; }
      %s
      cmp out expected || exit 7]]):format(q(dir), q(t.DMHOST), script))
  end

  it("survives the death of workers", function()
    local status, _, err = bash [[
      run 2>err & pid=$!; begun
      for i in 1 2 3; do w=$(workers | cut -d" " -f1); kill -9 $w; gone $w || exit 5; done
      touch go; wait $pid || { cat err >&2; exit 8; }
      grep -q "ended by signal 9" err || exit 6]]
    assert.equal(0, status, err)
  end)

  it("survives the death of worker hosts, whose workers die with them", function()
    local status, _, err = bash [[
      run 2>err & pid=$!; begun
      w=$(workers); kill -9 $(hosts); gone $w || exit 5
      touch go; wait $pid || { cat err >&2; exit 8; }
      [ $(grep -c "it is replaced" err) = 2 ] || { cat err >&2; exit 6; }]]
    assert.equal(0, status, err)
  end)

  it("goes on without a worker host that is silent, which then ends", function()
    local status, _, err = bash [[
      run --lost-after 1s 2>err & pid=$!; begun
      h=$(hosts | head -1); w=$(cat /proc/$h/task/*/children)
      kill -STOP $h $w
      await grep "nothing was heard" err
      kill -CONT $h $w 2>/dev/null; gone $h $w || exit 5
      touch go; wait $pid || { cat err >&2; exit 8; }]]
    assert.equal(0, status, err)
  end)

  for _, with in ipairs { "-j 2", "-j 0", "--engine process --workers 3 --slots 3" } do
    it("is resumed when its coordinator was killed: " .. with, function()
      local status, _, err = bash(([[
        run -q & pid=$!; begun
        all="$(hosts) $(workers)"; kill -9 $pid; wait $pid
        gone $all || exit 5; touch go
        %s run pipeline.lua -i in.jsonl -o out %s --resume 2>err || { cat err >&2; exit 8; }
        ls out.run | grep parts- && exit 4]]):format(q(t.DMHOST), with))
      assert.equal(0, status, err)
    end)
  end

  it("is stopped by a signal, and resumed", function()
    local status, _, err = bash [[
      run -q & pid=$!; begun
      all="$(hosts) $(workers)"; kill -INT $pid; await grep stopping out.run/log
      touch go; wait $pid; [ $? = 130 ] || exit 6
      gone $all || exit 5
      ls out.run | grep parts- && exit 4
      (run -q --resume) || exit 8]]
    assert.equal(0, status, err)
  end)
end)
