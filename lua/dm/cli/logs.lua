-- dmhost logs: what a run told people, and what its worker hosts wrote, from the run directory.
local ffi = require "ffi"
local disk = require "dm.disk"
local folder_module = require "dm.run.folder"
local problem = require "dm.problem"

local M = {
  summary = "what a run and its worker hosts wrote",
  usage = "dmhost logs RUN [--follow]",
  most = 1,
  options = { { "follow", short = "f", doc = "go on until the run has ended" } },
  notes = [[
RUN is a run directory, or the output that it belongs to. Its log is what the run told people, with the time; each
worker host has a log of its own, what it and its operators wrote.

exit status: 0, or 2 when there is no such run
]],
}

local BLOCK = 64 * 1024

---The logs of a run: its own first.
---@return string[] names
local function names_of(folder)
  local list = { "log" } -- show() passes over one that is not there
  for _, name in ipairs(disk.names(folder .. "/hosts") or {}) do
    if name:find "%.log$" then list[#list + 1] = "hosts/" .. name end
  end
  return list
end

---@class dm.SeenLogs what was printed so far
---@field at table<string, integer> of each log
---@field last string? the log that was printed last

---Prints what has come to a log since the last time; above it the log's name, when that is another than before.
---@return boolean? nil when nobody reads it
local function show(folder, name, seen)
  local file = io.open(folder .. "/" .. name, "rb")
  if not file then return true end
  local at, read = seen.at[name] or 0, true
  file:seek("set", at)
  for block in function() return read and file:read(BLOCK) end do
    local head = seen.last ~= name and (seen.last or name ~= "log") and "==> " .. name .. "\n" or ""
    read = io.write(head, block)
    seen.last, at = name, at + #block
  end
  file:close()
  seen.at[name] = at
  return read
end

---@return boolean? nil when nobody reads it
local function show_all(folder, seen)
  for _, name in ipairs(names_of(folder)) do
    if not show(folder, name, seen) then return nil end
  end
  return io.flush()
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  if not values[1] then problem.raise("no run is given", { next = M.usage }) end
  local folder, seen = folder_module.find(values[1]), { at = {} }
  local read = show_all(folder, seen)
  while read and values.follow and folder_module.look(folder).state == "running" do
    ffi.C.dm_pause(200)
    read = show_all(folder, seen)
  end
  if read and values.follow then show_all(folder, seen) end
  return 0
end

return M
