-- Faults: whatever dies, the output equals that of an undisturbed run without the guilty rows, exactly those
-- rows stand in the rejects with operator and reason, and the exit status says so.
local t = require "tests.support"

local q = t.quote

describe("dmhost run survives", function()
  local dir, corpus
  setup(function() corpus = t.corpus(20000, 11) end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus)
  end)
  after_each(t.clean)

  -- An operator that takes its time on each row, so that there is something to kill.
  local function slow(turns)
    return ("dm.map(function(s) local x = 0 for i = 1, %d do x = x + i %% 7 end s.slow = x > 0 end)"):format(turns)
  end
  local SLOW = slow(30000)

  local function prepare(operators, more)
    t.pipeline(dir, ('input = %q, output = %q, split_size = "64KiB", operators = { %s }, %s'):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", operators, more or ""))
  end

  local function run(words)
    return t.dmhost(("run %s/pipeline.lua %s"):format(q(dir), words or ""))
  end

  local function undisturbed()
    assert.equal(0, (run(("-j 2 -q --force -o %s/want.jsonl"):format(q(dir)))))
    return t.read(dir .. "/want.jsonl")
  end

  -- Kills workers until the run ends; says how many. A fast machine may end it before 50 are dead.
  local KILLER = [[
    %s run %s/pipeline.lua -j 2 -q --force & pid=$!
    n=0
    while kill -0 $pid 2>/dev/null && [ $n -lt 50 ]; do
      victim=$(pgrep -P $pid | shuf -n 1)
      [ -n "$victim" ] && kill -9 $victim 2>/dev/null && n=$((n + 1))
      sleep 0.0$((RANDOM %% 9 + 1))
    done
    wait $pid; status=$?; echo $n; exit $status]]

  it("50 workers killed -9 at random times", function()
    local kills, turns = 0, 30000
    while kills < 50 do
      prepare(slow(turns))
      local want = undisturbed()
      local status, out, err = t.bash(KILLER:format(q(t.DMHOST), q(dir)))
      assert.equal(0, status, err)
      kills = tonumber(out)
      assert.is_true(t.read(dir .. "/out.jsonl") == want)
      assert.equal("", t.read(dir .. "/out.jsonl.run/rejects.jsonl"))
      assert.is_true(t.receipt(dir .. "/out.jsonl.run").workers_lost >= kills * 0.8)
      turns = turns * 2
    end
  end)

  it("a worker killed -9 when all work is done", function()
    t.write(dir .. "/in.jsonl", '{"id":1}\n')
    t.write(dir .. "/blank.jsonl", "\n") -- so that there may be two splits, and two workers begin
    prepare(slow(3e8))
    local status, out = t.bash(([[
      %s run %s/pipeline.lua -i %s/blank.jsonl -i %s/in.jsonl -j 2 -q & pid=$!
      until [ $(pgrep -P $pid | wc -l) = 2 ]; do sleep 0.01; done
      sleep 0.15
      # the one that has no row hears no more, and is killed once the row is out
      ticks() { for w in $(pgrep -P $pid); do cut -d ' ' -f 1,14 /proc/$w/stat; done; }
      idle=$(ticks | sort -n -k 2 | cut -d ' ' -f 1 | head -n 1)
      kill -STOP $idle
      until [ -s %s/out.jsonl.run/journal ]; do sleep 0.01; done
      sleep 0.1; kill -9 $idle
      for i in $(seq 300); do kill -0 $pid 2>/dev/null || break; sleep 0.01; done
      kill -9 $pid 2>/dev/null && echo hangs
      wait $pid]]):format(q(t.DMHOST), q(dir), q(dir), q(dir), q(dir)))
    assert.equal("", out)
    assert.equal(0, status)
  end)

  it("a coordinator killed -9 twenty times, with --resume", function()
    local kills, turns = 0, 60000
    while kills < 20 do
      prepare(slow(turns))
      local want = undisturbed()
      os.execute("rm -rf " .. q(dir .. "/out.jsonl") .. "*")
      local status
      repeat
        status = t.shell(("timeout -s KILL 0.%d %s run %s/pipeline.lua -j %d -q --resume"):format(15 + kills % 10,
          q(t.DMHOST), q(dir), kills % 3 + 1))
        if status ~= 0 then kills = kills + 1 end
      until status == 0 or kills == 20
      assert.equal(0, (run "-j 2 -q --resume"))
      assert.is_true(t.read(dir .. "/out.jsonl") == want)
      local receipt = t.receipt(dir .. "/out.jsonl.run")
      assert.equal(20000, receipt.rows.out)
      assert.equal(t.crc64(want), receipt.output_hash)
      turns = turns * 2
    end
  end)

  it("and leaves no worker behind when the coordinator is killed -9", function()
    prepare(slow(1e6))
    local status, out = t.bash(([[
      %s run %s/pipeline.lua -j 2 -q & pid=$!
      until [ $(pgrep -P $pid | wc -l) = 2 ]; do sleep 0.01; done
      workers=$(pgrep -P $pid)
      kill -9 $pid
      for i in $(seq 500); do
        left=0
        for w in $workers; do kill -0 $w 2>/dev/null && left=$((left + 1)); done
        [ $left = 0 ] && break
        sleep 0.01
      done
      echo $left]]):format(q(t.DMHOST), q(dir)))
    assert.equal(0, status)
    assert.equal("0\n", out)
  end)

  it("nor what an operator has started, waited for or not", function()
    prepare(([[dm.map(function()
      os.execute "sleep 1000 & echo $! >%s/one; echo $$ >%s/two; sleep 1000"
    end)]]):format(dir, dir))
    local status, out = t.bash(([[
      %s run %s/pipeline.lua -j 1 -q & pid=$!
      cd %s
      until [ -s one ] && [ -s two ]; do sleep 0.01; done
      kill -9 $pid
      for i in $(seq 500); do
        kill -0 $(cat one) 2>/dev/null || kill -0 $(cat two) 2>/dev/null || { echo gone; break; }
        sleep 0.01
      done]]):format(q(t.DMHOST), q(dir), q(dir)))
    assert.equal(0, status)
    assert.equal("gone\n", out)
  end)

  it("SIGINT, then --resume", function()
    prepare(SLOW)
    local want = undisturbed()
    local status, _, err = t.shell(("timeout -s INT 0.3 %s run %s/pipeline.lua -j 2; exit $?"):format(
      q(t.DMHOST), q(dir)))
    assert.is_true(status == 130 or status == 124, "status " .. status .. " " .. err)
    assert.is_nil(t.read(dir .. "/out.jsonl"))
    assert.truthy(err:find("--resume", 1, true), err)
    assert.equal("interrupted", t.receipt(dir .. "/out.jsonl.run").status)
    assert.equal(0, (run "-j 1 -q --resume"))
    assert.is_true(t.read(dir .. "/out.jsonl") == want)
  end)

  it("SIGINT once, and twice, with the worker inside", function()
    prepare(slow(100000))
    local want = undisturbed()
    for times = 1, 2 do
      os.execute("rm -rf " .. q(dir .. "/out.jsonl") .. "*")
      local status, out = t.bash(([[cd %s
        %s run %s/pipeline.lua -j 0 2>err & pid=$!
        until [ -s out.jsonl.run/journal ]; do sleep 0.01; done
        kill -INT $pid
        until grep -q stopping err; do kill -0 $pid || exit 99; sleep 0.01; done
        [ %d = 1 ] || kill -INT $pid
        wait $pid]]):format(q(dir), q(t.DMHOST), q(dir), times))
      assert.equal(130, status, out .. t.read(dir .. "/err"))
      assert.equal("interrupted", t.receipt(dir .. "/out.jsonl.run").status)
      assert.equal(0, (run "-j 0 -q --resume"))
      assert.is_true(t.read(dir .. "/out.jsonl") == want)
    end
  end)

  it("SIGINT twice while the reader of standard output sleeps", function()
    t.pipeline(dir, ('input = %q, output = "-", operators = {}'):format(dir .. "/in.jsonl"))
    local status, out = t.bash(([[cd %s
      %s run pipeline.lua -q -j 2 > >(exec sleep 4 2>/dev/null) & pid=$!
      sleep 0.5; kill -INT $pid; sleep 0.2; kill -INT $pid
      for i in $(seq 150); do kill -0 $pid 2>/dev/null || break; sleep 0.01; done
      kill -9 $pid 2>/dev/null && echo hangs
      wait $pid]]):format(q(dir), q(t.DMHOST)))
    assert.equal("", out)
    assert.equal(130, status)
  end)

  it("only one of two runs into one output", function()
    prepare(SLOW)
    local status, _, err = t.shell(([[
      %s run %s/pipeline.lua -j 1 -q & pid=$!
      sleep 0.3
      %s run %s/pipeline.lua -j 1 -q --force; s=$?
      kill -TERM $pid; wait $pid
      exit $s]]):format(q(t.DMHOST), q(dir), q(t.DMHOST), q(dir)))
    assert.equal(2, status)
    assert.truthy(err:find("another run", 1, true), err)
  end)

  it("input that changes during the run, by failing with the file's name", function()
    prepare "dm.map(function(s) local x = 0 for i = 1, 1e6 do x = x + i % 7 end s.slow = x > 0 end)"
    local status, _, err = t.shell(([[
      %s run %s/pipeline.lua -j 1 -q & pid=$!
      sleep 0.3; echo '{"id": 1}' >> %s/in.jsonl
      wait $pid]]):format(q(t.DMHOST), q(dir), q(dir)))
    assert.equal(1, status)
    assert.truthy(err:find("in.jsonl has changed", 1, true), err)
    assert.is_nil(t.read(dir .. "/out.jsonl"))
  end)

  it("a full disk, by failing resumably", function()
    prepare(SLOW)
    local want = undisturbed()
    os.execute("mkdir " .. q(dir .. "/small"))
    local mounted = os.execute(("mount -t tmpfs -o size=1m none %s/small 2>/dev/null"):format(q(dir)))
    if mounted ~= 0 then return pending "needs the right to mount a small file system" end
    finally(function() os.execute(("umount %s/small"):format(q(dir))) end)
    local words = ("-j 2 -q -o %s/small/out.jsonl"):format(q(dir))
    local status, _, err = run(words)
    assert.equal(1, status)
    assert.truthy(err:find("No space left on device", 1, true), err)
    assert.truthy(err:find("--resume", 1, true), err)
    assert.is_nil(t.read(dir .. "/small/out.jsonl"))
    os.execute(("mount -o remount,size=100m %s/small"):format(q(dir)))
    assert.equal(0, (run(words .. " --resume")))
    assert.is_true(t.read(dir .. "/small/out.jsonl") == want)
  end)

  it("few open files, though many outputs wait for their place", function()
    t.write(dir .. "/in.jsonl", t.corpus(700, 11))
    t.pipeline(dir, ("input = %q, output = %q, split_size = '1KiB', operators = { %s, %s }"):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl",
      "dm.map(function(s) if s.id == 1 then local x = 0 for i = 1, 2e8 do x = x + i % 7 end end end)",
      "dm.filter(function(s) if s.id % 3 == 0 then error('three', 0) end return s.id % 3 == 1 end)"))
    for _, limit in ipairs { "-S -n 256", "-n 120" } do
      local status, _, err = t.bash(("ulimit %s && %s run %s/pipeline.lua -q -j 2 --force --max-rejects 100000"):format(
        limit, q(t.DMHOST), q(dir)))
      assert.equal(0, status, err)
    end
  end)
end)
