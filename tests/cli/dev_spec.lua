-- dmhost dev as a process without a terminal: the events that it tells while files are edited.
local json = require "dm.json"
local t = require "tests.support"
local wait = require "dm.wait"

local q = t.quote

local SHOUT = [[
local Mapper = require("dm.base_op").Mapper
local Shout = Mapper:extend { name = "shout", summary = "Shout." }
function Shout:init() self.seen = self.seen or 0 end
function Shout:migrate(old) self.seen = old.seen end
function Shout:execute(sample)
  sample.text = sample.text:upper() .. MARK
end
return Shout
]]

local PIPELINE = [[input = "in.jsonl", output = "out",
  operators = { { "shout" }, { "text_length_filter", min_len = %d } }]]

describe("dmhost dev", function()
  local dir, pid, told
  before_each(function()
    dir = t.scratch()
    local rows = {}
    for i = 1, 1000 do rows[i] = ('{"id":%d,"text":"row %d"}'):format(i, i) end
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
    os.execute("mkdir -p " .. q(dir .. "/ops/user"))
    t.write(dir .. "/ops/user/shout.lua", (SHOUT:gsub("MARK", '"!"')))
    t.pipeline(dir, PIPELINE:format(7))
  end)
  after_each(function()
    if pid then os.execute("kill -9 " .. pid .. " 2>/dev/null") end
    pid = nil
    t.clean()
  end)

  ---Starts it; its events go to a file.
  local function start(words)
    told = 0
    local _, out = t.shell(("cd %s && { %s dev %s >events 2>errors & echo $!; }"):format(q(dir), q(t.DMHOST), words))
    pid = out:match "%d+"
  end

  ---Events that were told since the last call, up to one of that kind.
  local function until_event(kind)
    return t.wait_for(kind, function()
      local lines, list = t.lines(t.read(dir .. "/events") or ""), {}
      for i = told + 1, #lines do
        list[#list + 1] = json.decode(lines[i])
        if list[#list].event == kind then
          told = i
          return list
        end
      end
    end, function() return t.read(dir .. "/events") .. t.read(dir .. "/errors") end)
  end

  local function by_rename(path, text)
    t.write(path .. "~", text)
    assert(os.rename(path .. "~", path))
  end

  it("tells of each save what it changed, as the events that are documented", function()
    start "pipeline.lua --json"
    assert.same({ { event = "ready" } }, until_event "ready")
    t.pipeline(dir, PIPELINE:format(8))
    local list = until_event "summary"
    assert.equal("reload", list[1].event)
    assert.equal("pipeline.lua", list[1].operator)
    assert.is_true(list[1].ms > 0)
    local dropped = {}
    for _, event in ipairs(list) do if event.event == "row" then dropped[#dropped + 1] = event end end
    assert.equal(90, #dropped)
    assert.same({ event = "row", row = "in.jsonl@" .. 9 * #'{"id":1,"text":"row 1"}\n', outcome = "dropped",
      changed = true }, dropped[1])
    assert.same({ event = "summary", kept = 901, dropped = 99, changed = 90, rejected = 0 }, list[#list])
  end)

  it("keeps the last good version while a file has an error, whoever saves it", function()
    start "pipeline.lua --json"
    until_event "ready"
    local path = dir .. "/ops/user/shout.lua"
    by_rename(path, (SHOUT:gsub("MARK", '"!')))
    local list = until_event "error"
    assert.equal("ops/user/shout.lua", list[1].file)
    assert.equal(6, list[1].line)
    assert.equal(1, #list)
    by_rename(path, (SHOUT:gsub("MARK", '"!!"')))
    list = until_event "summary"
    assert.equal("reload", list[1].event, list[1].message)
    assert.equal("shout", list[1].operator)
    assert.same({ event = "summary", kept = 1000, dropped = 0, changed = 1000, rejected = 0 }, list[#list])
    os.remove(dir .. "/pipeline.lua")
    list = until_event "error"
    assert.equal("pipeline.lua", list[1].file)
    local whisper = t.pipeline(t.scratch(), 'input = "in.jsonl", output = "out", operators = { { "whisper" } }')
    assert(os.rename(whisper, dir .. "/pipeline.lua")) -- whole at once
    list = until_event "error"
    assert.equal("pipeline.lua", list[1].file)
    assert.equal(3, list[1].line)
    t.write(dir .. "/ops/user/whisper.lua", (SHOUT:gsub("MARK", '"."'):gsub("shout", "whisper"):gsub("upper", "lower")))
    list = until_event "summary"
    assert.equal(1000, list[#list].changed)
  end)

  it("takes what editors put beside a file for no save of it", function()
    start "pipeline.lua --json"
    until_event "ready"
    by_rename(dir .. "/ops/user/shout.lua", (SHOUT:gsub("MARK", '"!')))
    until_event "error"
    for _, name in ipairs { "shout.lua~", ".shout.lua.swp", "4913", "#shout.lua#" } do
      t.write(dir .. "/ops/user/" .. name, "what an editor needs")
      wait.sleep(100) -- as long as it takes, were it taken for one
    end
    by_rename(dir .. "/ops/user/shout.lua", (SHOUT:gsub("MARK", '"?"')))
    assert.equal("reload", until_event("summary")[1].event)
  end)

  it("makes an endless loop an error like any other", function()
    start "pipeline.lua --json"
    until_event "ready"
    by_rename(dir .. "/ops/user/shout.lua", (SHOUT:gsub("MARK", '"" while sample.id == 7 do end')))
    local list = until_event "error"
    assert.equal("ops/user/shout.lua", list[1].file)
    assert.equal(6, list[1].line)
    assert.truthy(list[1].message:find("took longer than 2 s", 1, true))
    by_rename(dir .. "/ops/user/shout.lua", (SHOUT:gsub("MARK", '"" if sample.id == 7 then error "seven" end')))
    list = until_event "summary"
    assert.equal(1, list[#list].rejected)
  end)

  it("names the line of an endless loop in init", function()
    start "pipeline.lua --json"
    until_event "ready"
    by_rename(dir .. "/ops/user/shout.lua", (SHOUT:gsub("self.seen = self.seen or 0", "\nwhile true do end\n")))
    local list = until_event "error"
    assert.equal("ops/user/shout.lua", list[1].file)
    assert.equal(4, list[1].line)
  end)

  it("gives up loading what has been mended meanwhile", function()
    start "pipeline.lua --json"
    until_event "ready"
    local path, endless = dir .. "/ops/user/shout.lua", 'assert(io.open("begun", "w")):close() while true do end\n'
    by_rename(path, endless .. (SHOUT:gsub("MARK", '"?"')))
    t.wait_for("its load", function() return t.read(dir .. "/begun") end)
    by_rename(path, (SHOUT:gsub("MARK", '"?"')))
    local list = until_event "summary"
    assert.equal("reload", list[1].event)
    assert.equal(991, list[#list].changed) -- the others are dropped
  end)

  it("reloads what hangs on a module or a resource, with the plain data of the old operator", function()
    t.write(dir .. "/mark.lua", 'return "!"\n')
    t.write(dir .. "/ops/user/shout.lua", (SHOUT:gsub("MARK", [[require "mark"
  self.seen = self.seen + 1
  if self.seen > 10 then error "an old operator" end]])))
    start "pipeline.lua --json -n 10"
    until_event "ready"
    by_rename(dir .. "/mark.lua", 'return "?"\n')
    local list = until_event "summary"
    assert.equal("shout", list[1].operator)
    assert.same({ event = "summary", kept = 0, dropped = 0, changed = 10, rejected = 10 }, list[#list])
    assert.equal(2, #list - list[#list].changed)
  end)

  it("reloads an operator when a file beside it changes", function()
    t.write(dir .. "/ops/user/mark.txt", "!")
    t.write(dir .. "/ops/user/list.txt", "1")
    t.write(dir .. "/ops/user/shout.lua", 'local mark = require("dm").lazy("mark.txt")\n' ..
      'local list = require("dm.sources").read("ops/user/list.txt")\n' .. (SHOUT:gsub("MARK", "mark() .. list")))
    start "pipeline.lua --json -n 10"
    until_event "ready"
    for _, name in ipairs { "mark.txt", "list.txt" } do
      by_rename(dir .. "/ops/user/" .. name, "??")
      local list = until_event "summary"
      assert.equal("shout", list[1].operator)
      assert.equal(10, list[#list].changed)
    end
  end)

  it("sees operators whose folder was made anew", function()
    start "pipeline.lua --json"
    until_event "ready"
    os.execute(("cd %s && rm -r ops/user && sleep 0.1 && mkdir -p ops/new && cp /dev/null ops/new/x"):format(q(dir)))
    until_event "error"
    t.write(dir .. "/ops/new/shout.lua", (SHOUT:gsub("MARK", '"..."')))
    assert(os.rename(dir .. "/ops/new", dir .. "/ops/user"))
    local list = until_event "summary"
    assert.equal(1000, list[#list].changed)
    t.write(dir .. "/ops/user/shout.lua", (SHOUT:gsub("MARK", '"!"')))
    until_event "summary"
  end)

  it("sees what symbolic links lead to, and links that lead elsewhere by now", function()
    local function version(path, mark) t.write(dir .. path, (SHOUT:gsub("MARK", '"' .. mark .. '"'))) end
    os.execute(("cd %s && mkdir v1 v2 && rm -r ops/user && ln -s ../v1 ops/user && ln -s ../a.lua v1/shout.lua"):format(
      q(dir)))
    version("/a.lua", "a")
    version("/b.lua", "b")
    version("/v2/shout.lua", "v2")
    start "pipeline.lua --json"
    until_event "ready"
    version("/a.lua", "edited")
    until_event "summary"
    os.execute(("cd %s && ln -s ../b.lua v1/new && mv -T v1/new v1/shout.lua"):format(q(dir)))
    until_event "summary"
    version("/b.lua", "edited, too")
    until_event "summary"
    os.execute(("cd %s && ln -s ../v2 ops/new && mv -T ops/new ops/user"):format(q(dir)))
    until_event "summary"
    version("/v2/shout.lua", "last")
    local list = until_event "summary"
    assert.equal(1000, list[#list].changed)
  end)

  it("needs something to watch", function()
    local status, _, err = t.shell(("cd %s && %s dev"):format(q(dir), q(t.DMHOST)))
    assert.equal(2, status)
    assert.truthy(err:find("no pipeline is given", 1, true), err)
    status, _, err = t.shell(("cd %s && %s dev nofile.lua"):format(q(dir), q(t.DMHOST)))
    assert.equal(2, status)
    assert.truthy(err:find("nofile.lua", 1, true), err)
  end)

  it("waits for a first version without errors", function()
    t.write(dir .. "/pipeline.lua", "return dm.pipe\n")
    start "pipeline.lua"
    assert.equal("error", until_event("ready")[1].event)
    t.pipeline(dir, 'input = "in.jsonl", output = "out", operators = { { "shout" } }')
    local list = until_event "summary"
    assert.equal(1000, list[#list].kept)
  end)

  it("waits for an operator in a folder of its own that never worked before", function()
    os.execute(("cd %s/ops/user && mkdir shout && mv shout.lua shout/process.lua"):format(q(dir)))
    t.write(dir .. "/ops/user/shout/process.lua", "return (")
    start "pipeline.lua"
    assert.equal("ops/user/shout/process.lua", until_event("ready")[1].file)
    t.write(dir .. "/ops/user/shout/process.lua", (SHOUT:gsub("MARK", '"!"')))
    local list = until_event "summary"
    assert.equal(1000, list[#list].changed)
  end)

  it("ends when nobody reads on, and on a signal", function()
    local status, out = t.bash(("cd %s && timeout 60 %s dev pipeline.lua | head -1; echo ${PIPESTATUS[0]}"):format(
      q(dir), q(t.DMHOST)))
    assert.equal(0, status)
    assert.equal('{"event":"ready"}\n0\n', out)
    out = select(2, t.bash(("cd %s && { %s dev pipeline.lua >events & }; await test -s events; "
      .. "kill -INT $!; wait $!; echo $?"):format(q(dir), q(t.DMHOST))))
    assert.equal("130\n", out)
  end)
end)
