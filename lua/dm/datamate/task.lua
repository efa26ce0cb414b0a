-- A task of DataMate as a run: where it stands, what an earlier submission has left, and how it ends. A task that is
-- submitted again goes on with the run that did not end, or begins one that leaves out what is finished.
local ffi = require "ffi"
local delivery = require "dm.datamate.delivery"
local disk = require "dm.disk"
local problem = require "dm.problem"
local read_file = require "dm.datamate.read_file"
local resume = require "dm.run.resume"
local tables_module = require "dm.datamate.tables"
local twins = require "dm.datamate.twins"

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
---@field duplicates integer[] places of DuplicateFilesFilter among the pipeline's operators
---@field tables dm.Tables
---@field delivery dm.Delivery
---@field writes boolean? an operator writes files into the export folder
---@field made_export boolean the export folder was not there before
local Task = {}
Task.__index = Task

local err = ffi.new "struct dm_error"

local function check(status)
  if status < 0 then error(problem.of_c(status, ffi.string(err.text)), 0) end
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

---Connects to the tables and says that the task runs.
function Task:begin()
  local known = self.tables:begin(self.instance_id, self.dataset_id, self.export)
  self.connected = true
  if not known then
    problem.raise(("t_dm_datasets has no row for the data set %s"):format(self.dataset_id),
      { next = "dataset_id in process.yaml is the id of the data set that files are exported to" })
  end
end

---Refuses a dataset without files.
function Task:check_dataset()
  local file, why = io.open(self.dataset_path, "rb")
  local size = file and file:seek "end"
  if file then file:close() end
  if not size then
    problem.raise("cannot read the dataset " .. why, { next = "dataset_path in process.yaml names it" })
  end
  if size == 0 then problem.raise(self.dataset_path .. " is empty: the task has no files") end
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

---Whether the run in the run directory was of the dataset as it is now.
local function has_same_dataset(self)
  local out = ffi.new "struct dm_buf"
  C.dm_file_stamp(self.dataset_path, out)
  local stamp = ffi.string(out.p, out.n)
  C.dm_buf_finish(out)
  return disk.read(self.folder .. "/inputs") == ("%s %s\0"):format(stamp, self.dataset_path)
end

