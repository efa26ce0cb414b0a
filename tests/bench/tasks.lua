-- The scheduler: how many tasks a second, and the memory of a long queue.
--   dmhost lua tests/bench/tasks.lua
local dm = require "dm"
local ffi = require "ffi"

local C = ffi.C

---Resident memory in MB.
local function memory()
  collectgarbage()
  collectgarbage()
  for line in io.lines "/proc/self/status" do
    local kb = line:match "^VmRSS:%s+(%d+)"
    if kb then return kb / 1024 end
  end
end

---CPU seconds of this process and of children that have ended.
local function cpu()
  local file = assert(io.open "/proc/self/stat")
  local fields = {}
  for field in file:read("*a"):match("%) (.*)"):gmatch "%S+" do fields[#fields + 1] = tonumber(field) or field end
  file:close()
  return (fields[12] + fields[13]) / 100, (fields[14] + fields[15]) / 100
end

local function rate(name, n, options, submit)
  local s = dm.scheduler.TaskScheduler(options)
  local began, own, children = C.dm_loop_now(), cpu()
  for i = 1, n do submit(s, "t" .. i) end
  s:wait_for_task("t" .. n)
  for i = 1, n do s:wait_for_task("t" .. i) end
  local seconds = (C.dm_loop_now() - began) / 1000
  local own_after, children_after = cpu()
  assert(s:get_statistics().completed == n)
  s:shutdown()
  print(("%-44s %8.0f tasks/s   CPU %.2f s of the host, %.2f s of the tasks"):format(name, n / seconds,
    own_after - own, children_after - children))
end

local function command(s, id) s:submit(id, { "/bin/true" }) end
local journal = os.tmpname()
rate("true", 5000, {}, command)
rate("true, with a journal", 5000, { journal = journal }, command)
rate("functions that sleep 1 ms, 100 at once", 50000, { max_concurrent = 100 }, function(s, id)
  s:submit(id, dm.sleep, "1ms")
end)

---Bytes that each of n queued tasks takes.
local function queue(n, options, submit)
  local s = dm.scheduler.TaskScheduler(options)
  s:submit("blocks", { "sleep", "1000" })
  dm.sleep(0)
  local before = memory()
  for i = 1, n do submit(s, i) end
  dm.sleep(0)
  local after = memory()
  s:shutdown()
  return after, (after - before) * 1024 * 1024 / n
end

local N = 100000
local one = { max_concurrent = 1, max_queued = N + 1, journal = journal .. ".2" }
print(("%d queued commands: %.0f MB resident, %.0f bytes each"):format(N, queue(N, one, function(s, i)
  s:submit("task number " .. i, { "convert", "input-" .. i, log = "logs/" .. i .. ".log" })
end)))
one.journal = nil
print(("%d queued functions: %.0f MB resident, %.0f bytes each"):format(N, queue(N, one, function(s, i)
  s:submit("task number " .. i, function() return i end)
end)))
for _, suffix in ipairs { "", "-wal", ".2", ".2-wal" } do os.remove(journal .. suffix) end
