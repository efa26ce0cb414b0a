-- The process of the user's Data-Juicer: one beside each process of ours that takes rows through its operators. Rows
-- wait in a queue for each operator; while one batch is under way the next gathers. A process that dies or does not
-- answer in time is started again, and the rows that it had are taken through alone, so that only the row that did it
-- is lost.
local coprocess = require "dm.coprocess"
local embedded = require "dm.embedded"
local ffi = require "ffi"
local raised = require "dm.raised"
local sample = require "dm.sample"
local wait = require "dm.wait"

local C = ffi.C

local M = {}

-- A batch is as large as can be answered within this time, and no larger than that; so many are under way.
local TARGET_MS, MOST_ROWS, MOST_BYTES, DEPTH = 200, 256, 4 * 1024 * 1024, 2
-- How often a process may die without an answer in between, and how often a row may be in one that was killed by
-- somebody else.
local MOST_DEATHS, MOST_KILLS = 3, 3
-- Milliseconds for what is no row: imports, models. Many operators load theirs when they see the first row.
local PATIENCE, FIRST_MS = 3600 * 1000, 600 * 1000

---A row on its way.
---@class dm.PeerJob
---@field text string
---@field task dm.Task
---@field alone boolean? it goes in a batch of its own: one that it was in was lost
---@field kills integer? how often that was by a SIGKILL of somebody else

---An operator as the process knows it.
---@class dm.PeerQueue
---@field key string
---@field make string the request that makes it
---@field made boolean? the present process has it
---@field warm boolean? and has had a row for it
---@field load_ms number? how long the first row took in a process before, models included
---@field row_ms number longest time of a row
---@field most integer rows in a batch
---@field size number rows in the next batch
---@field jobs dm.PeerJob[] from `first` to `last`
---@field first integer
---@field last integer

---@class dm.PeerBatch
---@field jobs dm.PeerJob[]? nil: no rows
---@field queue dm.PeerQueue?
---@field answer fun(reply: ffi.cdata*)? for what is no batch of rows
---@field began number
---@field limit number|false milliseconds in which it is to be answered
---@field first boolean? the operator's first in this process

local host        -- dm.Coprocess, while there is one
local queues = {} ---@type dm.PeerQueue[]
local turn = 0    -- the queue that was served last
local batches = {} ---@type dm.PeerBatch[] under way, in order
local timer       -- of the first of them
local deaths = 0  -- without an answer in between
local late = false -- we killed it

