-- The ends of tasks whose own process could not write them into the tables: it was killed, the server was away, or
-- process.yaml makes no pipeline.
local ffi = require "ffi"
local disk = require "dm.disk"
local tables_module = require "dm.datamate.tables"
local task = require "dm.datamate.task"
local yaml = require "dm.yaml"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {}

---What process.yaml says of its task.
---@return string? instance nil: nothing
---@return string dataset
local function ids_of(path)
  local text = disk.read(path)
  local ok, root = pcall(yaml.parse, path, text or "")
  local function id(key)
    local node = ok and root and yaml.get(root, key)
    return node and node.text
  end
  return id "instance_id", id "dataset_id" or ""
end

---Writes the end down while nobody runs the task. Raises when the tables can not be reached.
---@param is_due fun(status: string?): boolean whether it is to be written, by what stands there
local function write(path, status, is_due)
  local instance, dataset = ids_of(path)
  if not instance then return end
  local tables = tables_module.new(disk.folder_of(path))
  tables:connect(1)
  local lock = C.dm_folder_lock(task.run_directory(path), err)
  if lock < 0 then
    tables:close()
    if lock == C.DM_EUSAGE then return end -- a run has it, and will tell how it ends
    error(ffi.string(err.text), 0)
  end
  local ok, why = pcall(function()
    if is_due(tables:status(instance)) then tables:finish(instance, dataset, status) end
  end)
  tables:close()
  C.dm_folder_unlock(lock)
  if not ok then error(why, 0) end
end

---The task of a process.yaml that makes no pipeline has failed.
---@param path string of process.yaml
function M.fail(path)
  pcall(write, path, "FAILED", function() return true end)
end

local OPEN = { PENDING = true, RUNNING = true }

---Ends tasks of which nobody else will: as far as they stand in the tables as waiting or running. Prints the paths of
---those that are done with, and on stderr what is in the way of the others.
---@param ... string status and path of process.yaml, in turn; "FAILED" or "STOPPED"
function M.all(...)
  local given = { ... }
  for i = 1, #given, 2 do
    local ok, why = pcall(write, given[i + 1], given[i], function(status) return OPEN[status] or false end)
    if ok then print(given[i + 1]) else io.stderr:write(tostring(why), "\n") end
  end
end

return M
