-- Tasks that failed or were stopped may still stand in DataMate's tables as running: their process was killed, or the
-- server was away. A process of its own writes how they ended (dm.datamate.settle), and again until that is done.
local process = require "dm.process"
local raised = require "dm.raised"
local wait = require "dm.wait"

local M = {}

---@class dm.Settler
---@field scheduler dm.TaskScheduler
---@field path_of fun(id: string): string of a task's process.yaml
---@field due string[] ids of tasks that are to be looked at
---@field pause number milliseconds before the next try
---@field busy boolean a process is at work, or waited for
---@field trouble string? what was in the way last
local Settler = {}
Settler.__index = Settler

-- Tasks for one process, and the pauses after one that could not do it all.
local MOST, SHORTEST_MS, LONGEST_MS = 100, 1000, 60000
-- Kept of what it prints.
local KEPT_BYTES = 64 * 1024

---What a task's end is called in the tables; of those that have not ended, nothing.
local STATUS = { failed = "FAILED", cancelled = "STOPPED" }

---Sees to the ends of a scheduler's tasks: those to come, and those that it remembers.
---@param scheduler dm.TaskScheduler
---@param path_of fun(id: string): string of a task's process.yaml
---@return dm.Settler
function M.new(scheduler, path_of)
  local self = setmetatable({ scheduler = scheduler, path_of = path_of, due = {}, pause = SHORTEST_MS, busy = false },
    Settler)
  for status in pairs(STATUS) do
    for _, task in ipairs(scheduler:get_tasks_by_status(status)) do self:add(task.task_id) end
  end
  function scheduler.on_end(task)
    if STATUS[task.status] then self:add(task.task_id) end
  end
  return self
end

---Has a task looked at.
---@param id string
function Settler:add(id)
  self.due[#self.due + 1] = id
  if not self.busy then self:after(0) end
end

---Begins to work when a time is over.
---@param ms number
function Settler:after(ms)
  self.busy = true
  wait.after(ms, function() self:work() end)
end

---The next tasks, as arguments of dm.datamate.settle, and their ids by path. One that was submitted again is left out.
---@return string[] arguments status and path, in turn
---@return table<string, string> ids
function Settler:take()
  local arguments, ids, rest = {}, {}, {}
  for _, id in ipairs(self.due) do
    local task = self.scheduler:get_task_status(id)
    local status, path = task and STATUS[task.status], self.path_of(id)
    if status and #arguments >= 2 * MOST then
      rest[#rest + 1] = id
    elseif status and not ids[path] then
      ids[path] = id
      arguments[#arguments + 1], arguments[#arguments + 2] = status, path
    end
  end
  self.due = rest
  return arguments, ids
end

---Tells on stderr what is in the way, once.
---@param why string? nil: nothing
function Settler:tell(why)
  if why and why ~= self.trouble then
    io.stderr:write("dmhost: how tasks ended can not be written into the tables: ", why, "\n")
  end
  self.trouble = why
end

---A process has done what it could: the tasks that are left are due again.
---@param ids table<string, string> of those tasks, by path
---@param why string what was in the way
function Settler:go_on(ids, why)
  for _, id in pairs(ids) do self.due[#self.due + 1] = id end
  local left = next(ids) ~= nil
  self:tell(left and why or nil)
  self.pause = left and math.min(2 * self.pause, LONGEST_MS) or SHORTEST_MS
  self.busy = false
  if self.due[1] then self:after(left and self.pause or 0) end
end

---Has a process write the ends of the next tasks.
function Settler:work()
  local arguments, ids = self:take()
  self.busy = #arguments > 0
  if not self.busy then return end
  local command = { "/proc/self/exe", "lua", "-e", 'require("dm.datamate.settle").all(...)', unpack(arguments) }
  local ok, why = pcall(process.start, process.settle(command), KEPT_BYTES, function(ended)
    for path in ended.out:gmatch "[^\n]+" do ids[path] = nil end -- those that it has seen to
    self:go_on(ids, process.failure(ended) or ended.err:match "[^\n]*")
  end)
  if not ok then self:go_on(ids, raised.text(why)) end
end

return M
