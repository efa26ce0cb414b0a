-- A look at some rows of a source: they go through the tracer, a few at a time and in their order; one that ends the
-- worker is told like any other.
local client_module = require "dm.trace.client"
local rows_module = require "dm.trace.rows"
local sources = require "dm.sources"

local M = {}

local function chunk_of(next_row, most)
  local list, bytes = {}, 0
  while #list < most and bytes < rows_module.CHUNK_BYTES do
    local row = next_row()
    if not row then break end
    list[#list + 1] = row
    bytes = bytes + #row.text
  end
  return list
end

local function rest_of(list, from)
  local rest = {}
  for i = from, #list do rest[#rest + 1] = list[i] end
  return rest
end

---@class dm.Look
---@field client dm.TraceClient
---@field request table name, full, where, save: see Client:rows
---@field most integer rows that are wanted
---@field chunk integer rows that are sent at a time
---@field tell fun(record: dm.Record|string): boolean? called with each; true ends the look
---@field read integer rows that were looked at
---@field failures integer rows for which --where raised
---@field failure string? what it raised first
---@field slow integer? operator that took too long over a row
---@field stopped string? why rows that are wanted were not looked at

---Whether more rows would only be waited for: an operator took too long over a second one.
local function is_hopeless(look, lost)
  if not lost or not lost.reason:find(client_module.SLOW) then return false end
  if look.slow == lost.op then
    local op = look.client.info.ops[lost.op]
    look.stopped = ("two rows %s%s: the others are not tried"):format(lost.reason, op and " in " .. op.name or "")
    return true
  end
  look.slow = lost.op
  return false
end

---One chunk; goes on behind a row that ended the worker. Returns true when no more is wanted.
local function trace_chunk(look, list)
  while #list > 0 do
    local request = { rows = list, most = look.most }
    for k, v in pairs(look.request) do request[k] = v end
    local answer, lost, at = look.client:rows(request)
    if answer.where_fault then
      sources.restore { { path = "--where", text = look.request.where } }
      error(answer.where_fault, 0)
    end
    look.failures = look.failures + answer.failures
    look.failure = look.failure or answer.failure
    if lost then table.insert(answer.records, lost) end
    for _, record in ipairs(answer.records) do
      look.most = look.most - 1
      if look.tell(record) or look.most == 0 then return true end
    end
    if is_hopeless(look, lost) then return true end
    list = rest_of(list, at and at + 1 or #list + 1)
  end
  return false
end

---Traces the rows of a source.
---@param look dm.Look
---@param next_row fun(): dm.FedRow?
function M.run(look, next_row)
  look.read, look.failures = look.read or 0, look.failures or 0
  repeat
    local list = chunk_of(next_row, math.min(look.chunk, look.request.where and look.chunk or look.most))
    look.read = look.read + #list
  until #list == 0 or trace_chunk(look, list)
end

---The record of an id: this one, or one of its children.
---@param record dm.Record
---@param id string
---@return dm.Record?
function M.find(record, id)
  if record.row == id then return record end
  for _, child in ipairs(record.children or {}) do
    local found = M.find(child, id)
    if found then return found end
  end
end

---Traces one row. Raises when nothing has that id.
---@param client dm.TraceClient
---@param name string of its file
---@param row dm.FedRow
---@param id string its own, or of a child of it
---@param request table? save
---@return dm.Record
function M.one(client, name, row, id, request)
  local found
  request = request or {}
  request.name, request.full = name, true
  local rows = { row }
  M.run({ client = client, most = 1, chunk = 1, request = request, tell = function(r) found = M.find(r, id) end },
    function() return table.remove(rows) end)
  return found or error(id .. ": the pipeline makes no such sample", 0)
end

return M