local function queue_of_next()
  for i = 1, #queues do
    local queue = queues[(turn + i - 1) % #queues + 1]
    if queue.first <= queue.last then
      turn = (turn + i - 1) % #queues + 1
      return queue
    end
  end
end

---Takes rows off a queue for one batch.
local function take(queue)
  local jobs, most, bytes = {}, math.max(1, math.floor(queue.size)), 0
  repeat
    local job = queue.jobs[queue.first]
    if job.alone and #jobs > 0 then break end
    jobs[#jobs + 1] = job
    bytes = bytes + #job.text
    queue.jobs[queue.first] = nil
    queue.first = queue.first + 1
  until job.alone or #jobs == most or bytes >= MOST_BYTES or queue.first > queue.last
  return jobs
end

local watch

local function send(batch, text)
  batch.began = C.dm_loop_now()
  batches[#batches + 1] = batch
  host.busy = true
  host:send(text)
  if #batches == 1 then watch() end
end

---Has the process killed when the first batch is not answered in time.
function watch()
  if timer then wait.forget(timer) end
  timer = nil
  local batch = batches[1]
  if not batch or not batch.limit then return end
  timer = wait.after(batch.limit, function()
    timer, late = nil, true
    host:kill()
  end)
end

---Has everybody who waits raise an error.
local function give_up(message)
  local problem = raised.ending(message)
  local function fail(job) wait.wake(job.task, { fatal = problem }) end
  for _, batch in ipairs(batches) do
    for _, job in ipairs(batch.jobs or {}) do fail(job) end
    if batch.answer then batch.answer(nil, message) end
  end
  for _, queue in ipairs(queues) do
    for i = queue.first, queue.last do fail(queue.jobs[i]) end
    queue.jobs, queue.first, queue.last = {}, 1, 0
  end
  batches = {}
end

local function send_make(queue)
  queue.made = true
  send({ limit = PATIENCE, answer = function(reply)
    if reply and reply.failed then
      give_up(("operator %s can not be made by Data-Juicer: %s"):format(queue.name, reply.failed))
    end
  end }, queue.make)
end

local function send_rows(queue)
  local jobs, lines = take(queue), {}
  lines[1] = ('{"run":"%s","rows":%d}'):format(queue.key, #jobs)
  for i, job in ipairs(jobs) do lines[i + 1] = job.text end
  local first = not queue.warm
  local spare = first and (queue.load_ms and 2 * queue.load_ms or FIRST_MS) or 0
  queue.warm = true
  send({ jobs = jobs, queue = queue, first = first, limit = queue.row_ms + spare }, table.concat(lines, "\n"))
end

---Whether a batch is under way that nothing may be behind, because its row may be the one that is at fault.
local function is_exclusive()
  local last = batches[#batches]
  return last and last.jobs and last.jobs[1].alone
end

local function pump()
  while host and #batches < DEPTH and not is_exclusive() do
    local queue = queue_of_next()
    if not queue then return end
    if #batches > 0 and queue.jobs[queue.first].alone then return end
    if not queue.made then send_make(queue) end
    send_rows(queue)
  end
end

---Adapts how many rows go together to how long the last ones took.
local function adapt(batch)
  local ms = math.max(0.01, C.dm_loop_now() - batch.began)
  local fits = #batch.jobs * TARGET_MS / ms
  if batch.first then
    batch.queue.load_ms = ms
    return
  end
  batch.queue.size = math.max(1, math.min(batch.queue.most, fits, batch.queue.size * 2))
end

local function on_line(line)
  local batch = table.remove(batches, 1)
  if not batch then return end -- of one that was given up
  local reply = sample.parse(line)
  deaths = 0
  if batches[1] then batches[1].began = C.dm_loop_now() end
  host.busy = #batches > 0
  if batch.answer then
    batch.answer(reply)
  else
    adapt(batch)
    for i, job in ipairs(batch.jobs) do wait.wake(job.task, { reply = reply, number = i }) end
  end
  watch()
  pump()
end

---Puts the rows of a batch back before those that wait.
local function put_back(batch)
  local queue = batch.queue
  for i = #batch.jobs, 1, -1 do
    queue.first = queue.first - 1
    queue.jobs[queue.first] = batch.jobs[i]
  end
end

---What becomes of the rows that the process was at when it died: a row that was alone is at fault.
local function after_death(first, how, killed_by_others)
  local job = first.jobs[1]
  if #first.jobs == 1 and job.alone then
    job.kills = (job.kills or 0) + 1
    if not killed_by_others or job.kills == MOST_KILLS then
      wait.wake(job.task, { lost = how })
      deaths = 0
      return
    end
  end
  for _, each in ipairs(first.jobs) do each.alone = true end
  first.queue.size = 1
  put_back(first)
end

local start

local function on_end(ended)
  local how, first = coprocess.describe(ended), batches[1]
  if late then
    local ms = first.queue and first.queue.row_ms or PATIENCE
    how = ("did not answer within %g s and was killed"):format(ms / 1000)
  end
  local by_others = ended.signal == 9 and not late
  host, late, deaths = nil, false, deaths + 1
  if timer then wait.forget(timer) end
  timer = nil
  for _, queue in ipairs(queues) do queue.made, queue.warm = nil, nil end
  if deaths >= MOST_DEATHS or not first or not first.jobs then
    return give_up("the process of Data-Juicer " .. how)
  end
  for i = #batches, 2, -1 do
    if batches[i].jobs then put_back(batches[i]) end
  end
  batches = {}
  after_death(first, how, by_others)
  start(M.python)
  pump()
end

function start(python)
  local program = embedded.read "lua/dm/datajuicer/corpus.py" .. embedded.read "lua/dm/datajuicer/serve.py"
  host = coprocess.start({ python, "-c", program, tostring(C.getpid()) }, on_line, on_end)
end

---Starts the process when there is none.
---@param python string the interpreter
local function ensure(python)
  M.python = python
  if host then return end
  deaths = 0
  start(python)
end

---Asks for something that is no row, outside of tasks or in one. Raises when the process dies of it.
---@param python string the interpreter
---@param request table
---@param limit (number|false)? milliseconds that it may take, false: as long as it takes; default: an hour
---@return ffi.cdata* reply a sample
function M.ask(python, request, limit)
  ensure(python)
  local me = wait.self()
  local function answer(reply, why) wait.wake(me, { reply = reply, why = why }) end
  send({ limit = limit == nil and PATIENCE or limit, answer = answer }, sample.json(request))
  local value = wait.park(me)
  if not value.reply then error(value.why, 0) end
  return value.reply
end

---Kills the process, whatever it is at.
function M.kill()
  if host then host:kill() end
end

---Ends the process; rows that come later start another.
function M.stop()
  if not host then return end
  local me = wait.self()
  host.on_end = function() wait.wake(me, true) end
  host.busy = true
  host:kill()
  host = nil
  for _, queue in ipairs(queues) do queue.made, queue.warm = nil, nil end
  wait.park(me)
end

---Makes an operator known. It is made in the process when its first row comes.
---@param name string
---@param params table
---@param paths string[] of the user's Python files
---@return dm.PeerQueue
function M.operator(name, params, paths)
  local key = tostring(#queues + 1)
  local queue = { key = key, name = name, row_ms = PATIENCE, most = MOST_ROWS, size = 1, jobs = {}, first = 1,
    last = 0, make = sample.json { make = key, name = name, params = params, paths = sample.array(paths) } }
  if type(params.batch_size) == "number" then queue.most = math.max(1, math.min(MOST_ROWS, params.batch_size)) end
  queues[#queues + 1] = queue
  return queue
end

local pumping

---Takes a row through an operator. Raises when the row can not be, or when the process is of no more use.
---@param queue dm.PeerQueue
---@param python string
---@param text string the row
---@return ffi.cdata* reply a sample; it lives for as long as this value
---@return integer number of the row's outcome in reply.rows
function M.run(queue, python, text)
  ensure(python)
  if not pumping then
    wait.before_wait(pump)
    pumping = true
  end
  local me = wait.self()
  queue.last = queue.last + 1
  queue.jobs[queue.last] = { text = text, task = me }
  local value = wait.park(me)
  if value.fatal then error(value.fatal, 0) end
  if value.lost then error("the process of Data-Juicer " .. value.lost, 0) end
  return value.reply, value.number
end

return M