---Readies the run directory: the run in it goes on, or a new one begins.
---@param goes_on boolean? there is a run in it that did not end, with the same code
local function begin_run(self, goes_on)
  local finished = take_over(self)
  if goes_on and has_same_dataset(self) then return end
  check(C.dm_folder_begin(self.folder, 0, 1, err))
  for pass in ipairs(self.duplicates) do C.dm_folder_begin(twins.folder(self.folder, pass), 0, 1, err) end
  self.delivery:restart()
  local text = table.concat(finished, "\n")
  if text ~= "" then check(C.dm_export_replace(self.folder .. "/finished", text, #text, err)) end
end

---Operators that write files of their own into the export folder.
local WRITERS = { Segmentation = true, QAConditionEvaluator = true, TextQualityEvaluation = true }

---Notes what the operators say: how alike two files of each DuplicateFilesFilter are to be.
---@param ops dm.BaseOp[]
function Task:see(ops)
  self.thresholds = {}
  for _, op in ipairs(ops) do self.writes = self.writes or WRITERS[op.name] end
  for pass, place in ipairs(self.duplicates) do self.thresholds[pass] = ops[place].fileDuplicateThreshold end
end

---The pass that follows one; nil: the run proper does.
local function pass_after(self, pass)
  return pass < #self.duplicates and pass + 1 or nil
end

---Readies a job: a pass, or the run proper.
---@param job ffi.cdata* struct dm_job *
---@param pass integer?
---@param plan table? as in plan.json; nil: what is there already is not gone on with
---@param prepare fun(pass: integer?): integer readies another job
---@return integer status
function Task:ready(job, pass, plan, prepare)
  local function is_same(folder) return plan ~= nil and resume.is_same(folder, plan) end
  self.prepare = prepare
  if not self.delivery then begin_run(self, is_same(self.folder) and not resume.is_done(self.folder)) end
  job.resume, job.force = 1, 0
  if not pass then
    job.lock, job.export = self.lock, self.writes and self.export or self.staging
    return C.DM_RUN_JOB
  end
  local folder = twins.folder(self.folder, pass)
  if is_same(folder) and twins.is_decided(self.folder, pass) then return self:prepare_next(pass) end
  if not is_same(folder) or resume.is_done(folder) then C.dm_folder_begin(folder, 0, 1, err) end
  return C.DM_RUN_JOB
end

---Readies what follows a pass.
---@param pass integer
---@return integer status
function Task:prepare_next(pass)
  C.dm_job_free()
  return self.prepare(pass_after(self, pass))
end

---Ends a pass: which files are twins is known now.
---@param pass integer
---@return integer status
function Task:next_pass(pass)
  return self:guard(function()
    twins.decide(self.folder, pass, self.thresholds[pass])
    return self:prepare_next(pass)
  end)
end

---The status that a task ends with, by what became of its files.
local function final_status(self)
  local counts = self.tables:counts(self.instance_id)
  local failed = counts.FAILED > 0 or self.delivery and self.delivery.broken
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
    self.tables:connect(1)
    self.tables:finish(self.instance_id, self.dataset_id, status)
  end)
end

---Ends the task: every file has its row.
---@return string status
function Task:finish()
  self.tables:connect()
  if self.delivery then
    self.delivery:finish()
    require("dm.datamate.scan").run(self.tables, self.dataset_id, self.export)
  end
  local status = final_status(self)
  self.tables:finish(self.instance_id, self.dataset_id, status)
  if self.delivery then leave_export(self) end
  return status
end

---What the run came to, for the tables.
---@param outcome ffi.cdata* struct dm_outcome *
---@param status integer exit status of the run
---@return integer status
---@return string? message
function Task:ended(outcome, status)
  if outcome.status < 0 or outcome.interrupted == 1 then
    self:give_up(outcome.interrupted == 1 and "STOPPED" or "FAILED")
    return outcome.status < 0 and 1 or status
  end
  local ok, why = pcall(self.finish, self)
  if ok then return status, ("task %s: %s"):format(self.instance_id, why) end
  outcome.status = C.DM_EIO
  delivery.put_error(outcome.err, why)
  self:give_up "FAILED"
  return 1
end

---Readies the task's next job; whatever goes wrong is the task's end.
---@param ready fun(): integer
---@return integer status
function Task:guard(ready)
  local ok, status = xpcall(ready, problem.catch)
  if ok then return status end
  self:give_up "FAILED"
  if self.delivery or self.made_export then pcall(leave_export, self) end
  require("dm.problem.show").print(status, self.format)
  return 1
end

---Runs a task, which nobody else runs at the time.
---@param task table what process.yaml says: a dm.DataMateTask in the making
---@param values table options of dmhost run
---@param prepare fun(pass: integer?): integer readies a pass, or the run proper; calls Task:ready
---@return integer status
function M.start(task, values, prepare)
  setmetatable(task, Task)
  if values.profile then
    problem.raise("a task of DataMate can not be profiled: it exports files, and writes rows into tables",
      { next = "profile its operators in a pipeline of their own" })
  end
  for _, name in ipairs { "input", "output" } do
    if values[name] then
      problem.raise(("--%s does not go with a task"):format(name), { next = "process.yaml names both" })
    end
  end
  task.lock = check(C.dm_folder_lock(task.folder, err))
  task.tables = tables_module.new((task.folder:gsub("/?%.dmhost$", "")))
  task.format = values["log-format"]
  return task:guard(function()
    task:begin()
    if #task.operators == 0 then
      io.stderr:write("dmhost: the task has no operators: ", task:finish(), "\n")
      return 0
    end
    task:check_dataset()
    task.made_export = check(C.dm_export_folder(task.export, err)) == 0
    task.export = disk.real(task.export)
    return prepare(task.duplicates[1] and 1)
  end)
end

return M
