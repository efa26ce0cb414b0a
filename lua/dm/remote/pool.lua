-- dm.remote on an engine. `dmhost remote-pool`, a process beside the script, asks the engine for worker hosts and hands
-- calls to their workers: M.of is the script's side, M.prepare that process's.
local ffi = require "ffi"
local engine = require "dm.cli.engine"
local json = require "dm.json"
local pipeline = require "dm.pipeline"
local process = require "dm.process"
local registry = require "dm.registry"
local sample = require "dm.sample"
local scheduler = require "dm.scheduler"
local sources = require "dm.sources"
local wait = require "dm.wait"
local worker = require "dm.remote.worker"

local C = ffi.C

local M = {}

---@class dm.RemotePool
---@field tasks dm.TaskScheduler
---@field id integer? its process; nil: there is none
---@field lost string? why the last one ended
---@field waiting table<integer, dm.Task> who waits for an answer, by the call's number
---@field calls integer
---@field heard string the beginning of a line that it says
---@field described string what the engine is asked for, as JSON
---@field sent table<string, true> the files of code that its process has got
local Pool = {}
Pool.__index = Pool

local pools = {} ---@type table<string, dm.RemotePool>

-- How long worker hosts get to end by themselves when the script has ended.
local GRACE = "10s"

local kept = {} -- texts that C borrows

local function keep(text)
  kept[#kept + 1] = text
  return text
end

---Enters into the job what a description of an engine says; raises what is wrong with it.
local function set_job(described)
  local limits = pipeline.new({ operators = {} }).limits
  local p = { engine = described, file = "dm.remote", limits = limits, given_limits = {},
    resources = { cpus = 1, gpus = 0, memory = 0 } }
  local job = C.dm_job_get()
  job.settings.memory_bytes = limits.memory
  engine.set(job, p, {}, keep)
  return job
end

---A description of an engine as text, keys in order.
local function describe(described)
  if type(described) ~= "table" then described = { described } end
  local options = {}
  for name, value in pairs(described) do
    if name ~= 1 then options[name] = value end
  end
  return sample.json { name = described[1], options = options }
end

---The pool of an engine, made when it is first asked for.
---@param described string|table as the pipeline's `engine`
---@param remember integer finished calls that its scheduler remembers
---@return dm.RemotePool
function M.of(described, remember)
  local key = describe(described)
  if pools[key] then return pools[key] end
  local job = set_job(described)
  sources.install()
  pools[key] = setmetatable({
    tasks = scheduler.TaskScheduler { max_concurrent = tonumber(job.workers), keep_finished = remember },
    waiting = {}, calls = 0, heard = "", described = key,
  }, Pool)
  return pools[key]
end

---Takes in what its process says: "NUMBER ANSWER" for calls.
---@param said string not always whole lines
function Pool:hear(said)
  local lines = self.heard .. said
  local at = 1
  for number, text, after in lines:gmatch "(%d+) ([^\n]*)\n()" do
    local task = self.waiting[tonumber(number)]
    self.waiting[tonumber(number)] = nil
    if task then wait.wake(task, text) end
    at = after
  end
  self.heard = lines:sub(at)
end

---Its process has ended, and with it all calls.
---@param ended dm.ProcessEnd
function Pool:lose(ended)
  self.id, self.heard = nil, ""
  self.lost = (process.failure(ended) or "it ended"):gsub("^exit status %d+: dmhost: ", "")
  local waiting = self.waiting
  self.waiting = {}
  for _, task in pairs(waiting) do wait.wake(task, false) end
end

---Starts its process.
function Pool:start()
  self.sent = {}
  local command = process.settle({ "/proc/self/exe", "remote-pool" },
    { grace = GRACE, env = { DMHOST_REMOTE = self.described } })
  self.id = process.start_channel(command, function(said) self:hear(said) end, function(ended) self:lose(ended) end)
end

---Tells its process one of the things that are as long as what they are about. Raises when it is too long.
---@param name string of the message
---@param what string what the text is, for people
---@param text string
function Pool:tell(name, what, text)
  local wrong = worker.fault(what, text)
  if wrong then error(wrong, 0) end
  process.tell(self.id, ("%s %s\n"):format(name, text))
end

---Gives its process the code that it has not got yet: it hands each file to each worker once.
function Pool:send_code()
  for _, file in ipairs(sources.snapshot()) do
    if not self.sent[file.path] then
      self:tell("code", file.path, json.encode(file))
      self.sent[file.path] = true
    end
  end
end

---Has a worker answer a call. Raises when the pool ends instead.
---@param request table op, params and sample, as dm.remote.worker takes them
---@return table answer
function Pool:ask(request)
  local class, wrong = registry.get(request.op)
  if not class then error(wrong, 0) end
  if not self.id then self:start() end
  self:send_code()
  self.calls = self.calls + 1
  local number, me = self.calls, wait.self()
  self:tell(number, "the call", json.encode(request))
  self.waiting[number] = me
  local line = wait.park(me, function()
    self.waiting[number] = nil
    if self.id then process.tell(self.id, number .. "\n") end
  end)
  if not line then error("the engine's workers have ended: " .. self.lost, 0) end
  local answer = json.decode(line)
  if answer.lost then error(request.op .. " " .. answer.lost, 0) end
  return answer
end

---The script has ended: worker hosts do, too.
function M.close_all()
  for _, pool in pairs(pools) do
    if pool.id then process.stop(pool.id) end
    while pool.id do wait.collect(100) end
  end
end

---Sets the job up in the process that serves a script's calls.
---@return integer status
function M.prepare()
  local given = json.decode(os.getenv "DMHOST_REMOTE" or "{}")
  local described = given.options or {}
  described[1] = given.name
  local job = set_job(described)
  job.settings.plan = '{"calls":true}'
  return 0
end

return M
