-- The one place where Lua waits. A task is a coroutine that may wait for a request, for a time, or for somebody to
-- wake it; while it does, others go on. Code outside of a task waits too, and nothing goes on meanwhile. C is never
-- suspended: it says that a request has begun, and hands out those that have ended.
local ffi = require "ffi"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {}

---@class dm.Task
---@field co thread? nil: code outside of a task
---@field enter fun(task: dm.Task)? called before it goes on
---@field leave fun(task: dm.Task, ended: boolean)? called when it waits, or has ended
---@field turn integer? counts what an operator waited for
---@field woken boolean? something to go on with has come
---@field value any what that is

local current            -- the task that runs now
local requests = {}      -- number of a request -> the task that waits for it
local under_way = 0      -- how many those are
local ready, first, last = {}, 1, 0 -- tasks to go on with, as they were woken
local sleepers = {}      -- a heap of { at, task }, the earliest first
local other              -- see M.also

local function sift_up(i)
  local item = sleepers[i]
  while i > 1 do
    local above = math.floor(i / 2)
    if sleepers[above].at <= item.at then break end
    sleepers[i] = sleepers[above]
    i = above
  end
  sleepers[i] = item
end

local function sift_down(item)
  local i, n = 1, #sleepers
  while true do
    local below = 2 * i
    if below > n then break end
    if below < n and sleepers[below + 1].at < sleepers[below].at then below = below + 1 end
    if sleepers[below].at >= item.at then break end
    sleepers[i] = sleepers[below]
    i = below
  end
  sleepers[i] = item
end

local function pop_sleeper()
  local item, moved = sleepers[1], table.remove(sleepers)
  if #sleepers > 0 then sift_down(moved) end
  return item
end

---Who runs now, for M.park and M.wake.
---@return dm.Task
function M.self()
  if current and coroutine.running() == current.co then return current end
  return {}
end

---Notes that an operator asks for something that it waits for, however often that takes: what is random in it from
---then on does not depend on who else went on meanwhile.
function M.turn()
  local me = M.self()
  if me.turn then me.turn = me.turn + 1 end
end

---Lets a parked task go on with a value.
---@param task dm.Task
---@param value any
function M.wake(task, value)
  task.woken, task.value = true, value
  if not task.co then return end
  last = last + 1
  ready[last] = task
end

---A request that has ended, as a table.
---@class dm.Ended
---@field outcome integer C.DM_HTTP_DONE ...
---@field status integer
---@field body string
---@field head string
---@field error string
---@field first_ms number
---@field total_ms number

---@return dm.Ended
local function take(reply)
  local ended = {
    outcome = reply.outcome,
    status = reply.status,
    body = ffi.string(reply.body, reply.body_bytes),
    head = ffi.string(reply.head, reply.head_bytes),
    error = ffi.string(reply.error),
    first_ms = reply.first_ms,
    total_ms = reply.total_ms,
  }
  C.dm_http_release(reply)
  return ended
end

---Has something else than requests and times be waited for.
---@param source { before: fun(): number?; after: fun() } called before the loop runs, and says how long it may at the
---most, and after it, to wake whom that concerns
function M.also(source)
  other = source
end

---Runs the event loop for at most so long, or until something has come; wakes whom that concerns.
---@param ms number
local function collect(ms)
  local now = C.dm_http_now()
  if other then ms = math.min(ms, other.before() or ms) end
  if sleepers[1] then ms = math.min(ms, math.max(0, sleepers[1].at - now)) end
  if C.dm_http_wait(ms, err) < 0 then error(ffi.string(err.text), 0) end
  local reply = C.dm_http_next()
  while reply ~= nil do
    local task = requests[reply.id]
    requests[reply.id] = nil
    under_way = under_way - 1
    M.wake(task, take(reply))
    reply = C.dm_http_next()
  end
  if other then other.after() end
  now = C.dm_http_now()
  while sleepers[1] and sleepers[1].at <= now do M.wake(pop_sleeper().task) end
end

---Waits until somebody wakes this task, which M.self has told.
---@param me dm.Task
---@return any value
function M.park(me)
  if me.co then
    if not me.woken then coroutine.yield() end
  else
    while not me.woken do collect(1000) end
  end
  local value = me.value
  me.woken, me.value = nil, nil
  return value
end

---Waits for a time.
---@param ms number
function M.sleep(ms)
  local me = M.self()
  sleepers[#sleepers + 1] = { at = C.dm_http_now() + ms, task = me }
  sift_up(#sleepers)
  M.park(me)
end

---Makes a request and waits for its end. Raises when it can not even be begun.
---@param request ffi.cdata* struct dm_http_request; its texts must be alive during the call only
---@return dm.Ended
function M.request(request)
  local id = C.dm_http_start(request, err)
  if id < 0 then error(ffi.string(err.text), 0) end
  local me = M.self()
  requests[id] = me
  under_way = under_way + 1
  return M.park(me)
end

---How many requests are under way.
---@return integer
function M.under_way()
  return under_way
end

local function resume(task)
  current = task
  if task.enter then task:enter() end
  local ok, message = coroutine.resume(task.co)
  current = nil
  local ended = coroutine.status(task.co) == "dead"
  if task.leave then task:leave(ended) end
  if not ok then error(message, 0) end
end

---Begins a task, which runs until it waits for the first time. Tasks can not begin others.
---@param task dm.Task a table with what the hooks need
---@param run fun() its errors are errors of who runs the loop
function M.begin(task, run)
  task.co = coroutine.create(run)
  resume(task)
end

---Goes on with what has come; waits for it up to so long when nothing has.
---@param ms number
function M.step(ms)
  collect(first <= last and 0 or ms)
  while first <= last do
    local task = ready[first]
    ready[first] = nil
    first = first + 1
    if coroutine.status(task.co) == "suspended" then resume(task) end
  end
end

return M
