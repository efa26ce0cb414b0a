-- Faults: whatever dies, the output equals that of an undisturbed run without the guilty rows, exactly those
-- rows stand in the rejects with operator and reason, and the exit status says so.
local t = require "tests.support"

local q = t.quote

describe("dmhost run survives", function()
  local dir, corpus, want
  setup(function()
    corpus = t.corpus(20000, 11)
    want = corpus:gsub("}\n", ',"seen":true}\n')
  end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus)
  end)
  after_each(t.clean)

  ---Until there is a file "quick", each row behind those of a number sleeps for so many milliseconds: so there is
  ---something to kill.
  local function prepare(milliseconds, from)
    os.execute(("cd %s && rm -rf quick out.jsonl*"):format(q(dir)))
    t.pipeline(dir, ([[input = "in.jsonl", output = "out.jsonl", split_size = "64KiB", operators = { dm.map(function(s)
      quick = quick or io.open "quick"
      if not quick and s.id > %d then require "ffi".C.dm_pause(%g) end
      s.seen = true
    end) }]]):format(from or 0, milliseconds))
  end

  ---What a second thread writes where there is a processor for it: whole blocks of rows that nobody changes.
  local function prepare_untouched()
    prepare(0)
    t.pipeline(dir, [[input = "in.jsonl", output = "out.jsonl", split_size = "2MiB", operators = {}]])
  end

  ---Runs a script of bash beside the pipeline.
  local function script(text)
    return t.bash(("cd %s; dmhost=%s\n%s"):format(q(dir), q(t.DMHOST), text))
  end

  local function run(words)
    return script("$dmhost run pipeline.lua " .. words)
  end

  local function output()
    return t.read(dir .. "/out.jsonl")
  end

  -- Kills workers, each once, until so many are dead or the run ends; says how many.
  local KILLER = [[
    $dmhost run pipeline.lua -j ${jobs:-2} -q & pid=$!
    n=0 dead=" "
    while kill -0 $pid 2>/dev/null && [ $n -lt ${most:-50} ]; do
      workers=()
      read -ra workers 2>/dev/null </proc/$pid/task/$pid/children
      from=$RANDOM
      for i in ${!workers[@]}; do
        victim=${workers[(from + i) % ${#workers[@]}]}
        case $dead in *" $victim "*) continue ;; esac
        kill -9 $victim && dead="$dead$victim " n=$((n + 1)) && : >killed
        break
      done
      # a run that gets nothing done between so many losses ends
      [ $n = 0 ] || [ $((n % 10)) != 0 ] || await eval '[ out.jsonl.run/journal -nt killed ] || ! kill -0 $pid'
      nap 0.0$((RANDOM % 9 + 1))
    done
    touch quick
    wait $pid; status=$?; echo $n; exit $status]]

  -- Rows are short and many to a split: one on which a worker is killed three times is rejected.
  it("50 workers killed -9 at random times", function()
    t.write(dir .. "/in.jsonl", corpus:rep(4))
    local kills, milliseconds = 0, 0.1
    while kills < 50 do
      prepare(milliseconds)
      local status, out, err = script(KILLER)
      assert.equal(0, status, err)
      kills = tonumber(out)
      assert.is_true(output() == want:rep(4))
      assert.equal("", t.read(dir .. "/out.jsonl.run/rejects.jsonl"))
      local lost = t.receipt(dir .. "/out.jsonl.run").workers_lost -- a worker killed when all is done is not lost
      assert.is_true(lost <= kills and lost >= kills - 2, lost)
      milliseconds = milliseconds * 2 -- a fast machine may end it before 50 are dead
    end
  end)

  it("a worker killed -9 at random times while another thread writes its output", function()
    t.write(dir .. "/in.jsonl", corpus:rep(20))
    local kills, tries = 0, 0
    while kills < 10 do
      prepare_untouched()
      local status, out, err = script("jobs=1 most=10\n" .. KILLER)
      assert.equal(0, status, err)
      kills, tries = kills + tonumber(out), tries + 1
      assert.is_true(output() == corpus:rep(20))
      assert.is_true(tries < 50)
    end
  end)

  it("a worker killed -9 when all work is done", function()
    t.write(dir .. "/in.jsonl", '{"id":1}\n')
    t.write(dir .. "/blank.jsonl", "\n") -- so that there may be two splits, and two workers begin
    t.pipeline(dir, [[input = { "blank.jsonl", "in.jsonl" }, output = "out.jsonl", operators = { dm.map(function()
      local file = io.open("busy", "w")
      file:write(io.open("/proc/self/stat"):read "*n")
      file:close()
      while not io.open "go" do end
    end) }]])
    local status, out, err = script [[
      $dmhost run pipeline.lua -j 2 -q & pid=$!
      await eval '[ -s busy ] && [ $(pgrep -P $pid | wc -l) = 2 ]'
      # the one that has no row hears no more, and is killed once the other has ended
      idle=$(pgrep -P $pid | grep -vx $(cat busy))
      kill -STOP $idle
      touch go
      await eval '! pgrep -P $pid | grep -vx $idle'
      pgrep -P $pid | grep -qx $idle && kill -9 $idle # one that was not ready yet is dead by now
      await eval '! kill -0 $pid'
      wait $pid]]
    assert.equal("", out)
    assert.equal(0, status, err)
  end)

  -- At any time of its start, and soon after it has committed something.
  it("workers that can not even begin, by ending: it says how to go on only where that can be", function()
    t.pipeline(dir, [[output = "out.jsonl", operators = { dm.map(function() end) }]])
    local text = t.read(dir .. "/pipeline.lua")
    t.write(dir .. "/pipeline.lua", 'if io.open("/proc/self/cmdline"):read("*a"):find "worker" then\n'
      .. 'os.execute "kill -9 $PPID" end ' .. text)
    local status, _, err = run "-i in.jsonl -q -j 1"
    assert.equal(1, status)
    assert.truthy(err:find("17 workers were lost without a split getting done\n  next    see the messages above; "
      .. "what was done so far is kept in out.jsonl.run; go on with --resume\n", 1, true), err)
    status, _, err = run "-i - -q -j 1 --force < in.jsonl"
    assert.equal(1, status)
    assert.truthy(err:find("done\n  next    see the messages above\n", 1, true), err)
  end)
  it("a coordinator killed -9 twenty times, with --resume", function()
    local kills, milliseconds = 0, 0.1
    while kills < 20 do
      prepare(milliseconds)
      local status, out, err = script [[
        size() { stat -c %s out.jsonl.run/journal 2>/dev/null || echo 0; }
        kills=0
        for i in {1..20}; do
          before=$(size)
          $dmhost run pipeline.lua -j $((i % 3 + 1)) -q --resume & pid=$!
          [ $((i % 4)) = 0 ] || await eval '[ $(size) != $before ] || ! kill -0 $pid'
          sleep 0.0$((RANDOM % 9 + 1))
          kill -9 $pid 2>/dev/null
          wait $pid
          case $? in 137) kills=$((kills + 1)) ;; 0) break ;; *) exit 1 ;; esac
        done
        echo $kills
        touch quick
        $dmhost run pipeline.lua -j 2 -q --resume]]
      assert.equal(0, status, err)
      kills = tonumber(out)
      assert.is_true(output() == want)
      local receipt = t.receipt(dir .. "/out.jsonl.run")
      assert.equal(20000, receipt.rows.out)
      assert.equal(t.crc64(want), receipt.output_hash)
      milliseconds = milliseconds * 2
    end
  end)

  it("and leaves no worker behind when the coordinator is killed -9", function()
    prepare(1000)
    local status, _, err = script [[
      $dmhost run pipeline.lua -j 2 -q & pid=$!
      await eval '[ $(pgrep -P $pid | wc -l) = 2 ]'
      workers=$(pgrep -P $pid)
      kill -9 $pid
      for w in $workers; do await eval '! grep -q ") [^ZX]" /proc/$w/stat'; done]]
    assert.equal(0, status, err)
  end)

  it("nor what an operator has started, waited for or not", function()
    t.pipeline(dir, [[input = "in.jsonl", output = "out.jsonl", operators = { dm.map(function()
      os.execute "sleep 1000 & echo $! >one; echo $$ >two; sleep 1000"
    end) }]])
    local status, _, err = script [[
      $dmhost run pipeline.lua -j 1 -q & pid=$!
      await eval '[ -s one ] && [ -s two ]'
      kill -9 $pid
      for p in $(cat one two); do await eval '! grep -q ") [^ZX]" /proc/$p/stat'; done]]
    assert.equal(0, status, err)
  end)

  it("SIGINT, then --resume", function()
    prepare(20, 1000)
    local status, _, err = script [[
      $dmhost run pipeline.lua -j 2 & pid=$!
      await test -s out.jsonl.run/journal
      kill -INT $pid
      await grep stopping out.jsonl.run/log
      touch quick
      wait $pid]]
    assert.equal(130, status, err)
    assert.is_nil(output())
    assert.truthy(err:find("--resume", 1, true), err)
    assert.equal("interrupted", t.receipt(dir .. "/out.jsonl.run").status)
    t.write(dir .. "/quick", "")
    assert.equal(0, (run "-j 1 -q --resume"))
    assert.is_true(output() == want)
  end)

  it("SIGHUP likewise, and not at all under nohup", function()
    for _, case in ipairs { { "", "await grep stopping out.jsonl.run/log", 130 }, { "nohup", "", 0 } } do
      prepare(20, 1000)
      local status, _, err = script(([[
        %s $dmhost run pipeline.lua -j 2 -q >out 2>&1 & pid=$!
        await test -s out.jsonl.run/journal
        kill -HUP $pid
        %s
        touch quick
        wait $pid]]):format(case[1], case[2]))
      assert.equal(case[3], status, err)
      assert.equal(case[3] == 0 and "done" or "interrupted", t.receipt(dir .. "/out.jsonl.run").status)
    end
  end)

  it("SIGINT once, and twice, with the worker inside", function()
    for times = 1, 2 do
      prepare(20, 1000)
      local status, out = script(([[
        $dmhost run pipeline.lua -j 0 2>err & pid=$!
        await test -s out.jsonl.run/journal
        kill -INT $pid
        await grep stopping err
        [ %d = 1 ] || kill -INT $pid
        touch quick
        wait $pid]]):format(times))
      assert.equal(130, status, out .. t.read(dir .. "/err"))
      assert.equal("interrupted", t.receipt(dir .. "/out.jsonl.run").status)
      t.write(dir .. "/quick", "")
      assert.equal(0, (run "-j 0 -q --resume"))
      assert.is_true(output() == want)
    end
  end)

  it("SIGINT within a split, which is heard there, with the worker inside", function()
    t.pipeline(dir, [[input = "in.jsonl", output = "out.jsonl", operators = { dm.map(function()
      seen = seen or io.open("seen", "a")
      seen:write "x"
      seen:flush()
      if not io.open "quick" then require("ffi").C.dm_pause(10) end
    end) }]])
    local status, out, err = script [[
      $dmhost run pipeline.lua -j 0 2>err & pid=$!
      await test -s seen
      kill -INT $pid
      await grep stopping err
      stat -c %s seen
      touch quick
      wait $pid]]
    assert.equal(130, status, err)
    local heard, split = tonumber(out:match "%d+"), #t.read(dir .. "/seen")
    assert.is_true(heard < split / 2, heard .. " of " .. split)
  end)

  it("SIGINT within an operator that never comes back, with the worker inside", function()
    t.write(dir .. "/in.jsonl", "{}\n")
    t.pipeline(dir, [[input = "in.jsonl", output = "out.jsonl", operators = { dm.map(function()
      io.open("begun", "w"):close()
      while true do require("ffi").C.dm_pause(1000) end
    end) }]])
    local status, _, err = script [[
      $dmhost run pipeline.lua -q -j 0 & pid=$!
      await test -e begun
      await eval '! kill -INT $pid'
      wait $pid]]
    assert.equal(130, status, err)
    assert.truthy(err:find("dmhost: stopped within an operator\n", 1, true), err)
    assert.is_nil(output())
  end)

  -- Reads nothing of a pipe of one page, and says when that is full.
  local SLEEPER = [[
import fcntl, os, termios, time
pipe = os.open("pipe", os.O_RDWR)
fcntl.fcntl(pipe, 1031, 4096) # F_SETPIPE_SZ
open("ready", "w").close()
while fcntl.ioctl(pipe, termios.FIONREAD, b"1234") == bytes(4):
    time.sleep(0.01)
open("full", "w").close()
time.sleep(1000)
]]

  it("SIGINT twice while the reader of standard output sleeps", function()
    t.write(dir .. "/sleeper.py", SLEEPER)
    t.pipeline(dir, 'input = "in.jsonl", output = "-", operators = {}')
    local status, _, err = script [[
      mkfifo pipe
      python3 sleeper.py & reader=$!
      await test -e ready
      $dmhost run pipeline.lua -j 2 2>err >pipe & pid=$!
      await test -e full
      kill -INT $pid
      await grep stopping err
      kill -INT $pid
      await eval '! kill -0 $pid'
      kill -9 $reader
      wait $pid]]
    assert.equal(130, status, err)
  end)

  it("only one of two runs into one output", function()
    prepare(20, 1000)
    local status, _, err = script [[
      $dmhost run pipeline.lua -j 1 -q & pid=$!
      await test -s out.jsonl.run/journal
      $dmhost run pipeline.lua -j 1 -q --force; s=$?
      touch quick
      wait $pid && exit $s]]
    assert.equal(2, status, err)
    assert.truthy(err:find("another run", 1, true), err)
    assert.is_true(output() == want)
  end)

  it("input that changes during the run, by failing with the file's name", function()
    prepare(20, 1000)
    local status, _, err = script [[
      $dmhost run pipeline.lua -j 1 -q & pid=$!
      await test -s out.jsonl.run/journal
      echo '{"id": 1}' >>in.jsonl
      touch quick
      wait $pid]]
    assert.equal(1, status, err)
    assert.truthy(err:find("in.jsonl has changed", 1, true), err)
    assert.is_nil(output())
  end)

  it("files of the run that are removed under way, by failing", function()
    for _, name in ipairs { "rows", "rejects.jsonl", "ledger.jsonl" } do
      prepare(20, 1000)
      local status, _, err = script(([[
        $dmhost run pipeline.lua -j 2 -q & pid=$!
        await test -s out.jsonl.run/journal
        rm out.jsonl.run/%s
        touch quick
        wait $pid]]):format(name))
      assert.equal(1, status, err)
      assert.truthy(err:find("out.jsonl.run/" .. name .. ": No such file or directory", 1, true), err)
      assert.is_nil(output())
    end
  end)

  it("a full disk, by failing resumably", function()
    os.execute("mkdir " .. q(dir .. "/small"))
    local mounted = os.execute(("mount -t tmpfs -o size=1m none %s/small 2>/dev/null"):format(q(dir)))
    if mounted ~= 0 then return pending(t.excuse "needs the right to mount a small file system") end
    finally(function() os.execute(("umount %s/small"):format(q(dir))) end)
    for workers, case in ipairs { { prepare_untouched, corpus }, { prepare, want } } do
      case[1](0)
      os.execute(("cd %s/small && rm -rf * && mount -o remount,size=1m ."):format(q(dir)))
      local words = ("-q -o small/out.jsonl -j %d"):format(workers)
      local status, _, err = run(words)
      assert.equal(1, status)
      assert.truthy(err:find("No space left on device", 1, true), err)
      assert.truthy(err:find("--resume", 1, true), err)
      assert.is_nil(t.read(dir .. "/small/out.jsonl"))
      os.execute(("mount -o remount,size=100m %s/small"):format(q(dir)))
      assert.equal(0, (run(words .. " --resume")))
      assert.is_true(t.read(dir .. "/small/out.jsonl") == case[2])
    end
  end)

  it("few open files, though many outputs wait for their place", function()
    t.write(dir .. "/in.jsonl", t.corpus(700, 11))
    t.pipeline(dir, ([[input = "in.jsonl", output = "out.jsonl", split_size = "1KiB", operators = { %s, %s }]]):format(
      [[(function()
        local seen = io.open("seen", "a")
        seen:setvbuf "no"
        return dm.map(function(s)
          seen:write "x"
          local n = 0
          while s.id == 1 and (n < 2 or seen:seek "end" > n) do -- until no more may come
            n = seen:seek "end"
            require("ffi").C.dm_pause(200)
          end
        end)
      end)()]],
      "dm.filter(function(s) if s.id % 3 == 0 then error('three', 0) end return s.id % 3 == 1 end)"))
    for _, limit in ipairs { "-S -n 256", "-n 120" } do
      os.remove(dir .. "/seen")
      local status, _, err = script(("ulimit %s; $dmhost run pipeline.lua -q -j 2 --force --max-rejects 100000"):format(
        limit))
      assert.equal(0, status, err)
      assert.equal(234, #t.lines(output()))
      assert.equal(233, #t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl"))
    end
  end)
  it("no open files at all, by saying so", function()
    t.write(dir .. "/in.jsonl", "{}\n")
    t.pipeline(dir, 'input = "in.jsonl", output = "out.jsonl", operators = {}')
    for limit = 4, 16 do
      local status, _, err = script(("ulimit -n %d; $dmhost run pipeline.lua -q -j 1 --force"):format(limit))
      assert.is_true(status == 0 or status == 1 or status == 2 or status == 127, status)
      assert.is_nil(err:find("Assertion", 1, true), err)
    end
  end)
end)
