-- make bench-datamate: tasks of DataMate as its python-executor was timed on them, with tables in a file, on a
-- PostgreSQL server, and on the Ray of tests/cluster/ray.sh when that is up: wall and CPU seconds, and the most memory
-- that a process took. What DataMate on Ray took stands beside it. Writes tests/bench/DATAMATE.md.
local datamate = require "tests.datamate.support"
local json = require "dm.json"
local t = require "tests.support"
local timing = require "tests.bench.timing"

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

---Files of a task, how often it is timed, and what the real executor took for as many on two cores: wall and CPU
---seconds (DataMate 965fb701, Ray 2.60, PostgreSQL 15).
local TASKS = { { 1, 5, "43 s", "60 s" }, { 2000, 5, "427 s", "610 s" }, { 100000, 1 } }

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

---@class bench.Task
---@field wall number seconds
---@field cpu number seconds of it and its children
---@field memory number MiB of its largest process

---Runs a task, as GNU time sees it.
---@param store dm.TestStore
---@param n integer files
---@param options string of dmhost run
---@return bench.Task
local function once(store, n, options)
  local task = datamate.task(store, { process = PROCESS, files = files(n) })
  local timed = ("/usr/bin/time -f '%%e %%U %%S %%M' -o %s/time"):format(task.root)
  local status, _, message = t.shell(("%s env %s %s run -q %s %s/process.yaml"):format(timed, store.env, t.DMHOST,
    options, task.flow))
  assert(status == 0, message)
  assert((task:ending()) == "COMPLETED")
  local wall, user, system, memory = t.read(task.root .. "/time"):match "(%S+) (%S+) (%S+) (%d+)"
  t.shell("rm -rf " .. task.root)
  return { wall = tonumber(wall), cpu = user + system, memory = memory / 1024 }
end

local report = {}

local function say(format, ...)
  report[#report + 1] = format:format(...)
  print(report[#report])
end

---Times a task, and says what the run of median wall time took.
local function run(name, store, given, options)
  local runs = {}
  for i = 1, given[2] do runs[i] = once(store, given[1], options or "") end
  table.sort(runs, function(a, b) return a.wall < b.wall end)
  local middle = runs[math.ceil(#runs / 2)]
  say("| %d | %s | %.2f s | %.2f s | %.0f MiB | %s | %s |", given[1], name, middle.wall, middle.cpu, middle.memory,
    given[3] or "", given[4] or "")
end

---The Ray of tests/cluster, when it is up.
---@return string? options of dmhost run
local function ray()
  local _, why_not = t.shell "tests/cluster/ray.sh why-not"
  local _, url = t.bash "eval \"$(tests/cluster/ray.sh env)\" && echo $RAY_URL"
  url = url:gsub("%s", "")
  if why_not:find "%S" or t.shell(("curl -sf -m 3 %s/api/version"):format(url)) ~= 0 then return nil end
  return ("--engine ray=%s --workers 2 --slots 2"):format(url)
end

---The row of a task on every store.
local function compare(given)
  run("SQLite", datamate.sqlite, given)
  local server = datamate.postgres()
  if server.why then print(server.why) else run("PostgreSQL", server, given) end
  datamate.stop()
end

t.shell "mkdir -p build/bench"
if not t.read(CORPUS) then assert(t.shell(t.DMHOST .. " lua tests/bench/corpus.lua 6M " .. CORPUS) == 0) end
say("# Tasks of DataMate\n")
say("Files of up to 2,200 bytes through twelve operators: `dmhost run process.yaml`, on %s, %s cores.\n`make "
  .. "bench-datamate`, of 5 runs the one of median wall time, with its CPU time and memory; of 100,000 files one run.\n"
  .. "DataMate is 965fb701 with Ray 2.60 and PostgreSQL 15 on such a machine, where its processes took 5.7 GB.\n",
  timing.first_line "sed -n 's/^model name.*: //p' /proc/cpuinfo", timing.first_line "nproc")
say "| files | tables | wall | CPU | largest process | DataMate's wall | its CPU |"
say "| --- | --- | --- | --- | --- | --- | --- |"
for _, given in ipairs(TASKS) do compare(given) end
local on_ray = ray()
if on_ray then run("SQLite, two workers on a Ray that is up", datamate.sqlite, TASKS[2], on_ray) end
local file = assert(io.open("tests/bench/DATAMATE.md", "w"))
file:write(table.concat(report, "\n"), "\n")
assert(file:close())
t.clean()
