-- A run as its run directory shows it, to whoever can read that: where it is, how far, whether anybody still runs it.
local ffi = require "ffi"
local disk = require "dm.disk"
local json = require "dm.json"
local problem = require "dm.problem"

local C = ffi.C
local M = {}

-- The coordinator writes status.json once a second.
local WATCH_MS, PATIENCE_MS = 100, 4000

---The run directory that a person means: it itself, or the output that it belongs to. Raises when it is none.
---@param name string
---@return string path
function M.find(name)
  name = name:gsub("(.)/+$", "%1")
  for _, folder in ipairs { name, name .. ".run", name .. "/.dmhost" } do
    if disk.read(folder .. "/plan.json") then return folder end
  end
  problem.raise(("%s is no run: neither it, %s.run nor %s/.dmhost holds a plan.json"):format(name, name, name),
    { next = "a run is named by its run directory, or by its output: what -o or the pipeline names" })
end

---A JSON object or array in a file; nil when it is missing or damaged.
---@param path string
---@return table?
function M.document(path)
  local ok, doc = pcall(json.decode, disk.read(path) or "")
  return ok and type(doc) == "table" and doc or nil
end

---Whether the coordinator still writes. Its lock tells at once; other machines may not see that.
local function is_alive(folder, status)
  for _ = 1, PATIENCE_MS / WATCH_MS do
    if C.dm_run_is_locked(folder) == 1 then return true end
    local now = M.document(folder .. "/status.json")
    if not now then return false end
    if now.count ~= status.count or now.began ~= status.began then return true end
    C.dm_pause(WATCH_MS)
  end
  return false
end

---@class dm.RunState
---@field state "running"|"dead"|"done"|"failed"|"interrupted"|"unknown" unknown: it ended and left no receipt
---@field status table? what the coordinator wrote last, see host/run/status.c
---@field receipt table? run.json, of a run that has ended

---What has become of a run. Takes some seconds when it is dead: nobody says so.
---@param folder string run directory
---@return dm.RunState
function M.look(folder)
  local status = M.document(folder .. "/status.json")
  if C.dm_run_is_locked(folder) == 1 or status and is_alive(folder, status) then
    return { state = "running", status = M.document(folder .. "/status.json") or status }
  end
  status = M.document(folder .. "/status.json")
  if status then return { state = "dead", status = status } end
  local receipt = M.document(folder .. "/run.json")
  return { state = receipt and receipt.status or "unknown", receipt = receipt }
end

return M
