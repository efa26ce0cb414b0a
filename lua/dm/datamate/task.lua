-- A task of DataMate as a run: where it stands, what an earlier submission has left, and how it ends. A task that is
-- submitted again goes on with the run that did not end, or begins one that leaves out what is finished.
local ffi = require "ffi"
local delivery = require "dm.datamate.delivery"
local disk = require "dm.disk"
local json = require "dm.json"
local problem = require "dm.problem"
local read_file = require "dm.datamate.read_file"
local tables_module = require "dm.datamate.tables"

local C = ffi.C

local M = {}

---@class dm.DataMateTask
---@field instance_id string
---@field dataset_id string of the data set that files go to
---@field dataset_path string dataset.jsonl
---@field export string the export folder
---@field staging string folder in it, where files wait for their names
---@field folder string the run directory
---@field operators string[] names, as process.yaml has them
---@field tables dm.Tables
---@field delivery dm.Delivery
---@field made_export boolean the export folder was not there before
local Task = {}
Task.__index = Task

local err = ffi.new "struct dm_error"

local function check(status)
  if status < 0 then problem.raise(ffi.string(err.text):gsub("\n.*", ""), { next = ffi.string(err.text):match "\n(.*)" }) end
  return status
end

---Where a task's files stand, by its process.yaml.
---@param path string of process.yaml
---@return string run_directory
function M.run_directory(path)
  return (path:match "^(.*/)[^/]*$" or "./") .. ".dmhost"
end

---Where files of a task wait for their names.
---@param export string
---@param instance string
---@return string
function M.staging(export, instance)
  return export .. "/.dmhost-" .. instance:gsub("[^%w-]", "_")
end

---Opens a task: nobody else runs it from now on.
---@param given dm.DataMateTask what process.yaml says
---@return dm.DataMateTask
---@return integer lock
function M.open(given)
  local task = setmetatable(given, Task)
  local lock = check(C.dm_folder_lock(task.folder, err))
  task.tables = tables_module.new(task.folder:gsub("/?%.dmhost$", ""))
  return task, lock
end

---Connects to the tables and says that the task runs.
function Task:begin()
  self.tables:connect()
  self.connected = true
  self.tables:set_status(self.instance_id, "RUNNING")
  if not self.tables:has_dataset(self.dataset_id, self.export) then
    problem.raise(("t_dm_datasets has no row for the data set %s"):format(self.dataset_id),
      { next = "dataset_id in process.yaml is the id of the data set that files are exported to" })
  end
  if #self.operators > 0 then
    local file = io.open(self.dataset_path, "rb")
    local size = file and file:seek "end"
    if file then file:close() end
    if size == 0 then problem.raise(self.dataset_path .. " is empty: the task has no files") end
  end
  self.made_export = check(C.dm_export_folder(self.export, err)) == 0
end

---Ends what an earlier process began to deliver, and looks up which files are finished.
---@return string[] finished their keys
local function take_over(self)
  local finished = {}
  self.delivery = delivery.begin(self, self.tables)
  self.delivery:recover()
  for _, row in ipairs(self.tables:results(self.instance_id)) do
    local key = read_file.key(row[1], row[2])
    if row[4] == "COMPLETED" then
      finished[#finished + 1] = key
    else
      local ids = self.delivery.failed[key] or {}
      ids[#ids + 1] = row[3]
      self.delivery.failed[key] = ids
    end
  end
  return finished
end

---Whether the run directory holds a run of this very task that did not end.
local function is_unfinished(self, plan)
  local journal = disk.read(self.folder .. "/journal")
  if not journal or journal == "" then return false end
  local _, receipt = pcall(json.decode, disk.read(self.folder .. "/run.json") or "")
  if type(receipt) == "table" and receipt.status == "done" then return false end
  local out = ffi.new "struct dm_buf"
  check(C.dm_file_stamp(self.dataset_path, out))
  local stamp = ffi.string(out.p, out.n)
  C.dm_buf_finish(out)
  return disk.read(self.folder .. "/plan.json") == plan
    and disk.read(self.folder .. "/inputs") == ("%s %s\0"):format(stamp, self.dataset_path)
end

---Readies the run directory: the run in it goes on, or a new one begins.
---@param plan string the plan of the run, as JSON
function Task:ready(plan)
  local finished = take_over(self)
  if is_unfinished(self, plan) then return end
  check(C.dm_folder_begin(self.folder, false, true, err))
  self.delivery:restart()
  local text = table.concat(finished, "\n")
  if text ~= "" then check(C.dm_export_replace(self.folder .. "/finished", text, #text, err)) end
end

---The status that a task ends with, by what became of its files.
local function final_status(self)
  local counts = self.tables:counts(self.instance_id)
  local failed = counts.FAILED > 0 or self.delivery.broken
  if counts.COMPLETED > 0 then return failed and "PARTIAL_SUCCESS" or "COMPLETED" end
  return "FAILED"
end

local function leave_export(self)
  check(C.dm_export_clear(self.staging, err))
  if self.made_export then os.remove(self.export) end -- only when it is empty
end

---Writes down that the task failed, or was stopped, as far as the tables can be reached.
---@param status "FAILED"|"STOPPED"
function Task:give_up(status)
  if not self.connected then return end
  pcall(function()
    self.tables:connect()
    self.tables:finish(self.instance_id, self.dataset_id, status)
  end)
end

---Ends the task: every file has its row.
---@return string status
function Task:finish()
  self.delivery:finish()
  self.tables:connect()
  require("dm.datamate.scan").run(self.tables, self.dataset_id, self.export)
  local status = final_status(self)
  self.tables:finish(self.instance_id, self.dataset_id, status)
  leave_export(self)
  return status
end

return M
