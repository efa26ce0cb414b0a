-- A run as its run directory shows it, to whoever can read that: where it is, how far, whether anybody still runs it.
local ffi = require "ffi"
local disk = require "dm.disk"
local json = require "dm.json"
local problem = require "dm.problem"

local C = ffi.C
local M = {}

-- The coordinator writes status.json once a second.
local WATCH_MS, PATIENCE_MS = 100, 4000

---The runs that have begun in a run directory, in order: passes, if it is made of such, then the run proper.
local function begun_in(folder)
  local list, pass = {}, 1
  while disk.read(("%s/pass-%d/plan.json"):format(folder, pass)) do
    list[pass] = ("%s/pass-%d"):format(folder, pass)
    pass = pass + 1
  end
  if disk.read(folder .. "/plan.json") then list[#list + 1] = folder end
  return list
end

---The run directory that a person means: it itself, or the output that it belongs to. Raises when it is none.
---@param name string
---@return string path of the last that has begun in it, where it is made of several
---@return string[] paths of all of those, in order
function M.find(name)
  name = name:gsub("(.)/+$", "%1")
  for _, folder in ipairs { name, name .. ".run", name .. "/.dmhost" } do
    local list = begun_in(folder)
    if #list > 0 then return list[#list], list end
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

---What the documents of a run hold at least, by name and type.
local SHAPES = {
  ["plan.json"] = { pipeline = "string", sources = "table", folders = "table", settings = "table" },
  ["run.json"] = { status = "string", exit_status = "number", seconds = "number", rows = "table" },
  ["status.json"] = { count = "number", began = "number", seconds = "number", host = "string", pid = "number",
    rows = "number", rows_per_s = "number", mb_per_s = "number", rejected = "number", workers = "number",
    workers_lost = "number" },
}

local function has_shape(doc, shape)
  for name, kind in pairs(shape) do
    if type(doc[name]) ~= kind then return false end
  end
  for _, file in ipairs(shape.sources and doc.sources or {}) do
    if type(file) ~= "table" or type(file.path) ~= "string" or type(file.text) ~= "string" then return false end
  end
  return true
end

---A document of a run; nil when there is none. Raises when it is none of ours.
---@param folder string run directory
---@param name string "plan.json", "run.json" or "status.json"
---@param next_step string?
---@return table?
function M.own(folder, name, next_step)
  local path = folder .. "/" .. name
  local text = disk.read(path)
  if not text then return nil end
  local ok, doc = pcall(json.decode, text)
  if ok and type(doc) == "table" and has_shape(doc, SHAPES[name]) then return doc end
  problem.raise(path .. " is damaged, or was written by another dmhost", { next = next_step })
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
  local status, whole = M.own(folder, "status.json"), folder:match "^(.*)/pass%-%d+$"
  if whole and C.dm_run_is_locked(whole) == 1 then return { state = "running", status = status } end
  if C.dm_run_is_locked(folder) == 1 or status and is_alive(folder, status) then
    return { state = "running", status = M.own(folder, "status.json") or status }
  end
  status = M.own(folder, "status.json")
  if status then return { state = "dead", status = status } end
  local receipt = M.own(folder, "run.json")
  local state = receipt and receipt.status or "unknown"
  return { state = whole and state == "done" and "interrupted" or state, receipt = receipt }
end

return M
