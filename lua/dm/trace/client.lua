-- A session's side of tracing: asks the worker that traces, and replaces it when it crashes, hangs or outgrows its
-- memory.
local ffi = require "ffi"
local buffer = require "string.buffer"
local fault = require "dm.trace.fault"
local hints = require "dm.problem.hints"
local row_id = require "dm.row_id"
local session = require "dm.trace.session"
local units = require "dm.units"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {}

---The longest that a row and that loading may take while a person waits, unless the pipeline says so itself; in ms.
local ROW_TIME, LOAD_TIME = 5000, 15000

---What is raised when an answer is not waited for any longer, since something newer has come up.
M.INTERRUPTED = {}

---Pattern of the reason of rows that took too long.
M.SLOW = "^took longer than"

---The longest that finding the line of an endless loop may take; in ms.
local PROBE_TIME = 5000

---@class dm.TraceClient
---@field spec dm.LoadSpec
---@field info table? what is loaded: ops, input, limits, files, sources
---@field files string[]? all on which the last attempt to load hung
---@field limits table memory and row_size in bytes, depth; row_time_given: the pipeline says how long a row may take
---@field runs boolean there is a worker that can be asked
---@field pending dm.Event[] what happened while an answer was waited for
---@field row_time number ms
---@field load_time number ms
---@field interrupted fun(): boolean? asked when something has happened while an answer is waited for; true: it is not
---@field slow { op: integer, at: dm.Place? }? the operator that last took too long, and where
local Client = {}
Client.__index = Client

local DEFAULT_LIMITS = { memory = units.bytes "2GiB", row_size = units.bytes "32MiB", depth = 512 }

---@param spec dm.LoadSpec
---@return dm.TraceClient
function M.new(spec)
  return setmetatable({ spec = spec, pending = {}, limits = DEFAULT_LIMITS, runs = false,
    row_time = ROW_TIME, load_time = LOAD_TIME }, Client)
end

---Starts a worker, in place of the one that runs.
function Client:start()
  local s = ffi.new "struct dm_settings"
  s.plan, s.folder, s.shard_folder, s.shard_name, s.op_names = "", "", "", "", ""
  s.memory_bytes, s.row_bytes, s.row_depth = self.limits.memory, self.limits.row_size, self.limits.depth
  if C.dm_session_tracer(s, err) < 0 then error(ffi.string(err.text), 0) end
  self.runs = true
end

local EXIT_INTERRUPTED = 130

