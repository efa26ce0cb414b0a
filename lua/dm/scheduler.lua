-- Runs tasks, so many at a time: Lua functions, which may wait, and commands, which are processes. DataMate's
-- TaskScheduler as its users know it, with what that promises.
local ffi = require "ffi"
local fifo = require "dm.fifo"
local params = require "dm.params"
local process = require "dm.process"
local raised = require "dm.raised"
local sample = require "dm.sample"
local tasks = require "dm.scheduler.task"
local wait = require "dm.wait"
local work_of = require "dm.scheduler.work"

local C = ffi.C

local M = {}

---How a scheduler may be made.
---@type dm.Param[]
M.OPTIONS = {
  { "max_concurrent", "integer", default = 10, min = 1, doc = "how many tasks run at once" },
  { "max_queued", "integer", default = 100000, min = 1, doc = "how many wait for that; then `submit` waits" },
  { "keep_finished", "integer", default = 100000, min = 0, doc = "how many that have ended are remembered" },
  { "journal", "string", doc = "a file in which tasks survive the end of the host" },
}

---@class dm.TaskScheduler
---@field max_concurrent integer
---@field tasks table<string, dm.ScheduledTask> by id
---@field queue dm.Fifo tasks that wait; some may have been cancelled
---@field dead integer tasks of the queue that have been cancelled
---@field finished dm.Fifo tasks as they ended; some may be replaced
---@field keep_finished integer how many of those are remembered
---@field max_queued integer
---@field room dm.Task[] who waits to submit, until fewer tasks wait than that
---@field seq integer that of the task that came last
---@field token string names the processes of this scheduler, for the host that comes after a crash
---@field total integer tasks that came
---@field lost integer tasks that another host's end made fail
---@field closed boolean? nothing more is taken
---@field suspended boolean? nothing more is begun: what waits is for the next host
---@field counts table<string, integer> tasks by status; of those that have ended also what is forgotten
---@field running integer tasks that take a place
---@field journal dm.TaskJournal?
---@field ending table<string, dm.ScheduledTask> tasks that are being cancelled, whose id is another task's by now
---@field begun dm.ScheduledTask[] tasks that begin as soon as the journal knows that
---@field on_trouble fun(why: string?)? told whether the journal can be written, each time; without it that is an error
---@field on_end fun(task: dm.TaskResult)? told of each task that has ended
local TaskScheduler = {}
TaskScheduler.__index = TaskScheduler

local open = {} -- schedulers that have not been shut down

-- How long pauses between retries grow.
local LONGEST_BACKOFF_MS = 300000

