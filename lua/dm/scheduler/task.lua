-- One task of a scheduler: what is known of it, how an attempt is begun and stopped, and what the journal keeps.
local ffi = require "ffi"
local json = require "dm.json"
local process = require "dm.process"
local raised = require "dm.raised"
local units = require "dm.units"
local wait = require "dm.wait"
local work_of = require "dm.scheduler.work"

local C = ffi.C

local M = {}

---@class dm.ScheduledTask
---@field seq integer tells the order in which tasks came
---@field id string
---@field status "pending"|"running"|"completed"|"failed"|"cancelled"
---@field work dm.Work? nil once it has ended
---@field tried integer attempts so far
---@field result any
---@field error string?
---@field created_at number seconds since 1970
---@field started_at number? when the last attempt began
---@field completed_at number?
---@field progress number 0 to 1
---@field cancelling boolean? it was asked to end
---@field resumed boolean? it goes on after another host's end
---@field lost boolean? it failed by that
---@field restored_as string? its status in the journal that it was read from
---@field waiters dm.Task[]? who waits for its end
---@field later dm.Timer? until it is tried again
---@field successor dm.ScheduledTask? runs when this one has ended
---@field handle integer|dm.Task|nil its process, or its coroutine

---What is told of a task.
---@class dm.TaskResult
---@field task_id string
---@field status "pending"|"running"|"completed"|"failed"|"cancelled"
---@field result any what the function returned; of a command { command, return_code }, below zero: a signal
---@field error string? why it failed
---@field created_at number seconds since 1970
---@field started_at number?
---@field completed_at number?
---@field progress number 0 to 1
---@field attempts integer
---@field resumed boolean it goes on after another host's end
---@field lost boolean it failed because the host ended
---@field cancelling boolean it was asked to end

---@return number seconds since 1970
function M.now()
  return C.dm_wall_clock()
end

---A word that nobody else has.
---@return string
function M.token()
  local file = assert(io.open("/dev/urandom", "rb"))
  local text = file:read(16):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  file:close()
  return text
end

---@param seq integer
---@param id string
---@param work dm.Work
---@return dm.ScheduledTask
function M.new(seq, id, work)
  return { seq = seq, id = id, status = "pending", work = work, tried = 0, created_at = M.now(), progress = 0 }
end

---@param task dm.ScheduledTask
---@return dm.TaskResult
function M.result(task)
  return {
    task_id = task.id, status = task.status, result = task.result, error = task.error,
    created_at = task.created_at, started_at = task.started_at, completed_at = task.completed_at,
    progress = task.progress, attempts = task.tried,
    resumed = task.resumed or false, lost = task.lost or false, cancelling = task.cancelling or false,
  }
end

-- What the journal keeps beside seq, id and status.
local KEPT = { "tried", "error", "created_at", "started_at", "completed_at", "progress", "resumed", "lost",
  "cancelling" }

---What the journal keeps of a task.
---@param task dm.ScheduledTask
---@return string JSON
function M.body(task)
  local body = {}
  for _, name in ipairs(KEPT) do body[name] = task[name] end
  local work = task.work
  if work and work.command then body.command, body.given = work.command, work.given end
  body.result = task.result
  local ok, text = pcall(json.encode, body)
  if ok then return text end
  body.result = nil -- of a function, and nothing that JSON can hold
  return json.encode(body)
end

local LOST = "lost: the host ended %s"

---A task as the journal had it, and what becomes of it after the end of the host that had it.
---@param seq integer
---@param id string
---@param status string
---@param body table
---@return dm.ScheduledTask
function M.restore(seq, id, status, body)
  local task = { seq = seq, id = id, status = status, restored_as = status, result = body.result }
  for _, name in ipairs(KEPT) do task[name] = body[name] end
  if task.completed_at then return task end
  if task.cancelling then
    task.status, task.error, task.completed_at = "cancelled", "cancelled", M.now()
    return task
  end
  local again = body.command and (status == "pending" or body.given and body.given.resume)
  if again then
    task.status, task.resumed, task.work = "pending", true, { command = body.command, given = body.given }
  else
    task.status, task.lost, task.completed_at = "failed", true, M.now()
    task.error = LOST:format(status == "running" and "while it ran" or "before it ran")
  end
  return task
end

---Whether two values that JSON can hold are the same.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

