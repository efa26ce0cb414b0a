-- dmhost cancel: ends a run from another terminal or machine, by a file in its run directory.
local disk = require "dm.disk"
local ffi = require "ffi"
local folder_module = require "dm.run.folder"
local problem = require "dm.problem"

local M = {
  summary = "end a run from another terminal or machine",
  usage = "dmhost cancel RUN [--now]",
  most = 1,
  options = { { "now", doc = "give up running splits, instead of letting them end" } },
  notes = [[
RUN is a run directory, or the output that it belongs to. The run ends as with Ctrl-C, and can be resumed; cancel waits
for it.

exit status: 0 the run has ended; 2 nobody runs it
]],
}

local function fail(folder, seen)
  local status = seen.status
  local what = seen.state == "dead" and ("is dead: its coordinator, process %d on %s, is no more"):format(status.pid,
    status.host) or ("has ended already (%s)"):format(seen.state)
  problem.raise(("the run in %s %s"):format(folder, what), { next = "`dmhost status` tells more" })
end

---The file is whole when it is seen.
local function request(folder, text)
  local why = disk.replace(folder .. "/cancel", text .. "\n")
  if why then problem.raise("can not ask for the end: " .. why) end
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  if not values[1] then problem.raise("no run is given", { next = M.usage }) end
  local folder = folder_module.find(values[1])
  local seen = folder_module.look(folder)
  if seen.state ~= "running" then fail(folder, seen) end
  request(folder, values.now and "now" or "stop")
  while seen.state == "running" do
    ffi.C.dm_pause(100)
    seen = folder_module.look(folder)
  end
  io.write(("the run in %s has ended (%s)\n"):format(folder, seen.state))
  return 0
end

return M
