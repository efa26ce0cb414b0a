-- The journal of a scheduler as Lua sees it: C keeps the file (host/task/tasks.c).
local ffi = require "ffi"
local json = require "dm.json"
local problem = require "dm.problem"

local C = ffi.C
local err = ffi.new "struct dm_error"
local row = ffi.new "struct dm_tasks_row"

local Journal = {}
Journal.__index = Journal

local M = {}

---@class dm.TaskJournal
---@field tasks ffi.cdata*
---@field token string what this scheduler's processes are marked with
---@field last_token string the same of the scheduler that had the file before; ""
---@field noted dm.ScheduledTask[] tasks that are to be written, once each
---@field is_noted table<dm.ScheduledTask, boolean>
---@field gone integer[] numbers of those that are to be forgotten

local function check(status)
  if status < 0 then error(problem.of_c(status, ffi.string(err.text)), 0) end
  return status
end

---Opens the file, and makes it where there is none.
---@param path string
---@return dm.TaskJournal
function M.open(path)
  local out = ffi.new "struct dm_tasks *[1]"
  check(C.dm_tasks_open(out, path, err))
  return setmetatable({
    tasks = ffi.gc(out[0], C.dm_tasks_close),
    token = ffi.string(C.dm_tasks_token(out[0])),
    last_token = ffi.string(C.dm_tasks_last_token(out[0])),
    noted = {},
    is_noted = {},
    gone = {},
  }, Journal)
end

---What the file knows, in the order in which tasks came: for seq, id, status, body in journal:read() do.
---@return fun(): integer?, string?, string?, table?
function Journal:read()
  return function()
    if check(C.dm_tasks_next(self.tasks, row, err)) == 0 then return nil end
    return tonumber(row.seq), ffi.string(row.id, row.id_bytes), ffi.string(row.status, row.status_bytes),
      json.decode(ffi.string(row.body, row.body_bytes))
  end
end

---Has a task written with the next flush.
---@param task dm.ScheduledTask
function Journal:note(task)
  if self.is_noted[task] then return end
  self.is_noted[task] = true
  self.noted[#self.noted + 1] = task
end

---Has a task forgotten with the next flush. It is not noted again.
---@param task dm.ScheduledTask
function Journal:forget(task)
  if self.is_noted[task] ~= nil then self.is_noted[task] = false end
  self.gone[#self.gone + 1] = task.seq
end

local function put(self, task, body)
  row.seq, row.id, row.id_bytes = task.seq, task.id, #task.id
  row.status, row.status_bytes = task.status, #task.status
  row.body, row.body_bytes = body, #body
  check(C.dm_tasks_put(self.tasks, row, err))
end

---Writes what has been noted, in one transaction.
---@param body_of fun(task: dm.ScheduledTask): string
function Journal:flush(body_of)
  if not self.noted[1] and not self.gone[1] then return end
  for _, seq in ipairs(self.gone) do check(C.dm_tasks_remove(self.tasks, seq, err)) end
  for _, task in ipairs(self.noted) do
    if self.is_noted[task] then put(self, task, body_of(task)) end
  end
  check(C.dm_tasks_commit(self.tasks, err))
  self.noted, self.is_noted, self.gone = {}, {}, {}
end

---Closes the file.
function Journal:close()
  C.dm_tasks_close(ffi.gc(self.tasks, nil))
  self.tasks = nil
end

return M
