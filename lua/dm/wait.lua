-- The one place where Lua waits. A task is a coroutine that may wait for a request, for a time, or for somebody to
-- wake it; while it does, others go on. Code outside of a task waits too; then only tasks of M.start go on meanwhile.
-- C is never suspended: it says that something has begun, and hands out what has ended.
local ffi = require "ffi"
local fifo = require "dm.fifo"
local timers = require "dm.wait.timers"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {}

---@class dm.Task
---@field co thread? nil: code outside of a task
---@field enter fun(task: dm.Task)? called before it goes on
---@field leave fun(task: dm.Task, ended: boolean)? called when it waits, or has ended
---@field turn integer? counts what an operator waited for
---@field fresh boolean? it has not run yet
---@field woken boolean? something to go on with has come
---@field value any what that is
---@field interrupted any? it is to stop waiting and raise this
---@field run fun(task: dm.Task)? what it does
---@field ended boolean?
---@field free boolean? begun by M.start
---@field undo fun(arg: any)? while it waits: takes back what it waits for
---@field undo_arg any

---What hands out what has ended beside HTTP requests.
---@class dm.WaitSource
---@field take fun() takes all of it and wakes whom it concerns
---@field pending fun(): boolean whether something may still come

local current -- the task that runs now
local requests = {} -- number of a request -> the task that waits for it
-- The same -> what libcurl reads until the request has ended, which is kept alive here.
local bodies = {} -- luacheck: ignore 241
local with_head = {} -- the same -> true: header lines are wanted of a good reply, too
local under_way = 0 -- how many those are
local ready = fifo.new() -- tasks to go on with, as they were woken
local woken_outside = false -- code outside of a task has something to go on with
local free = 0 -- tasks of M.start that have not ended
local sources = {} ---@type dm.WaitSource[]
local before_wait = {} ---@type fun()[]

---Has a function called when a time is over, by whoever runs the loop; it must not wait.
---@param ms number
---@param call fun()
---@return dm.Timer for M.forget
function M.after(ms, call)
  return timers.add { at = C.dm_loop_now() + ms, call = call }
end

---Takes back M.after. Nothing when its time has come already.
M.forget = timers.forget

---Who runs now, for M.park and M.wake.
---@return dm.Task
function M.self()
  if current and coroutine.running() == current.co then return current end
  return {}
end

---Notes that an operator asks for something that it waits for, however often that takes: what is random in it from
---then on does not depend on who else went on meanwhile.
function M.turn()
  if current and current.turn then current.turn = current.turn + 1 end
end

---Lets a parked task go on with a value.
---@param task dm.Task
---@param value any
function M.wake(task, value)
  task.woken, task.value = true, value
  if task.co then ready:push(task) else woken_outside = true end
end

---Has a task raise where it waits, or where it will wait next.
---@param task dm.Task
---@param why any what is raised
function M.interrupt(task, why)
  task.interrupted = why
  ready:push(task)
end

---A request that has ended, as a table.
---@class dm.Ended
---@field outcome integer C.DM_HTTP_DONE ...
---@field status integer
---@field body string
---@field head string "" for a good reply, unless M.request was told to keep it
---@field events boolean it is a stream of server-sent events
---@field error string
---@field first_ms number
---@field total_ms number

---@return dm.Ended
local function take(reply)
  local good = reply.outcome == C.DM_HTTP_DONE and reply.status >= 200 and reply.status < 300
  return {
    outcome = reply.outcome,
    status = reply.status,
    body = ffi.string(reply.body, reply.body_bytes),
    head = good and not with_head[reply.id] and "" or ffi.string(reply.head, reply.head_bytes),
    events = reply.events == 1,
    error = good and "" or ffi.string(reply.error),
    first_ms = reply.first_ms,
    total_ms = reply.total_ms,
  }
end

local function take_replies()
  local reply = C.dm_http_next()
  while reply ~= nil do
    local task = requests[reply.id]
    requests[reply.id] = nil
    under_way = under_way - 1
    if task then M.wake(task, take(reply)) end
    bodies[reply.id], with_head[reply.id] = false, nil -- false: numbers are used again
    C.dm_http_release(reply)
    reply = C.dm_http_next()
  end
end

local function ring()
  local now = C.dm_loop_now()
  local task, call, taken = timers.take(now)
  while taken do
    if task then M.wake(task) end
    if call then call() end
    task, call, taken = timers.take(now)
  end
end

---What is done about a signal that asks this process to end (C.dm_loop_catch): it ends.
---@param number integer
function M.on_signal(number)
  if M.before_end then M.before_end() end
  C.dm_loop_die(number)
end

---Runs the event loop for at most so long, or until something has come; wakes whom that concerns.
---@param ms number
function M.collect(ms)
  for _, call in ipairs(before_wait) do call() end
  if ready.n > 0 or woken_outside then ms = 0 end
  local at = timers.next_at()
  if at then ms = math.min(ms, math.max(0, at - C.dm_loop_now())) end
  woken_outside = false
  if C.dm_loop_wait(ms, err) < 0 then error(ffi.string(err.text), 0) end
  take_replies()
  for _, source in ipairs(sources) do source.take() end
  ring()
  local number = C.dm_loop_signal()
  if number > 0 then M.on_signal(number) end
