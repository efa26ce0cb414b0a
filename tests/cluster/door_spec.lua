-- Who knocks at the coordinator's door and should not be let in is sent away, told once, and disturbs nothing.
local t = require "tests.support"

local q = t.quote

describe("the coordinator's door", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", t.corpus(2000, 3))
    t.pipeline(dir, [[operators = { dm.map(function(s) s.twice = s.text .. s.text end) }, split_size = '16KiB']])
    assert.equal(0, (t.bash(("cd %s && %s run pipeline.lua -i in.jsonl -o expected -j 1 -q"):format(q(dir),
      q(t.DMHOST)))))
  end)
  after_each(t.clean)

  -- A run whose worker hosts, one unless it is said, are started by hand: `script` stands between; `host N` starts the
  -- one of attempt N.
  local function run(script, hosts)
    return t.bash(([[
      cd %s
      words() { sed -n "s/^  *\(DM_.*\) dmhost worker-host/\1/p" err | sed -n $1p; }
      knock() { env $(words ${2:-1}) timeout 60 python3 %s $1; }
      host() {
        await eval "[ \$(grep -c DM_CONNECT err) -ge $1 ]"
        env $(words $1) %s worker-host 2>>host.err &
      }
      timeout 100 %s run pipeline.lua -i in.jsonl -o out --engine manual --workers %d --slots 1 \
        --listen 127.0.0.1 --lost-after 1min 2>err &
      run=$!
      await eval "grep DM_CONNECT err || ! kill -0 $run"
      kill -0 $run || { cat err >&2; exit 9; }
      %s
      wait $run || { cat err host.err >&2; exit 8; }
      cmp out expected || exit 7
      cat err >&2]]):format(q(dir), q(t.first_line "realpath tests/cluster/knock.py"), q(t.DMHOST), q(t.DMHOST),
      hosts or 1, script))
  end

  local function count(text, what)
    local _, n = text:gsub(what:gsub("%p", "%%%0"), "")
    return n
  end

  for what, why in pairs {
    scan = "was refused: it closed the connection",
    http = "it sent what is no message",
    oversized = "it sent what is no message",
    early = "it sent what is no message of a worker host",
    protocol = "it speaks another version of the protocol",
    secret = "it does not know the run's secret",
    replay = "it does not know the run's secret",
    silent = "it did not say in time who it is",
  } do
    it("refuses " .. what, function()
      local status, out, err = run(("knock %s; host 1"):format(what))
      assert.equal(0, status, err)
      assert.equal(1, count(err, why), err)
      if what ~= "scan" then assert.equal("closed\n", out) end
    end)
  end

  it("refuses a name that is used, or was", function()
    local status, out, err = run("knock again; knock again; host 2") -- the first one comes in, and goes
    assert.equal(0, status, err)
    assert.equal("in\nclosed\n", out)
    assert.equal(1, count(err, "its name has been used, or another has taken its place"), err)
  end)

  it("refuses another dmhost, and asks for another worker host", function()
    local status, out, err = run("knock other; host 2")
    assert.equal(0, status, err)
    assert.truthy(out:find "^True\nit has dmhost 0123456789abcdef, and we dmhost", out)
    assert.equal(1, count(err, "it has dmhost 0123456789abcdef"), err)
  end)

  it("is closed in the end when nobody fits", function()
    -- of several, for each is replaced after twice the time that it was after the last loss
    local status, _, err = run([[
      for i in {1..13}; do
        await eval "[ \$(grep -c DM_CONNECT err) -ge $i ]"
        knock other $i
      done
      wait $run; s=$?; cat err >&2; exit $s]], 4)
    assert.equal(1, status, err)
    assert.truthy(err:find("13 worker hosts were lost without a split getting done; the last", 1, true), err)
  end)

  it("lets nobody stay who talks nonsense", function()
    local status, out, err = run("knock nonsense; host 2")
    assert.equal(0, status, err)
    assert.equal("True\nclosed\n", out)
    assert.equal(1, count(err, "it sent what is no message; it is replaced"), err)
  end)

  it("survives a flood", function()
    local status, _, err = run([[
      for i in $(seq 10); do knock scan & knock http >/dev/null & knock secret >/dev/null & done
      await grep "not told any more" err
      host 1]])
    assert.equal(0, status, err)
    assert.equal(1, count(err, "others are not told any more"), err)
  end)
end)