---Whether a task that goes on is what is submitted now.
---@param task dm.ScheduledTask
---@param work dm.Work
---@return boolean
function M.same_work(task, work)
  local old = task.work
  return old ~= nil and work.command ~= nil and same(old.command, work.command) and same(old.given, work.given)
end

local function begin_command(scheduler, task)
  local command = work_of.settle(task.work)
  local mark = ("%s/%d/"):format(scheduler.token, task.seq)
  command.env.DMHOST_TASK = mark
  local words = task.work.command
  task.handle = process.start(command, 0, function(ended)
    if ended.reason ~= "exited" then C.dm_process_sweep("DMHOST_TASK", mark) end
    local result = { command = words, return_code = ended.signal and -ended.signal or ended.status }
    if ended.reason == "stopped" then return scheduler:ended(task, "cancelled", result, "cancelled") end
    local why = process.failure(ended)
    if ended.trouble then why = why and why .. "; " .. ended.trouble or ended.trouble end
    scheduler:ended(task, ended.ok and "completed" or "failed", result, why)
  end)
end

-- What a function task raises where it waits when it is to end.
local CANCELLED = setmetatable({}, { __tostring = function() return "cancelled" end })
local TIMED_OUT = setmetatable({}, { __tostring = function() return "timed out" end })

local GRACE_MS = 5000

---Interrupts a function, and lets go of it when it does not end in time.
local function interrupt(scheduler, task, why)
  local entry = task.handle
  wait.interrupt(entry, why)
  entry.grace = wait.after(work_of.time(task.work, "grace") or GRACE_MS, function()
    wait.abandon(entry)
    if entry.limit then wait.forget(entry.limit) end
    scheduler:ended(task, why == CANCELLED and "cancelled" or "failed", nil,
      tostring(why) .. ", and did not end when asked to")
  end)
end

local function begin_function(scheduler, task)
  local entry, work = { scheduled = task }, task.work
  task.handle = entry
  local limit = work_of.time(work, "timeout")
  if limit then entry.limit = wait.after(limit, function() interrupt(scheduler, task, TIMED_OUT) end) end
  wait.start(entry, function()
    local ok, result = xpcall(function() return work.run(unpack(work.arguments or {}, 1, work.n)) end, function(e)
      return (e == CANCELLED or e == TIMED_OUT) and e or raised.text(e)
    end)
    if entry.limit then wait.forget(entry.limit) end
    if entry.grace then wait.forget(entry.grace) end
    if ok then return scheduler:ended(task, "completed", result) end
    local status = (result == CANCELLED or task.cancelling) and "cancelled" or "failed"
    scheduler:ended(task, status, nil, tostring(result))
  end)
end

---Begins an attempt.
---@param scheduler dm.TaskScheduler
---@param task dm.ScheduledTask
function M.begin(scheduler, task)
  if task.work.run then return begin_function(scheduler, task) end
  local ok, why = pcall(begin_command, scheduler, task)
  if not ok then scheduler:ended(task, "failed", nil, raised.text(why)) end
end

---Has an attempt end.
---@param scheduler dm.TaskScheduler
---@param task dm.ScheduledTask one that runs
function M.stop(scheduler, task)
  if not task.handle then return end -- it has not begun, and will not
  if task.work.run then
    interrupt(scheduler, task, CANCELLED)
  else
    process.stop(task.handle)
  end
end

local function stop_waiting(task, me)
  for i, waiter in ipairs(task.waiters or {}) do
    if waiter == me then return table.remove(task.waiters, i) end
  end
end

---Waits for a task's end, for which `me` is among its waiters.
---@param task dm.ScheduledTask
---@param me dm.Task
---@param timeout number|string|nil
---@return boolean whether it has ended
function M.park(task, me, timeout)
  local timer
  if timeout then
    local ms = units.milliseconds(timeout) or error(('"%s" is not a time'):format(tostring(timeout)), 0)
    timer = wait.after(ms, function()
      stop_waiting(task, me)
      wait.wake(me, false)
    end)
  end
  local ended = wait.park(me, function()
    stop_waiting(task, me)
    if timer then wait.forget(timer) end
  end)
  if timer then wait.forget(timer) end
  return ended
end

---Says how far the task has come in which this is called. Nothing outside of one.
---@param share number 0 to 1
function M.progress(share)
  if type(share) ~= "number" or not (share >= 0 and share <= 1) then
    error("progress is a number from 0 to 1, not " .. tostring(share), 2)
  end
  local me = wait.self()
  if me.scheduled then me.scheduled.progress = share end
end

return M
