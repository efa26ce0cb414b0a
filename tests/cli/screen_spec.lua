-- dmhost try and dev on a terminal: a session in tmux from a project's folder to an operator that was edited five
-- times. Screens are compared as text; how long a save takes to the screen is printed, not judged: the machine may be
-- busy.
local sleep = require("dm.wait").sleep
local t = require "tests.support"

local q = t.quote

local OPERATOR = [[
local Filter = require("dm.base_op").Filter
local Fresh = Filter:extend { name = "fresh", summary = "Keep what is new." }
function Fresh:execute(sample)
  BODY
end
return Fresh
]]

local function operator(body)
  return (OPERATOR:gsub("BODY", function() return body end))
end

describe("on a terminal", function()
  local dir, socket
  before_each(function()
    socket = t.scratch() .. "/tmux"
    dir = t.scratch() .. "/project"
    t.dmhost("init " .. q(dir))
    t.shell(("cd %s && %s new filter fresh"):format(q(dir), q(t.DMHOST)))
    local rows = {}
    for i = 1, 1000 do rows[i] = ('{"id":%d,"text":"row %d of  some"}'):format(i, i) end
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
    t.pipeline(dir, 'input = "in.jsonl", output = "out", operators = { { "fresh" }, { "text_length_filter" } }')
    t.write(dir .. "/ops/user/fresh/process.lua", operator "return true")
  end)
  after_each(function()
    os.execute(("tmux -S %s kill-server 2>/dev/null"):format(q(socket)))
    t.clean()
  end)

  local function tmux(words)
    local _, out = t.shell(("tmux -S %s %s"):format(q(socket), words))
    return out
  end

  ---Runs dmhost in a terminal of that size.
  local function open(command, columns, lines, environment)
    tmux(("-f /dev/null new-session -d -x %d -y %d -s s %s"):format(columns, lines,
      q(("cd %s && %s LC_ALL=C.UTF-8 %s %s; echo status $?; sleep 600"):format(q(dir), environment or "", q(t.DMHOST),
        command))))
  end

  local function screen()
    return (tmux "capture-pane -p -t s":gsub(" +\n", "\n"):gsub("%s+$", "\n"):gsub("\n\n+n next", "\nn next"))
  end

  local latencies = {}

  ---The screen without what differs from run to run: the time of a reload, which is noted.
  local function stable()
    local ms
    local text = screen():gsub("reloaded in (%d+) ms", function(n)
      ms = n
      return "reloaded in N ms"
    end)
    return text, ms
  end

  ---Waits until what the screen shows passes; the last screen.
  local function wait_until(passes)
    local deadline = os.time() + 60
    local text, ms
    repeat
      text, ms = stable()
      if passes(text) then
        if ms and latencies[#latencies] ~= ms then latencies[#latencies + 1] = ms end
        return text
      end
      sleep(30)
    until os.time() >= deadline
    return text
  end

  ---Waits until the screen has a text.
  local function wait(part)
    local text = wait_until(function(text) return text:find(part, 1, true) end)
    assert.truthy(text:find(part, 1, true), ("no %q on\n%s"):format(part, text))
    return text
  end

  ---Waits for a screen.
  local function expect(whole)
    assert.equal(whole, wait_until(function(text) return text == whole end))
  end

  local function save(body)
    t.write(dir .. "/ops/user/fresh/process.lua", operator(body))
  end

  it("begins with a project, and an operator in it", function()
    tmux(("-f /dev/null new-session -d -x 80 -y 20 -s s %s"):format(q(("cd %s; PATH=%s:$PATH PS1='>' exec bash --norc"):
      format(q(t.scratch()), q(t.DMHOST:match "^(.*)/")))))
    wait ">"
    tmux "send-keys -t s 'dmhost init words && cd words' Enter"
    expect [[
>dmhost init words && cd words
words/pipeline.lua
words/data/sample.jsonl
words/tests/pipeline_spec.lua
words/.gitignore
words/.luarc.json
words/.dmhost/library/

next:  cd words
       dmhost check pipeline.lua
       dmhost try pipeline.lua
       dmhost run pipeline.lua
       dmhost new mapper my_operator
       dmhost test
>
]]
    tmux "send-keys -t s C-l 'dmhost new filter fresh && dmhost try fresh' Enter"
    expect [[
>dmhost new filter fresh && dmhost try fresh
ops/user/fresh/process.lua
ops/user/fresh/fresh_spec.lua

next:  dmhost test fresh
       dmhost try fresh
demo@813  dropped by fresh
  Call +1 (555) 010-9999 or 0049 30 1234567; server 192.168.0.1, fe80::1;  ...
  fresh  dropped: 0.525773, above max_ratio 0.5

1 row: 1 dropped
  fresh  1 dropped of 1
30 built-in rows were left as they are
>
]]
    tmux "send-keys -t s C-l 'dmhost dev fresh' Enter"
    wait "n next  p previous"
    tmux "send-keys -t s q"
    wait ">dmhost dev fresh"
  end)

  it("follows an operator through five edits", function()
    open("dev pipeline.lua", 80, 16)
    expect [[
dmhost dev pipeline.lua  1,000 rows: 1,000 kept, 0 dropped, 0 rejected
watching; save a file to see what it changes
row 1 of 1,000

in.jsonl@0  kept, unchanged
  row 1 of  some
n next  p previous  f filter  space more  q quit
]]

    save "return sample.id ~= 7 and sample.id ~= 70, 'seven', sample.id"
    expect [[
dmhost dev pipeline.lua  1,000 rows: 998 kept, 2 dropped, 0 rejected
fresh reloaded in N ms: 2 newly dropped, 2 changed
row 1 of 1,000, 2 changed

in.jsonl@198  dropped by fresh
  row 7 of  some
  fresh  dropped: 7, seven
n next  p previous  f filter  space more  q quit
]]
    tmux "send-keys -t s n"
    wait "row 70 of"

    save "return sample.id ~= 7 and"
    expect [[
dmhost dev pipeline.lua  1,000 rows: 998 kept, 2 dropped, 0 rejected
fresh reloaded in N ms: 2 newly dropped, 2 changed
error: unexpected symbol near 'end'
  at      ops/user/fresh/process.lua:5:1
     5 | end
       | ^^^
the last good version is shown
row 2 of 1,000, 2 changed

in.jsonl@2397  dropped by fresh
  row 70 of  some
  fresh  dropped: 70, seven
n next  p previous  f filter  space more  q quit
]]

    t.write(dir .. "/ops/user/fresh/process.lua~", operator "return sample.id ~= 7")
    assert(os.rename(dir .. "/ops/user/fresh/process.lua~", dir .. "/ops/user/fresh/process.lua"))
    assert.truthy(wait "1 newly kept, 1 changed":find("999 kept, 1 dropped", 1, true))

    save "sample.text = sample.text:gsub('  ', ' ') return true"
    wait "1 newly kept, 1,000 changed"
    tmux "send-keys -t s f f"
    wait "filter: text_length_filter"
    tmux "send-keys -t s f n p"
    wait "row 1 of 1,000, 1,000 changed\n"

    save "while sample.id == 500 do end return true"
    assert.truthy(wait "took longer than 2 s":find("the last good version is shown", 1, true))
    save "return true"
    wait "in.jsonl@0  kept, unchanged"
    tmux "send-keys -t s q"
    expect "status 0\n"
  end)

  it("shows what operators print beside the row that they print it for", function()
    t.write(dir .. "/ops/user/fresh/process.lua", operator "print('at', sample.id) return true")
    open("dev pipeline.lua", 60, 10)
    wait "prints  at→1"
    tmux "send-keys -t s n"
    expect [[
dmhost dev pipeline.lua  1,000 rows: 1,000 kept, 0 dropped,
  0 rejected
watching; save a file to see what it changes
row 2 of 1,000

in.jsonl@33  kept, unchanged
  row 2 of  some
  prints  at→2
n next  p previous  f filter  space more  q quit
]]
  end)

  it("fits a narrow terminal, and is plain with NO_COLOR", function()
    open("try fresh in.jsonl -n 2", 30, 20, "NO_COLOR=1")
    expect [[
in.jsonl@0  kept, unchanged
  row 1 of  some
in.jsonl@33  kept, unchanged
  row 2 of  some

2 rows: 2 kept
status 0
]]
  end)

  it("stops and goes on as a shell wants it", function()
    tmux(("-f /dev/null new-session -d -x 80 -y 12 -s s %s"):format(q("cd " .. q(dir) .. "; PS1='>' exec bash --norc")))
    wait ">"
    tmux(("send-keys -t s %s Enter"):format(q(t.DMHOST .. " dev pipeline.lua")))
    wait "n next"
    local function go_on()
      tmux "send-keys -t s fg Enter"
      assert.is_nil(wait "row 2 of 1,000":find("outside", 1, true))
    end
    tmux "send-keys -t s n C-z"
    assert.is_nil(wait "Stopped":find("n next", 1, true))
    tmux "send-keys -t s 'echo out''side' Enter"
    wait "\noutside"
    go_on()
    t.bash(("kill -STOP -- -$(ps -o pid= --ppid $(tmux -S %s display -p -t s '#{pane_pid}') | tr -d ' ')"):format(
      q(socket)))
    wait "Stopped"
    tmux "send-keys -t s 'echo out''side' Enter"
    go_on()
    tmux "send-keys -t s q"
    wait_until(function(text) return text:find "\n>\n$" end) -- keys that come sooner are dmhost's
    tmux "send-keys -t s 'echo status $?' Enter"
    wait "status 0"
  end)

  it("breaks what an error says between words", function()
    save "return sample.meta.lang"
    open("dev pipeline.lua", 40, 24)
    local text = wait "\nn next":gsub("%s+", " ")
    for _, said in ipairs { "attempt to index field 'meta' (a nil value)",
      "next a field that is missing or null reads as nil: `if sample.meta then ... end`" } do
      assert.truthy(text:find(said, 1, true), said .. " is not in " .. text)
    end
    tmux "send-keys -t s q"
    wait "status 0"
  end)

  it("says so when operators did something else with the row before", function()
    save "self.n = (self.n or 0) + 1; return self.n <= 1000"
    open("dev pipeline.lua", 90, 14)
    expect [[
dmhost dev pipeline.lua  1,000 rows: 1,000 kept, 0 dropped, 0 rejected
watching; save a file to see what it changes
row 1 of 1,000

in.jsonl@0  dropped by fresh
  row 1 of  some
  fresh  dropped: dropped
  beware: this is not what is counted above: asked for this row once more, to show it,
    operators answered otherwise; what they keep from row to row must not decide
n next  p previous  f filter  space more  q quit
]]
    save "return sample.id > 1"
    assert.is_nil(wait "1 newly dropped":find("beware", 1, true))
    tmux "send-keys -t s q"
    wait "status 0"
  end)

  it("is left as it was found", function()
    open("dev pipeline.lua", 60, 10)
    wait "n next"
    tmux "send-keys -t s q"
    expect "status 0\n"
    assert.truthy(tmux "display -p -t s '#{alternate_on} #{cursor_flag}'":find "0 1")
  end)

  teardown(function()
    print(("\n  from save to screen, 1,000 rows: %s ms"):format(table.concat(latencies, ", ")))
  end)
end)
