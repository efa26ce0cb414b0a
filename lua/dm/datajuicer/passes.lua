-- Operators of Data-Juicer that look at the whole corpus cut a pipeline into passes. Each pass but the last is a run of
-- its own in the folder pass-N of the run directory: the rows that come out of it wait there in rows.jsonl, of which
-- Data-Juicer makes out.jsonl, the input of the next pass, and dropped.jsonl. What a pass and the operator behind it
-- came to is kept beside them, so that a run that is resumed goes on with what is not done.
local ffi = require "ffi"
local disk = require "dm.disk"
local json = require "dm.json"
local machine = require "dm.machine"
local problem = require "dm.problem"
local process = require "dm.datajuicer.process"
local resume_module = require "dm.run.resume"
local sample = require "dm.sample"
local sources = require "dm.sources"
local summary = require "dm.run.summary"
local wait = require "dm.wait"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {}

---@class dm.Passes
---@field ops dm.BaseOp[] that look at the whole corpus, one behind each pass but the last
---@field last integer number of the last pass
---@field folder string the run directory
---@field general table parameters of every one of those operators that does not say otherwise
---@field lock integer? its lock, while this process has it
---@field prepare fun(pass: integer): integer readies the job of a pass
---@field say fun(text: string) tells the user
local Passes = {}
Passes.__index = Passes