---@param options table? as M.OPTIONS declares them
---@return dm.TaskScheduler
function M.TaskScheduler(options)
  if options ~= nil and type(options) ~= "table" then
    error("TaskScheduler takes a table of options, not a " .. type(options), 2)
  end
  local values, wrong = params.check(M.OPTIONS, options or {}, sample.null)
  if not values then error("TaskScheduler " .. wrong, 2) end
  local self = setmetatable({
    max_concurrent = values.max_concurrent,
    max_queued = values.max_queued,
    keep_finished = values.keep_finished,
    tasks = {}, queue = fifo.new(), dead = 0, finished = fifo.new(),
    counts = { pending = 0, running = 0, completed = 0, failed = 0, cancelled = 0 },
    total = 0, lost = 0, seq = 0, running = 0, room = {}, begun = {}, ending = {},
    token = tasks.token(),
  }, TaskScheduler)
  if values.journal then self:recover(values.journal) end
  open[#open + 1] = self
  return self
end

---Takes over the tasks of the host that had the journal before.
---@param path string
function TaskScheduler:recover(path)
  self.journal = require("dm.scheduler.journal").open(path)
  self.token = self.journal.token
  if self.journal.last_token ~= "" then C.dm_process_sweep("DMHOST_TASK", self.journal.last_token) end
  for seq, id, status, body in self.journal:read() do
    local task = tasks.restore(seq, id, status, body)
    self.seq = seq
    self:add(task)
    if task.status == "pending" then
      self:enqueue(task)
    else
      self:remember(task)
    end
    if task.lost then self.lost = self.lost + 1 end
    if task.restored_as ~= task.status then self.journal:note(task) end
  end
  self:flush()
end

---Makes a task known.
---@param task dm.ScheduledTask
function TaskScheduler:add(task)
  self.tasks[task.id] = task
  self.total = self.total + 1
  self.counts[task.status] = self.counts[task.status] + 1
end

---Puts a pending task behind the others that wait.
---@param task dm.ScheduledTask
function TaskScheduler:enqueue(task)
  self.queue:push(task)
end

---Changes a task's status, and has that written.
---@param task dm.ScheduledTask
---@param status string
function TaskScheduler:set(task, status)
  self.counts[task.status] = self.counts[task.status] - 1
  self.counts[status] = self.counts[status] + 1
  task.status = status
  if self.journal and self.tasks[task.id] == task then self.journal:note(task) end
end

---Writes what the journal is to know by now.
function TaskScheduler:flush()
  if self.journal then self.journal:flush(tasks.body) end
end

---Puts a task to those that have ended, and forgets the oldest of those when they are too many.
---@param task dm.ScheduledTask
function TaskScheduler:remember(task)
  self.finished:push(task)
  while self.finished.n > self.keep_finished do
    local oldest = self.finished:pop()
    if self.tasks[oldest.id] == oldest then
      self.tasks[oldest.id] = nil
      if self.journal then self.journal:forget(oldest) end
    end
  end
end

---A task has ended: notes how, and lets those go on that wait for it.
---@param task dm.ScheduledTask
---@param status string
---@param result any
---@param message string?
function TaskScheduler:finish(task, status, result, message)
  task.result, task.error, task.completed_at = result, message, tasks.now()
  if status == "completed" then task.progress = 1 end
  self:set(task, status)
  self:remember(task)
  for _, waiter in ipairs(task.waiters or {}) do wait.wake(waiter, true) end
  if self.ending[task.id] == task then
    self.ending[task.id] = nil
    if task.successor.status == "pending" then self:enqueue(task.successor) end
  end
  task.work, task.waiters, task.handle, task.successor = nil, nil, nil, nil
  if self.on_end then self.on_end(tasks.result(task)) end
end

---@param task dm.ScheduledTask
---@return boolean whether it will be tried again
function TaskScheduler:try_again(task)
  if task.cancelling or self.closed or task.tried > (task.work.given and task.work.given.retries or 0) then
    return false
  end
  local pause = (work_of.time(task.work, "backoff") or 1000) * 2 ^ (task.tried - 1)
  self:set(task, "pending")
  task.later = wait.after(math.min(pause, LONGEST_BACKOFF_MS), function()
    task.later = nil
    self:enqueue(task)
  end)
  return true
end

---An attempt has ended.
---@param task dm.ScheduledTask
---@param status string
---@param result any
---@param message string?
function TaskScheduler:ended(task, status, result, message)
  self.running = self.running - 1
  if self.suspended then return end
  task.result, task.error = result, message
  if status == "failed" and self:try_again(task) then return end
  self:finish(task, status, result, message)
end

---The next task of the queue that is to run.
---@return dm.ScheduledTask?
function TaskScheduler:next_task()
  while self.queue.n > 0 do
    local task = self.queue:pop()
    if task.status == "pending" then return task end
    self.dead = self.dead - 1
  end
end

---Writes what the journal is to know by now, if that can be; else tells `on_trouble`, or raises.
---@return boolean
function TaskScheduler:try_flush()
  if not self.on_trouble then
    self:flush()
    return true
  end
  local ok, why = pcall(self.flush, self)
  self.on_trouble(not ok and raised.text(why) or nil)
  return ok
end

---Begins as many tasks as may run. They stand in the journal as running before they do.
function TaskScheduler:pump()
  local begun = self.begun
  while self.running < self.max_concurrent and not self.suspended do
    local task = self:next_task()
    if not task then break end
    task.started_at, task.tried = tasks.now(), task.tried + 1
    self.running = self.running + 1
    self:set(task, "running")
    begun[#begun + 1] = task
  end
  if not self:try_flush() then return end
  self.begun = {}
  for _, task in ipairs(begun) do
    if task.cancelling then
      self:ended(task, "cancelled", nil, "cancelled")
    else
      tasks.begin(self, task)
    end
  end
  if self.counts.pending < self.max_queued then self:wake_room() end
end

---Why no task can be submitted under an id now.
---@param id string
---@return string? nil: it can
function TaskScheduler:why_not(id)
  if self.closed then return "the scheduler is shut down" end
  local old = self.tasks[id]
  if old and (old.status == "pending" or old.status == "running" and not old.cancelling) then
    return ("there is a task %s already, and it is %s"):format(id, old.status)
  end
end

local function leave(room, me)
  for i, other in ipairs(room) do
    if other == me then return table.remove(room, i) end
  end
end

---Waits until there is room in the queue.
---@param id string
---@return string? why no task can be submitted under that id by then
function TaskScheduler:wait_for_room(id)
  local why_not = self:why_not(id)
  while not why_not and self.counts.pending >= self.max_queued do
    local me = wait.self()
    self.room[#self.room + 1] = me
    wait.park(me, function() leave(self.room, me) end)
    why_not = self:why_not(id)
  end
  return why_not
end

---Has those who wait for room in the queue look again.
function TaskScheduler:wake_room()
  while self.room[1] do wait.wake(table.remove(self.room, 1)) end
end

---Submits a task. When too many wait already, it waits until there is room. One whose id is that of a task that is
---being cancelled takes its place, and runs when that has ended.
---@param id string
---@param what function|string|table a function; a command (list, or line); or a list of a function and its arguments;
---  options are named fields of a list
---@param ... any a function's arguments, or a command's options
---@return string id
function TaskScheduler:submit(id, what, ...)
  if type(id) ~= "string" or id == "" then error("a task's id is a string that is not empty", 2) end
  local ok, work = pcall(work_of.of, what, ...)
  if not ok then error(("task %s: %s"):format(id, raised.text(work)), 2) end
  local old = self.tasks[id]
  if old and old.resumed and tasks.same_work(old, work) then return id end
  local why_not = self:wait_for_room(id)
  if why_not then error(why_not, 2) end
  old = self.tasks[id]
  if old and self.journal then self.journal:forget(old) end
  self.seq = self.seq + 1
  local task = tasks.new(self.seq, id, work)
  self:add(task)
  local ending = self.ending[id] or old and not old.completed_at and old
  if ending then
    self.ending[id], ending.successor = ending, task
  else
    self:enqueue(task)
  end
  if self.journal then self.journal:note(task) end
  return id
end

---@param id string
---@return dm.TaskResult? nil when there is no such task, or it is forgotten
function TaskScheduler:get_task_status(id)
  local task = self.tasks[id]
  return task and tasks.result(task)
end

---@param status string? those of one status only
---@return dm.TaskResult[] in the order in which they were submitted
function TaskScheduler:get_tasks_by_status(status)
  if status and not self.counts[status] then error(('there is no status "%s"'):format(tostring(status)), 2) end
  local list = {}
  for _, task in pairs(self.tasks) do
    if not status or task.status == status then list[#list + 1] = task end
  end
  table.sort(list, function(a, b) return a.seq < b.seq end)
  for i, task in ipairs(list) do list[i] = tasks.result(task) end
  return list
end

---@return dm.TaskResult[] in the order in which they were submitted
function TaskScheduler:get_all_tasks()
  return self:get_tasks_by_status(nil)
end

---How many tasks there are: `total` of all, then by status; those that have ended count when they are forgotten, too.
---`lost`: failed because the host ended.
---@return table<string, integer>
function TaskScheduler:get_statistics()
  local counts = { total = self.total, lost = self.lost, max_concurrent = self.max_concurrent }
  for status, n in pairs(self.counts) do counts[status] = n end
  return counts
end

---Drops tasks from the queue that have been cancelled, once they are the greater part of it.
function TaskScheduler:tidy_queue()
  self.dead = self.dead + 1
  if self.dead < 1000 or self.dead * 2 < self.queue.n then return end
  for _ = 1, self.queue.n do
    local task = self.queue:pop()
    if task.status == "pending" then self.queue:push(task) end
  end
  self.dead = 0
end

---Cancels a task: one that waits never runs; one that runs is interrupted, a process with SIGTERM and after its grace
---with SIGKILL. It is cancelled once it has ended.
---@param id string
---@return boolean false: there is no such task, or it has ended
function TaskScheduler:cancel_task(id)
  local task = self.tasks[id]
  if task and task.status == "pending" then
    if task.later then
      wait.forget(task.later)
      task.later = nil
    elseif not self.ending[id] then
      self:tidy_queue()
    end
    self:finish(task, "cancelled", nil, "cancelled")
    return true
  end
  if not task or task.status ~= "running" then return false end
  if not task.cancelling then
    task.cancelling = true
    if self.journal then self.journal:note(task) end
    tasks.stop(self, task)
  end
  return true
end

---@return dm.TaskResult?
---@return string? why
local function wait_for(task, timeout)
  if not task.completed_at then
    local me = wait.self()
    if me.scheduled == task then error("a task can not wait for its own end", 0) end
    task.waiters = task.waiters or {}
    table.insert(task.waiters, me)
    if not tasks.park(task, me, timeout) then return nil, "timed out" end
  end
  return tasks.result(task)
end

---Waits for a task's end.
---@param id string
---@param timeout number|string|nil seconds, or "500ms", "2min"; nil: as long as it takes
---@return dm.TaskResult? nil when that took too long, or there is no such task
---@return string? why
function TaskScheduler:wait_for_task(id, timeout)
  local task = self.tasks[id]
  if not task then return nil, "there is no task " .. tostring(id) end
  return wait_for(task, timeout)
end

---Cancels all tasks, waits for their ends and closes the journal. Nothing can be submitted any more.
function TaskScheduler:shutdown()
  if self.closed then return end
  self.closed = true
  self:wake_room()
  for _, result in ipairs(self:get_all_tasks()) do self:cancel_task(result.task_id) end
  for _, result in ipairs(self:get_tasks_by_status "running") do self:wait_for_task(result.task_id) end
  for _, task in pairs(self.ending) do wait_for(task) end
  self:close()
end

---Writes the journal and closes it.
function TaskScheduler:close()
  self.closed = true
  self:flush()
  if self.journal then self.journal:close() end
  self.journal = nil
  for i, other in ipairs(open) do
    if other == self then table.remove(open, i) end
  end
end

-- Tasks run when the loop does, so that many are begun and written down together.
wait.before_wait(function()
  for _, scheduler in ipairs(open) do scheduler:pump() end
end)

wait.add_source {
  take = function() end,
  pending = function()
    for _, scheduler in ipairs(open) do
      if scheduler.queue.n > 0 and scheduler.running < scheduler.max_concurrent then return true end
    end
    return false
  end,
}

---Ends the processes of all tasks without an end of the tasks: who opens the journals next hears that they were lost,
---or goes on with them.
function M.suspend()
  for _, scheduler in ipairs(open) do scheduler.suspended = true end
  process.stop_all()
  while open[1] do open[1]:close() end
end

---Closes what a script has left open, when its tasks have ended.
function M.close_all()
  while open[1] do open[1]:close() end
end

wait.before_end = M.suspend

M.progress = tasks.progress

return M