---The next answer, or the loss of the worker; what else happens is kept. Whoever wants to end does not wait for it:
---raises { stop = exit status }, or M.INTERRUPTED.
---@return dm.Event
local function wait(self)
  while true do
    local event = session.next()
    if event.kind == C.DM_EVENT_REPLY or event.kind == C.DM_EVENT_LOST then return event end
    if event.kind == C.DM_EVENT_SIGNAL then error({ stop = EXIT_INTERRUPTED }, 0) end
    local quits = event.kind == C.DM_EVENT_KEY and event.text:find "[q\3\4]"
    if quits or event.kind == C.DM_EVENT_CLOSED then error({ stop = 0 }, 0) end
    self.pending[#self.pending + 1] = event
    if self.interrupted and self.interrupted() then
      self.runs = false
      error(M.INTERRUPTED, 0)
    end
  end
end

---@return table? answer
---@return dm.Event? lost the worker's end
local function ask(self, request)
  if not self.runs then self:start() end
  local text = buffer.encode(request)
  local limit = self.limits.row_time_given and self.limits.row_time or self.row_time
  if request.probe then limit = math.max(limit, PROBE_TIME) end
  if C.dm_session_ask(text, #text, limit, self.load_time, err) < 0 then error(ffi.string(err.text), 0) end
  local event = wait(self)
  if event.kind == C.DM_EVENT_REPLY then return buffer.decode(event.text) end
  self.runs = false
  return nil, event
end

local function same_limits(a, b)
  return a.memory == b.memory and a.row_size == b.row_size and a.depth == b.depth
end

---Where the code was that took too long: does it again in a worker that can be asked. Loops within C can not.
---@return dm.Place?
local function probe(self, request, lost)
  if not lost.text:find(M.SLOW) then return nil end
  request.probe = true
  if request.ask == "rows" and not self:revive() then return nil end
  local answer = ask(self, request)
  self.runs = false -- it compiles nothing
  local record = answer and answer.records and answer.records[1]
  local step = record and record.steps[#record.steps]
  local found = answer and answer.fault or step and step.fault
  return found and found.at
end

---The worker's end while it loaded, as a fault.
local function load_fault(self, request, lost)
  local f = fault.new(("loading %s %s"):format(self.spec.target, lost.text), self.spec.target)
  f.at = probe(self, request, lost)
  f.next = lost.text:find(M.SLOW) and "is it an endless loop?" or hints.of(lost.text)
  if f.at then f.path = nil end
  return f
end

---Loads what the spec names, or brings it up to date.
---@param changed string[]? files that have changed since
---@return table? info
---@return dm.Fault? why not
function Client:load(changed)
  if self.info then self:revive() end
  self.slow = nil
  local request = { ask = "load", spec = self.spec, changed = changed or {} }
  local answer, lost = ask(self, request)
  if not answer then return nil, load_fault(self, request, lost) end
  if answer.fault then
    self.files = answer.files
    return nil, fault.received(answer.fault)
  end
  local before = self.limits
  self.limits, self.info, self.files = answer.limits, answer, answer.files
  if same_limits(before, self.limits) then return answer end
  self:start()
  answer, lost = ask(self, request)
  if not answer then return nil, load_fault(self, request, lost) end
  return answer.fault == nil and answer or nil, fault.received(answer.fault)
end

---Has the next request answered by a worker that has loaded what self.info says.
function Client:drop()
  self.runs = false
end

---Starts a worker that has loaded what self.info says, whatever the disk holds now.
---@return boolean
function Client:revive()
  if self.runs then return true end
  local good = {}
  for k, v in pairs(self.spec) do good[k] = v end
  good.sources = self.info.sources
  local answer = ask(self, { ask = "load", spec = good })
  return answer ~= nil and answer.fault == nil
end

---Where rows stand that were sent and did not come back.
local function find_row(rows, offset)
  for i, row in ipairs(rows) do
    if row.offset == offset then return i end
  end
end

---Where an operator took too long over a row. It is looked for once: the next row will be no different.
local function find_slow(self, request, lost, row)
  if not lost.text:find(M.SLOW) then return nil end
  if not self.slow or self.slow.op ~= lost.op then
    self.slow = { op = lost.op,
      at = probe(self, { ask = "rows", name = request.name, rows = { row }, full = true }, lost) }
  end
  return self.slow.at
end

---What the worker's end says of the row that it was at.
local function lost_record(self, request, lost, row)
  local op = self.info.ops[lost.op + 1]
  local what = fault.new(lost.text, op and op.path)
  what.at, what.next = find_slow(self, request, lost, row), hints.of(lost.text)
  if what.at then what.path = nil end
  return { row = row_id.of(request.name, row.offset), outcome = "rejected", op = lost.op + 1,
    reason = lost.text, input = row.text, lost = true, touched = { lost.op + 1 },
    steps = { { op = lost.op + 1, outcome = "rejected", reason = lost.text,
      fault = what } } }
end

local OUTSIDE = "an operator that replaces what all code uses (table.insert, string.format) or closes descriptors that "
  .. "are not its own takes the worker along"

---What a worker's end says that came when operators were through with a row.
local function outside_record(request, lost, row)
  local said = lost.text:gsub("^[^\n:]+:%d+: ", ""):match "^[^\n]*"
  local what = fault.new("behind the operators: " .. said)
  what.next = said:find "^needed more" and hints.of(said) or OUTSIDE
  return { row = row_id.of(request.name, row.offset), outcome = "rejected", op = 0, reason = what.what,
    input = row.text, lost = true, touched = {}, steps = {}, fault = what }
end

---The answer of no worker.
local function nothing()
  return { records = {}, at = {}, failures = 0 }
end

---The answer of a worker that --where has ended.
local function of_where(request, lost)
  local answer = nothing()
  answer.where_fault = ("--where:1: %s, on row %s"):format(lost.text, row_id.of(request.name, lost.row))
  return answer
end

---The worker ended, and no operator was at a row: rows go one by one, so that it is seen which it was.
local function rows_apart(self, request, lost)
  if #request.rows == 1 then return nothing(), outside_record(request, lost, request.rows[1]), 1 end
  local one = {}
  for k, v in pairs(request) do one[k] = v end
  one.rows = { request.rows[1] }
  local answer, record = self:rows(one)
  return answer, record, 1
end

---Traces rows. When the worker is lost over one of them, `lost` is its record.
---@param request table name, rows, full, where, most, save
---@return table answer
---@return dm.Record? lost
---@return integer? at rows behind this one were not traced
function Client:rows(request)
  request.ask = "rows"
  if not self:revive() then error(("%s could be loaded once, but not again"):format(self.spec.target), 0) end
  local answer, lost = ask(self, request)
  if answer then
    if answer.read then
      self.files, self.info.files, self.info.sources = answer.read.files, answer.read.files, answer.read.sources
    end
    return answer
  end
  if lost.op == C.DM_AT_WHERE then return of_where(request, lost) end
  local at = lost.op >= 0 and find_row(request.rows, lost.row)
  if not at then return rows_apart(self, request, lost) end
  local before = {}
  for i = 1, at - 1 do before[i] = request.rows[i] end
  local rest = { name = request.name, full = request.full, where = request.where, most = request.most,
    save = request.save, rows = before }
  local record = lost_record(self, request, lost, request.rows[at])
  if at == 1 then return nothing(), record, at end
  answer = self:rows(rest)
  return answer, record, at
end

return M