---The operators that look at the whole corpus.
---@param ops dm.BaseOp[]
---@return dm.BaseOp[]
local function whole(ops)
  local list = {}
  for _, op in ipairs(ops) do
    if op.whole_corpus then list[#list + 1] = op end
  end
  return list
end

---The operators of one pass.
---@param ops dm.BaseOp[] of the pipeline
---@param pass integer
---@return dm.BaseOp[]
function M.operators(ops, pass)
  local list, now = {}, 1
  for _, op in ipairs(ops) do
    if op.whole_corpus then
      now = now + 1
    elseif now == pass then
      list[#list + 1] = op
    end
  end
  return list
end

---The passes of a pipeline.
---@param p dm.Pipeline
---@param ops dm.BaseOp[] of it
---@param folder string the run directory
---@param workers integer? that the user asks for
---@param say fun(text: string)
---@return dm.Passes
function M.of(p, ops, folder, workers, say)
  local list = whole(ops)
  local general = { num_proc = math.max(workers or p.workers or machine.processors(), 1),
    skip_op_error = p.on_error ~= "fail" }
  return setmetatable({ ops = list, last = #list + 1, folder = folder, general = general, say = say }, Passes)
end

---The run directory of a pass before the last.
---@param pass integer
---@return string
function Passes:folder_of(pass)
  return ("%s/pass-%d"):format(self.folder, pass)
end

---The file of rows that a pass reads; nil: the input.
---@param pass integer
---@return string?
function Passes:input(pass)
  return pass > 1 and self:folder_of(pass - 1) .. "/out.jsonl" or nil
end

---The file of rows that a pass writes; nil: the output.
---@param pass integer
---@return string?
function Passes:output(pass)
  return pass < self.last and self:folder_of(pass) .. "/rows.jsonl" or nil
end

local function check(status)
  if status < 0 then error(problem.of_c(status, ffi.string(err.text)), 0) end
  return status
end

---What the operator behind a pass came to; nil: it has not been done.
---@param pass integer
---@return string? JSON
function Passes:result(pass)
  return disk.read(self:folder_of(pass) .. "/operator.json")
end

---Takes the run directory, so that no other run does, and whatever is in it that does not go on goes.
local function begin(self, resume, force)
  self.lock = check(C.dm_folder_lock(self.folder, err))
  if C.dm_is_folder(self:folder_of(1)) == 1 then
    check(C.dm_folder_begin(self:folder_of(1), resume, force, err))
  end
  check(C.dm_folder_begin(self.folder, resume, force, err))
end

---Readies a job to be the run of a pass; where that is done, what comes next is readied.
---@param job ffi.cdata* struct dm_job *
---@param pass integer
---@param prepare fun(pass: integer): integer
---@return integer status
function Passes:ready(job, pass, prepare)
  self.prepare = prepare
  if not self.lock then begin(self, job.resume, job.force) end
  job.resume, job.force = 1, 0
  if pass < self.last then
    if resume_module.is_done(self:folder_of(pass)) then
      check(C.dm_job_check_inputs(job, self:folder_of(pass), err))
      os.remove(self:folder_of(pass) .. "/cancel") -- which ended an earlier process
      return self:next_pass(pass)
    end
  else
    job.lock = self.lock
  end
  return C.DM_RUN_JOB
end

---Goes on behind a pass that has ended.
---@param pass integer
---@return integer status
function Passes:next_pass(pass)
  if not self:result(pass) then self:run_operator(pass) end
  C.dm_job_free()
  return self.prepare(pass + 1)
end

---What a pass and the operator behind it came to.
---@param pass integer
---@return dm.RunSummary
function Passes:summary(pass)
  local run = json.decode(disk.read(self:folder_of(pass) .. "/run.json"))
  return summary.join(run, json.decode(self:result(pass)))
end

---What the passes before the last one came to, with the operators between them.
---@return dm.RunSummary
function Passes:summaries()
  local all
  for pass = 1, self.last - 1 do
    local one = self:summary(pass)
    all = all and summary.join(all, one) or one
  end
  return all
end

-- How often it is looked whether somebody wants the run to end.
local LOOK_MS = 200

---Asks Data-Juicer, and has it end when `dmhost cancel` says so.
local function ask(self, pass, python, request)
  local timer, cancelled
  local function look()
    cancelled = disk.read(self:folder_of(pass) .. "/cancel") ~= nil
    if cancelled then process.kill() end
    timer = wait.after(LOOK_MS, look)
  end
  look()
  local ok, reply = pcall(process.ask, python, request, false)
  wait.forget(timer)
  if cancelled then problem.raise("the run was cancelled", { next = "go on with --resume" }) end
  if ok then return reply end
  problem.raise(tostring(reply), { next = "go on with --resume" })
end

---Has Data-Juicer make the input of the next pass.
---@param pass integer that has ended
function Passes:run_operator(pass)
  local op, folder, began = self.ops[pass], self:folder_of(pass), C.dm_loop_now()
  local params = {}
  for name, value in pairs(self.general) do params[name] = value end
  for name, value in pairs(op.given) do params[name] = value end
  self.say(("%s, Data-Juicer's, looks at all rows"):format(op.name))
  local reply = ask(self, pass, op.python, { corpus = op.name, params = params, paths = sample.array(op.paths),
    rows = self:output(pass), out = folder .. "/out.jsonl", dropped = folder .. "/dropped.jsonl",
    folder = folder .. "/table" })
  process.stop()
  if reply.failed then
    problem.raise(("%s fails in Data-Juicer: %s"):format(op.name, reply.failed),
      { next = ("the rows that it got are in %s; go on with --resume"):format(self:output(pass)) })
  end
  for _, name in ipairs(reply.left_out) do
    self.say(("%s has not seen the field %s, which has not the same type in all rows"):format(op.name, name))
  end
  self:keep(pass, reply.rows, reply.out, (C.dm_loop_now() - began) / 1000)
end

---Writes down what the operator behind a pass came to. The rows that it got are not needed any more.
---@param pass integer
---@param rows integer that it got
---@param out integer that it made of them
---@param seconds number
function Passes:keep(pass, rows, out, seconds)
  local op, file, reasons = self.ops[pass], self:folder_of(pass) .. "/dropped.jsonl", sample.array {}
  local chooses = sources.exists(file)
  local dropped = chooses and rows - out or 0
  if dropped > 0 then reasons[1] = { reason = "see " .. file, rows = dropped, rejected = false } end
  local result = { seconds = seconds, splits = 0, workers_lost = 0, rows = { ["in"] = rows, out = out, blank_lines = 0,
    rejected_input = 0 }, bytes = { ["in"] = 0, out = 0 }, input_reasons = sample.array {}, operators = { {
      name = op.name, time_share = 1, reasons = reasons, ["in"] = rows, out = out, made = chooses and 0 or out - rows,
      dropped = dropped, rejected = 0, changed = 0 } } }
  local lost = disk.replace(self:folder_of(pass) .. "/operator.json", sample.json(result) .. "\n")
  if lost then error(lost, 0) end
  os.remove(self:output(pass))
end

return M
