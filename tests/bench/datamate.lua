-- make bench-datamate: tasks of DataMate as its python-executor was timed on them, with tables in a file and on a
-- PostgreSQL server: wall and CPU seconds, and the most memory that a process took. What DataMate on Ray took stands
-- beside it.
local datamate = require "tests.datamate.support"
local json = require "dm.json"
local t = require "tests.support"

local CORPUS = "build/bench/datamate.jsonl"

---Twelve operators of DataMate's template for texts.
local PROCESS = [[
- UnicodeSpaceCleaner: {}
- ExtraSpaceCleaner: {}
- FullWidthCharacterCleaner: {}
- InvisibleCharactersCleaner: {}
- ContentCleaner: {}
- LegendCleaner: {}
- EmojiCleaner: {}
- HtmlTagCleaner: {}
- TraditionalChineseCleaner: {}
- GrableCharactersCleaner: {}
- AnonymizedUrlCleaner: {}
- FileWithShortOrLongLengthFilter: {fileLength: [100, 10000000]}]]

---Files of a task, and what the real executor took for as many on two cores: wall and CPU seconds (DataMate 965fb701,
---Ray 2.60, PostgreSQL 15).
local TASKS = { { 1, wall = 43, cpu = 60 }, { 2000, wall = 427, cpu = 610 }, { 100000 } }

---@param n integer
---@return string[][] files
local function files(n)
  local list = {}
  while #list < n do
    for line in io.lines(CORPUS) do
      local text = json.decode(line).text
      list[#list + 1] = { ("f%06d.txt"):format(#list), text:sub(1, 2200):gsub("[\192-\255][\128-\191]*$", "") }
      if #list == n then break end
    end
  end
  return list
end

---The seconds and the kilobytes that GNU time tells.
local function measure(task)
  local command = ("/usr/bin/time -f '%%e %%U %%S %%M' -o %s/time env %s %s run -q %s/process.yaml"):format(task.root,
    task.store.env, t.DMHOST, task.flow)
  local status, _, message = t.shell(command)
  assert(status == 0, message)
  local wall, user, system, memory = t.read(task.root .. "/time"):match "(%S+) (%S+) (%S+) (%d+)"
  return tonumber(wall), user + system, memory / 1024
end

local function run(store, given)
  local task = datamate.task(store, { process = PROCESS, files = files(given[1]) })
  local wall, cpu, memory = measure(task)
  local status = task:ending()
  print(("%-11s %7d %8.2f %8.2f %6.0f MiB %12s %12s  %s"):format(store.name, given[1], wall, cpu, memory,
    given.wall or "-", given.cpu or "-", status))
  t.shell("rm -rf " .. task.root)
end

t.shell "mkdir -p build/bench"
if not t.read(CORPUS) then assert(t.shell(t.DMHOST .. " lua tests/bench/corpus.lua 6M " .. CORPUS) == 0) end
print(("%-11s %7s %8s %8s %10s %12s %12s"):format("tables", "files", "wall s", "CPU s", "memory", "DataMate s",
  "its CPU s"))
for _, given in ipairs(TASKS) do
  run(datamate.sqlite, given)
  local server = datamate.postgres()
  if server.why then print(server.why) else run(server, given) end
  datamate.stop()
end
