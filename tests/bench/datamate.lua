-- make bench-datamate: tasks of DataMate as its python-executor was timed on them, with tables in a file, on a
-- PostgreSQL server, and on a Ray of one node and of three (tests/cluster/ray.sh, when that can be had): wall and CPU
-- seconds, and the most memory that a process took. What DataMate on Ray took stands beside it. Writes
-- tests/bench/DATAMATE.md.
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
---@param before string? what the shell does first
---@return bench.Task
local function once(store, n, options, before)
  local task = datamate.task(store, { process = PROCESS, files = files(n) })
  local timed = ("/usr/bin/time -f '%%e %%U %%S %%M' -o %s/time"):format(task.root)
  local status, _, message = t.shell(("%s%s env %s %s run -q %s %s/process.yaml"):format(before or "", timed, store.env,
    t.DMHOST, options, task.flow))
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

---The run of median wall time.
---@return bench.Task
local function median(times, measure)
  local runs = {}
  for i = 1, times do runs[i] = measure() end
  table.sort(runs, function(a, b) return a.wall < b.wall end)
  return runs[math.ceil(#runs / 2)]
end

---Times a task, and says what its median run took.
local function run(store, given)
  local middle = median(given[2], function() return once(store, given[1], "") end)
  say("| %d | %s | %.2f s | %.2f s | %.0f MiB | %s | %s |", given[1], store.name, middle.wall, middle.cpu,
    middle.memory, given[3] or "", given[4] or "")
end

-- Ray --------------------------------------------------------------------------------------------------

local RAY = "DM_RAY_NAME=dmtask DM_RAY_NET=10.76.0 DM_RAY_DIR=/tmp/dmhost-task-ray "

---A control group that counts the processor time of Ray and of the runs on it.
---@return string? enter what a shell does to be in it; nil: there are none here
---@return (fun(): number)? seconds
---@return string? folder
local function control_group()
  local root = t.first_line "awk '$3 == \"cgroup2\" { print $2; exit }' /proc/mounts"
  local folder = (root or "") .. "/dmhost-task"
  if not root or t.shell("mkdir -p " .. folder) ~= 0 then return nil end
  return ("echo $$ >%s/cgroup.procs && "):format(folder), function()
    return t.read(folder .. "/cpu.stat"):match "usage_usec (%d+)" / 1e6
  end, folder
end

---Times a task on a Ray that it starts and ends, and says what it took.
---@param store dm.TestStore
---@return string how long Ray's own jobs take to begin
local function run_on_ray(store, given, nodes)
  local enter, seconds, folder = control_group()
  local ray = ("DM_RAY_NODES=%d %s"):format(nodes, RAY)
  local status, _, message = t.bash((enter or "") .. ray .. "tests/cluster/ray.sh up")
  assert(status == 0, message)
  enter = ("%seval \"$(%stests/cluster/ray.sh env)\" && "):format(enter or "", ray)
  local options = "--engine ray=$RAY_URL --workers 2 --slots 2"
  once(store, given[1], options, enter) -- each node unpacks dmhost once
  local middle = median(given[2], function()
    local before = seconds and seconds()
    local task = once(store, given[1], options, enter)
    task.cpu = seconds and seconds() - before
    return task
  end)
  say("| %d | %s, a Ray of %d %s | %.2f s | %s | | %s | %s |", given[1], store.name, nodes, nodes == 1 and "node"
    or "nodes", middle.wall, middle.cpu and ("%.2f s"):format(middle.cpu) or "", given[3], given[4])
  local _, first = t.shell(ray .. "tests/cluster/first_row.sh ray")
  t.shell(ray .. "tests/cluster/ray.sh down")
  if folder then t.shell("rmdir " .. folder) end
  return (first:gsub("%s+$", ""))
end

---The row of a task on every store.
local function compare(given)
  run(datamate.sqlite, given)
  local server = datamate.postgres()
  if server.why then print(server.why) else run(server, given) end
  datamate.stop()
end

---The rows of a task on Ray.
local function compare_on_ray(given)
  local _, why_not = t.shell "tests/cluster/ray.sh why-not"
  if why_not:find "%S" then return print("no Ray: " .. why_not) end
  local server = datamate.postgres()
  local first = {}
  for i, nodes in ipairs { 1, 3 } do first[i] = run_on_ray(server.why and datamate.sqlite or server, given, nodes) end
  datamate.stop()
  say "\nOn Ray: two workers of one job, and the two seconds that its deletion takes. Ray stands already, in network"
  say "namespaces of this machine; CPU time is that of dmhost and of all of Ray's processes. On one node and on"
  say "three (`tests/cluster/first_row.sh`):\n"
  for _, line in ipairs(first) do say("- %s", line) end
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
compare_on_ray(TASKS[2])
local file = assert(io.open("tests/bench/DATAMATE.md", "w"))
file:write(table.concat(report, "\n"), "\n")
assert(file:close())
t.clean()
