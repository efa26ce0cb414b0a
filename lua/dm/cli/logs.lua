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

---Prints what has come to a log since the last time; above it the log's name, when that is another than before.
local function show(folder, name, at, before)
  local file = io.open(folder .. "/" .. name, "rb")
  if not file then return at, before end
  file:seek("set", at)
  for block in function() return file:read(BLOCK) end do
    if before ~= name and (before or name ~= "log") then io.write("==> ", name, "\n") end
    before = name
    io.write(block)
    at = at + #block
  end
  file:close()
  return at, before
end

local function show_all(folder, seen, before)
  for _, name in ipairs(names_of(folder)) do seen[name], before = show(folder, name, seen[name] or 0, before) end
  io.flush()
  return before
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  if not values[1] then problem.raise("no run is given", { next = M.usage }) end
  local folder, seen = folder_module.find(values[1]), {}
  local before = show_all(folder, seen)
  while values.follow and folder_module.look(folder).state == "running" do
    ffi.C.dm_pause(200)
    before = show_all(folder, seen, before)
  end
  if values.follow then show_all(folder, seen, before) end
  return 0
end

return M
