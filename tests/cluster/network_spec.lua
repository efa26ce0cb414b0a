-- Worker hosts on other machines: in network namespaces, on a bad line, and with or without the run's file system.
local t = require "tests.support"

local q = t.quote

-- Namespaces need a privilege that root in a container may lack.
local function skip_reason()
  if t.bash "id -u | grep -qx 0" ~= 0 then return "network namespaces need root" end
  local status = t.bash [[ip netns add dmtry$$ && ip netns del dmtry$$ && unshare -m true && [ -c /dev/net/tun ] ]]
  if status ~= 0 then return "there are no network namespaces, or no /dev/net/tun" end
end

describe("worker hosts in other network namespaces", function()
  local reason = skip_reason()
  if reason then return pending(t.excuse(reason)) end

  local dir, name, down, go
  before_each(function()
    dir = t.scratch()
    go = t.scratch() .. "/go" -- where worker hosts see it, too; it is there for the run here only
    t.write(go, "")
    name = "dm" .. dir:sub(-5):lower():gsub("[^a-z0-9]", "x")
    t.write(dir .. "/a.jsonl", t.corpus(12000, 11))
    t.bash(("cd %s && head -4000 a.jsonl >b.jsonl && gzip b.jsonl && mkdir docs && split -l 500 a.jsonl docs/d"
      ):format(q(dir)))
  end)
  after_each(function()
    if name then down() end
    name = nil
    t.clean()
  end)

  -- Packets between the namespaces go through tests/cluster/line.py.
  function down()
    t.bash(([[cd %s; kill -9 $(cat lines); rm lines
      for i in c 1 2; do ip netns pids %s$i | xargs -r kill -9; ip netns del %s$i; done]]):format(q(dir), name, name))
  end

  local PIPELINE = [[operators = { { "text_length_filter", min_len = 10, text_key = "%s" }, dm.map(function(s)
    s.random = math.random(1000)
    if s.random == 500 then error "odd" end
    if s.id == 777 then require "ffi".cast("int *", 8)[0] = 1 end
  end) }, split_size = '64KiB', max_rejects = 1000, %s]]

  -- Runs on two worker hosts of two workers each, with a line of so much delay and loss (each way); `mount`: what is
  -- done in the mount namespace of each worker host first; `script`: what happens meanwhile; `more`: words that a run
  -- here does not take.
  local function run(words, line, mount, script, more)
    return t.bash(([[
      cd %s; line=%s/tests/cluster/line.py; dm=%s; n=%s
      $dm run pipeline.lua -o expected -j 1 -q %s; [ $? -lt 4 ] || exit 9
      rm -f %s
      for i in c 1 2; do ip netns add $n$i && ip -n $n$i link set lo up || exit 9; done
      for i in 1 2; do python3 $line ${n}c 10.77.8.1 $n$i 10.77.8.1$i line$i %s >line$i.log & echo $! >>lines; done
      await grep ready line1.log; await grep ready line2.log
      ip netns exec ${n}c timeout 200 $dm run pipeline.lua -o out --engine manual --workers 4 --slots 2 \
        --listen 10.77.8.1 %s %s 2>err & run=$!
      host() { # NUMBER OF THE COMMAND, NAMESPACE
        await eval "[ \$(grep -c DM_CONNECT err) -ge $1 ] || ! kill -0 $run"
        ip netns exec $n$2 unshare -m bash -c "%s; exec env $(sed -n 's/^  *\(DM_.*\) dmhost worker-host/\1/p' err |
          sed -n $1p) $dm worker-host" 2>>host.err &
      }
      host 1 1; host 2 2
      %s
      wait $run; s=$?; cat err host.err >&2
      cmp out expected && cmp out.run/rejects.jsonl expected.run/rejects.jsonl && cmp out.run/ledger.jsonl \
        expected.run/ledger.jsonl || exit 7
      exit $s]]):format(q(dir), t.first_line "pwd", q(t.DMHOST), name, words, q(go), line,
      words, more or "--lost-after 1min", mount or "true", script or ""))
  end

  local HIDDEN = "mount -t tmpfs none %s; cd /"

  local function report(what, err)
    print(what .. ": " .. tostring(err:match "[^\n]* in [^\n]*rows in[^\n]*" or err:match "[^\n]*rows in,[^\n]*"))
  end

  it("give the same bytes over a line of 50 ms and 1 % loss", function()
    t.pipeline(dir, PIPELINE:format("text", ""))
    local status, _, err = run("-i a.jsonl", "25 1")
    assert.equal(0, status, err)
    report("shared files, 50 ms, 1 % loss", err)
  end)

  it("give them without the file system, too", function()
    t.pipeline(dir, PIPELINE:format("text", ""))
    local status, _, err = run("-i a.jsonl -i b.jsonl.gz", "25 1", HIDDEN:format(dir))
    assert.equal(0, status, err)
    report("no shared files, 50 ms, 1 % loss", err)
  end)

  it("give them for documents and for standard input, without the file system", function()
    t.pipeline(dir, 'input = dm.files("docs/", { content = true }), ' .. PIPELINE:format("fileName", ""))
    local status, _, err = run("", "0 0", HIDDEN:format(dir))
    assert.equal(0, status, err)
    down()
    t.bash(("cd %s; rm -rf out* expected*"):format(q(dir)))
    t.pipeline(dir, PIPELINE:format("text", ""))
    status, _, err = run("-i - <a.jsonl", "0 0", HIDDEN:format(dir))
    assert.equal(0, status, err)
  end)

  it("go on when one of them is cut off", function()
    -- rows behind the first ones wait a little, until there is a file
    t.pipeline(dir, (PIPELINE:format("text", ""):gsub("s.random =", ([[open = open or io.open(%q)
      if s.id > 1000 and not open then require "ffi".C.dm_pause(5) end
      s.random =]]):format(go), 1)))
    local status, _, err = run("-i a.jsonl", "0 0", HIDDEN:format(dir), [[
      await eval '[ -s out.run/journal ] || ! kill -0 $run'
      ip -n ${n}c link set line1 down; host 3 2; touch ]] .. q(go), "--lost-after 3s")
    assert.equal(0, status, err)
    assert.truthy(err:find("nothing was heard of it", 1, true), err)
  end)
end)
