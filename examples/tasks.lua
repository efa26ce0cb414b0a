-- Cleans several files at once, each with a run of its own, packs what they gave, and tells what became of each:
--   dmhost lua examples/tasks.lua OUT FILE...
-- What was done when it is interrupted stands in OUT/tasks.sqlite; the next time it goes on with the rest.
local dm = require "dm"

local out = table.remove(arg, 1)
if not out or not arg[1] then error("usage: dmhost lua examples/tasks.lua OUT FILE...", 0) end

local scheduler = dm.scheduler.TaskScheduler { max_concurrent = 2, journal = out .. "/tasks.sqlite" }

-- A function task waits where it says so; others go on meanwhile.
local function clean(path, cleaned)
  local run = dm.run { "examples/clean.lua", "-i", path, "-o", cleaned, "-j", "1", "--force", "--quiet" }
  if not run.ok then error(("%s: exit status %d\n%s"):format(path, run.status, run.err), 0) end
  dm.scheduler.progress(0.9)
  return tonumber(dm.exec({ "wc", "-l", cleaned }).out:match "%d+")
end

local names = {}
for i, path in ipairs(arg) do
  local name = path:match "[^/]*$"
  local before = scheduler:get_task_status(name)
  if not before or before.status ~= "completed" then
    scheduler:submit(name, { clean, path, ("%s/%s"):format(out, name), timeout = "10min" })
  end
  names[i] = name
end

-- A command task is a process. This one is tried again when it fails, and its output goes to a file.
for _, name in ipairs(names) do
  local cleaned = scheduler:wait_for_task(name)
  print(("%-20s %-10s %s"):format(name, cleaned.status, cleaned.error or cleaned.result .. " rows"))
  if cleaned.status == "completed" then
    scheduler:submit("pack " .. name, { "gzip", "-fk", name, cwd = out, log = out .. "/gzip.log", retries = 2 })
  end
end
for _, name in ipairs(names) do
  local packed = scheduler:wait_for_task("pack " .. name)
  if packed then print(("%-20s %s"):format(name .. ".gz", packed.status)) end
end
