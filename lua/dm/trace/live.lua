-- Rows that are kept current: loaded once, traced again after every save, and compared with the save before.
local client_module = require "dm.trace.client"
local fault_module = require "dm.trace.fault"
local outcomes = require "dm.trace.outcomes"
local row_id = require "dm.row_id"
local rows_module = require "dm.trace.rows"

local M = {}

---Milliseconds that a row and loading may take while somebody waits for the screen.
local ROW_TIME, LOAD_TIME = 2000, 5000

local CHUNK, MOST_BYTES = 64, 256 * 1024 * 1024

---@class dm.Live
---@field client dm.TraceClient
---@field inputs string[]
---@field options { limit: integer, sampled: ffi.cdata*|number }
---@field rows { name: string, row: dm.FedRow }[]? nil: not read yet
---@field good table? of the client: the last good version
---@field outcomes dm.Outcome[] of that version
---@field first boolean? nothing was traced before them
---@field fault dm.Fault? why what lies on disk is not what is shown
---@field change dm.Change? since the save before
---@field made string[] what was made anew by the last save
local Live = {}
Live.__index = Live

---@param spec dm.LoadSpec
---@param inputs string[]
---@param options { limit: integer, sampled: ffi.cdata*|number }
---@return dm.Live
function M.new(spec, inputs, options)
  local client = client_module.new(spec)
  client.row_time, client.load_time = ROW_TIME, LOAD_TIME
  return setmetatable({ client = client, inputs = inputs, options = options, outcomes = {}, made = {} }, Live)
end

---Reads the rows, once.
---@param info table what Client:load gave
function Live:read_rows(info)
  local sources, bytes = rows_module.sources(self.inputs, info, self.options.sampled), 0
  local name, next_row = rows_module.DEMO, rows_module.text(rows_module.demo(info.examples))
  self.rows = {}
  if sources then name, next_row = sources() end
  while name and #self.rows < self.options.limit and bytes < MOST_BYTES do
    local row = next_row()
    if row then
      self.rows[#self.rows + 1] = { name = name, row = row }
      bytes = bytes + #row.text
    else
      if not sources then break end
      name, next_row = sources()
    end
  end
end

---@param i integer
---@return string id of row i
function Live:id(i)
  return row_id.of(self.rows[i].name, self.rows[i].row.offset)
end

---Rows from `from` on that are of one file, as many as are sent at a time.
local function chunk_at(self, from)
  local name, list, bytes = self.rows[from].name, {}, 0
  while #list < CHUNK and bytes < rows_module.CHUNK_BYTES do
    local at = self.rows[from + #list]
    if not at or at.name ~= name then break end
    list[#list + 1] = at.row
    bytes = bytes + #at.row.text
  end
  return name, list
end

---A worker's end over a row, as an error like any other.
local function lost_fault(lost, info)
  local op = info.ops[lost.op]
  if not op then return fault_module.new(("%s, on row %s"):format(lost.reason, lost.row)) end
  local fault = fault_module.new(("%s: %s, on row %s"):format(op.name, lost.reason, lost.row))
  fault.at, fault.path = lost.steps[1].fault.at, lost.steps[1].fault.path
  return fault
end

---Traces all rows.
---@return dm.Outcome[]? list
---@return dm.Fault? fault
local function trace_all(self)
  local list, at = {}, 1
  while at <= #self.rows do
    local name, chunk = chunk_at(self, at)
    local answer, lost, upto = self.client:rows { name = name, rows = chunk, full = false }
    if lost then return nil, lost_fault(lost, self.client.info) end
    for _, digest in ipairs(answer.records) do list[#list + 1] = outcomes.parse(digest) end
    at = at + (upto or #chunk)
  end
  return list
end

---What was at fault: an operator's name, or a file.
local function culprit(fault, info)
  local path = fault_module.place(fault)
  for _, op in ipairs(info.ops) do
    if op.path == path then return op.name end
  end
  return path
end

---Loads what has changed and traces all rows with it.
---@return dm.Outcome[]? list
---@return table|dm.Fault of the client, or why there is no list
local function attempt(self, changed)
  local info, fault = self.client:load(changed)
  if not info then return nil, fault end
  if not self.rows then self:read_rows(info) end
  local list
  list, fault = trace_all(self)
  if not list then self.client:drop() end
  return list, list and info or fault
end

---Brings everything up to date. The last good version stays when that fails.
---@param changed string[]
---@param interrupted fun(): boolean whether to give up: something newer is there
---@return boolean finished false when interrupted
function Live:update(changed, interrupted)
  local client, good = self.client, self.good
  client.interrupted = interrupted
  local ok, list, info = pcall(attempt, self, changed)
  client.interrupted = nil
  if not list or not ok then client.info = good end
  if not ok then
    if list ~= client_module.INTERRUPTED then error(list, 0) end
    return false
  end
  if not list then
    self.fault = info
    return true
  end
  self.made = #info.made > 0 and info.made or { self.fault and culprit(self.fault, info) or changed[1] }
  self.fault, self.good = nil, info
  self.change = outcomes.compare(self.outcomes, list)
  self.first, self.outcomes = #self.outcomes == 0, list
  return true
end

---How many rows have each outcome now.
---@return table<string, integer>
function Live:count()
  return outcomes.count(self.outcomes)
end

---What every operator did to row i, with the last good version.
---@param i integer
---@return dm.Record?
function Live:record(i)
  local answer, lost = self.client:rows { name = self.rows[i].name, rows = { self.rows[i].row }, full = true }
  local record = answer.records[1]
  if record then record.unsteady = not outcomes.is_same(self.outcomes[i], record) end
  return record or lost
end

return M