end

---Adds something else that is waited for on the event loop.
---@param source dm.WaitSource
function M.add_source(source)
  sources[#sources + 1] = source
end

---Has a function called each time before the event loop runs.
---@param call fun()
function M.before_wait(call)
  before_wait[#before_wait + 1] = call
end

---Whether nothing can come any more that would wake somebody.
---@return boolean
local function is_idle()
  if ready.n > 0 or not timers.is_empty() or under_way > 0 then return false end
  for _, source in ipairs(sources) do
    if source.pending() then return false end
  end
  return true
end

---Waits outside of a task.
local function turn_outside()
  if free == 0 then return M.collect(1000) end
  if is_idle() then error("the tasks that are left wait for each other", 0) end
  M.step(1000)
end

---Waits until somebody wakes this task, which M.self has told. Raises when it is interrupted.
---@param me dm.Task
---@param undo fun(arg: any)? called first when it is interrupted: takes back what it waits for, without waiting
---@param arg any
---@return any value
function M.park(me, undo, arg)
  if not me.co then
    while not me.woken do turn_outside() end
  elseif not me.woken and not me.interrupted then
    me.undo, me.undo_arg = undo, arg
    coroutine.yield()
    me.undo, me.undo_arg = nil, nil
  end
  local value, why = me.value, me.interrupted
  me.woken, me.value = nil, nil
  if why then
    me.interrupted = nil
    if undo then undo(arg) end
    error(why, 0)
  end
  return value
end

---Waits for a time.
---@param ms number
function M.sleep(ms)
  local me = M.self()
  local timer = timers.add { at = C.dm_loop_now() + ms, task = me }
  M.park(me, timers.forget, timer)
end

local function give_up(id)
  requests[id] = nil
  C.dm_http_cancel(id)
end

---Makes a request and waits for its end. Raises when it can not even be begun.
---@param request ffi.cdata* struct dm_http_request; its texts must be alive during the call only
---@param body string? the request's, which is kept alive until the end
---@param head boolean? header lines are wanted of a good reply, too
---@return dm.Ended
function M.request(request, body, head)
  request.body, request.body_bytes, request.body_stays = body, body and #body or 0, 1
  local id = C.dm_http_start(request, err)
  if id < 0 then error(ffi.string(err.text), 0) end
  local me = M.self()
  requests[id], bodies[id], with_head[id] = me, body or false, head or nil
  under_way = under_way + 1
  return M.park(me, give_up, id)
end

---How many requests are under way.
---@return integer
function M.under_way()
  return under_way
end

-- Coroutines whose tasks have ended, for the next ones: their stacks have grown to what a task needs.
local spare, MOST_SPARE = {}, 16384

---What a coroutine does: one task after another.
local function go_round(task, run)
  while true do
    run(task)
    task.ended = true
    task, run = coroutine.yield()
  end
end

local function resume(task)
  local before, co = current, task.co
  current = task
  if task.fresh then task.fresh = nil end
  if task.enter then task:enter() end
  local ok, message = coroutine.resume(co, task, task.run)
  current = before
  local ended = task.ended or not ok
  if task.ended and #spare < MOST_SPARE then spare[#spare + 1] = co end
  if ended then task.ended, task.run = true, nil end
  if ended and task.free then free = free - 1 end
  if task.leave then task:leave(ended) end
  if not ok then error(message, 0) end
end

local function take_coroutine(task, run)
  local n = #spare
  task.co, task.run, task.ended = spare[n] or coroutine.create(go_round), run, nil
  spare[n] = nil
end

---Begins a task, which runs until it waits for the first time.
---@param task dm.Task a table with what the hooks need
---@param run fun(task: dm.Task) its errors are errors of who runs the loop
function M.begin(task, run)
  take_coroutine(task, run)
  resume(task)
end

---Begins a task that goes on while code outside of tasks waits; it runs when the loop does for the first time.
---@param task dm.Task as M.begin's
---@param run fun(task: dm.Task) as M.begin's
function M.start(task, run)
  take_coroutine(task, run)
  task.fresh, task.free = true, true
  free = free + 1
  ready:push(task)
end

---Lets go of a task of M.start: it does not go on any more, and what it waits for is taken back.
---@param task dm.Task one that does not run now and has not ended
function M.abandon(task)
  if task.undo then task.undo(task.undo_arg) end
  task.fresh, task.woken, task.interrupted, task.free = nil, nil, nil, nil
  free = free - 1
end

---Goes on with what has come; waits for it up to so long when nothing has.
---@param ms number
function M.step(ms)
  M.collect(ms)
  while ready.n > 0 do
    local task = ready:pop()
    local can_go_on = task.woken or task.interrupted or task.fresh
    if can_go_on and not task.ended then resume(task) end
  end
end

---Runs the event loop until all tasks of M.start have ended and nothing is left to come. Raises when tasks are left
---that nothing can wake.
function M.finish()
  while free > 0 or not is_idle() do turn_outside() end
end

return M
