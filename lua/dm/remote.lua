-- One operator on one sample in a worker: a process that may crash without harm to the script that asks, here or, with
-- an engine, on another node (dm.remote.pool).
-- dm.remote(operator, params, sample) gives a task; its `await` gives what the operator's `execute` gives.
local json = require "dm.json"
local machine = require "dm.machine"
local params = require "dm.params"
local process = require "dm.process"
local sample = require "dm.sample"
local scheduler = require "dm.scheduler"
local wait = require "dm.wait"

local M = {}

---What a call may be given.
---@type dm.Param[]
M.OPTIONS = {
  { "engine", "any", default = "local", doc = "what starts the workers, as the pipeline's `engine` says it" },
  { "timeout", "string|number", default = "5min", doc = "the longest that it may take" },
}

---A worker: a process that does one thing after another.
---@class dm.RemoteWorker
---@field id integer its process
---@field task dm.Task? who waits for its answer
---@field heard string what it has said of an answer
---@field ended string? why it has

---@class dm.RemoteTask
---@field id string
---@field tasks dm.TaskScheduler whose task it is
---@field ask fun(request: table): table has a worker answer
---@field result any[]? what it gave
---@field error string? why it gave nothing
local RemoteTask = {}
RemoteTask.__index = RemoteTask

local idle = {} ---@type dm.RemoteWorker[]
local calls = 0
local here      ---@type dm.TaskScheduler of calls that are answered here

-- Results belong to who asked; the scheduler needs to remember none.
local REMEMBERED = 1000

local SERVE = 'os.exit(require("dm.remote.worker").serve(), true)'

---@return dm.RemoteWorker
local function start_worker()
  local worker = { heard = "" }
  local command = process.settle({ "/proc/self/exe", "lua", "-e", SERVE }, { grace = 0 })
  worker.id = process.start_channel(command, function(said)
    worker.heard = worker.heard .. said
    local line = worker.heard:match "^([^\n]*)\n"
    if line and worker.task then wait.wake(worker.task, line) end
  end, function(ended)
    worker.ended = process.failure(ended) or "it ended"
    if worker.task then wait.wake(worker.task, false) end
  end)
  return worker
end

---@return dm.RemoteWorker
local function take_worker()
  while idle[1] do
    local worker = table.remove(idle)
    if not worker.ended then return worker end
  end
  return start_worker()
end

---Has a worker answer a request. Raises when it ends instead.
local function ask_here(request)
  local worker = take_worker()
  worker.task, worker.heard = wait.self(), ""
  process.tell(worker.id, json.encode(request) .. "\n")
  local line = wait.park(worker.task, process.stop, worker.id)
  worker.task = nil
  if not line then error("the worker " .. (worker.ended:gsub("^ended by", "was ended by")), 0) end
  idle[#idle + 1] = worker
  return json.decode(line)
end

---What `execute` gave, out of a worker's answer.
local function result_of(answer)
  if answer.error then error(answer.error, 0) end
  if answer.kept ~= nil then return { answer.kept, answer.reason } end
  local list = {}
  for i, text in ipairs(answer.samples) do list[i] = sample.parse(text) end
  return { answer.kind == "slicer" and list or list[1] }
end

---Who answers calls on an engine.
---@return dm.TaskScheduler
---@return fun(request: table): table
local function find_workers(engine)
  if engine == "local" or type(engine) == "table" and engine[1] == "local" then
    here = here or scheduler.TaskScheduler { max_concurrent = machine.processors(), keep_finished = REMEMBERED }
    return here, ask_here
  end
  local pool = require("dm.remote.pool").of(engine, REMEMBERED)
  return pool.tasks, function(request) return pool:ask(request) end
end

---Runs an operator on a sample in a worker, beside others.
---@param operator string its name
---@param given table? its parameters
---@param input dm.Sample|table
---@param options table? as M.OPTIONS declares them
---@return dm.RemoteTask
function M.remote(operator, given, input, options)
  local values, wrong = params.check(M.OPTIONS, options or {}, sample.null)
  if not values then error("dm.remote " .. wrong, 2) end
  if type(operator) ~= "string" then error("dm.remote takes the name of an operator", 2) end
  local request = { op = operator, params = sample.json(given or {}), sample = sample.json(input) }
  calls = calls + 1
  local self = setmetatable({ id = "remote " .. calls }, RemoteTask)
  self.tasks, self.ask = find_workers(values.engine)
  self.tasks:submit(self.id, { function() self:run(request) end, timeout = values.timeout, grace = 0 })
  return self
end

---Makes the call, in a task of the scheduler.
---@param request table op, params, sample
function RemoteTask:run(request)
  local ok, result = pcall(function() return result_of(self.ask(request)) end)
  if not ok then
    self.error = tostring(result)
    error(result, 0)
  end
  self.result = result
end

---Waits for what the operator's `execute` gives: a Mapper's sample, a Slicer's list of samples, a Filter's answer and
---reason. Raises what the operator raised, and when its worker ended.
---@param timeout number|string|nil seconds, or "500ms", "2min"; nil: as long as it takes
---@return any
---@return string? reason
function RemoteTask:await(timeout)
  if not self.result and not self.error then
    local ended, why = self.tasks:wait_for_task(self.id, timeout)
    if not ended then error(why, 0) end
    self.error = ended.error
  end
  if self.error then error(self.error, 0) end
  return self.result[1], self.result[2]
end

---@return dm.TaskResult? nil when it is long over
function RemoteTask:status()
  return self.tasks:get_task_status(self.id)
end

---Ends it, with its worker.
---@return boolean false: it has ended
function RemoteTask:cancel()
  return self.tasks:cancel_task(self.id)
end

return M
