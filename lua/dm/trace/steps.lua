-- What every operator does to a row: the row's way through the pipeline, one operator after another, with the fields
-- before and after. The same semantics as dm.run.chain, where batches of rows go through the same calls.
local ffi = require "ffi"
local fault = require "dm.trace.fault"
local handed = require "dm.handed"
local raised = require "dm.raised"
local sample_module = require "dm.sample"
local wait = require "dm.wait"

local C = ffi.C
local root = sample_module.root

local M = {}

---What became of a row, or of what a slicer made of it.
---@class dm.Record
---@field row string FILE@OFFSET, with #1 ... for a child
---@field outcome "kept"|"dropped"|"rejected"
---@field op integer? number of the operator that took it out; 0: the input itself
---@field reason string?
---@field input string? JSON
---@field text string? instead, when the row is not a sample
---@field output string? JSON
---@field steps dm.Step[]
---@field children dm.Record[]?
---@field fault dm.Fault? when no operator was at fault
---@field hash number? of what came of it, when that is a sample
---@field unsteady boolean? something else had come of it before, by the same operators

---What one operator did.
---@class dm.Step
---@field op integer
---@field made integer? how many samples a slicer made
---@field outputs string[]? those, as JSON; with `save`
---@field outcome "kept"|"changed"|"dropped"|"rejected"|"sliced"
---@field changed { field: string, before: string?, after: string? }[]? values as JSON
---@field reason string?
---@field value any what a filter measured
---@field bounds { name: string, value: number }[]? what it compared that with
---@field fault dm.Fault?
---@field input string? the sample before, as JSON; with `save`
---@field output string?

---@class dm.Walk
---@field ops dm.BaseOp[]
---@field trace ffi.cdata* struct dm_trace *
---@field full boolean whether steps are asked for
---@field save boolean whether each step's whole samples are asked for
---@field touched table<integer, boolean> operators that did something

---Values longer than this are cut in records.
local LONGEST = 1024 * 1024

---A value for a record.
local function shorten(raw)
  if not raw or #raw <= LONGEST then return raw end
  return sample_module.json(raw:sub(1, tonumber(C.dm_utf8_check(raw, LONGEST))) .. " ...")
end

local function fields_of(sample)
  local node, list = root(sample), { by_name = {} }
  for i, name in ipairs(sample_module.names(node)) do
    list[i] = name
    list.by_name[name] = sample_module.raw(node, name)
  end
  return list
end

---What differs between two states of a sample.
local function difference(before, after)
  local changed = {}
  for _, name in ipairs(before) do
    local a, b = before.by_name[name], after.by_name[name]
    if a ~= b then changed[#changed + 1] = { field = name, before = shorten(a), after = shorten(b) } end
  end
  for _, name in ipairs(after) do
    if not before.by_name[name] then
      changed[#changed + 1] = { field = name, after = shorten(after.by_name[name]) }
    end
  end
  return changed
end

local function bounds_of(op)
  if not op.bounds then return nil end
  local list = {}
  for i, name in ipairs(op.bounds) do
    local limit = i == 1 and op.min or i == 2 and op.max
    if type(limit) == "number" and math.abs(limit) < math.huge then list[#list + 1] = { name = name, value = limit } end
  end
  return list
end

local function plain_value(v)
  local t = type(v)
  if t == "number" or t == "boolean" or t == "string" then return v end
  return nil
end

local function execute_mapper(op, node)
  local result = op:execute(node)
  if result == nil or result == node then return nil end
  return handed.take(result, "a Mapper returns its sample, another one or nothing")
end

local function execute_filter(op, node)
  return op:execute(node)
end

local function execute_slicer(op, node)
  local list = op:slice(node)
  if list == node then return nil end
  for i = 1, #list do list[i] = handed.take(list[i], "a Slicer's list holds samples") end
  return list
end

local EXECUTE = { filter = execute_filter, slicer = execute_slicer }

---Lets a waiting operator work: it goes on when what it waits for has come, and no time counts meanwhile.
local function execute_waiting(walk, i, sample, number)
  local op, trace, results = walk.ops[i], walk.trace, nil
  local task = { turn = 0 }
  function task:enter()
    C.dm_trace_at(trace, sample, i - 1, number)
    trace.seed = trace.seed + self.turn
  end
  function task.leave(_, ended)
    if not ended then C.dm_trace_suspend(trace) end
  end
  wait.begin(task, function()
    results = { xpcall(EXECUTE[op.kind] or execute_mapper, fault.of_operator, op, root(sample)) }
  end)
  while not task.ended do
    wait.step(100)
    if not task.ended then C.dm_trace_suspend(trace) end
  end
  return unpack(results, 1, 4)
end

---Calls an operator under xpcall.
local function execute(walk, i, sample, number)
  local op = walk.ops[i]
  if op.waits then return execute_waiting(walk, i, sample, number) end
  C.dm_trace_at(walk.trace, sample, i - 1, number)
  return xpcall(EXECUTE[op.kind] or execute_mapper, fault.of_operator, op, root(sample))
end

---@param state { before: table } fields as they are, when steps are asked for
local function note_change(walk, state, sample, step)
  walk.touched[step.op] = true
  if not walk.full then return end
  local after = fields_of(sample)
  step.changed = difference(state.before, after)
  state.before = after
  if step.outcome == "kept" and #step.changed > 0 then step.outcome = "changed" end
end

local function take_out(walk, record, step, outcome, reason)
  walk.touched[step.op] = true
  step.outcome, step.reason = outcome, reason
  record.outcome, record.op, record.reason = outcome, step.op, reason
end

local function failed(walk, record, step, what)
  if raised.is_memory(what) then error(what, 0) end
  local full = raised.text(what)
  take_out(walk, record, step, "rejected", full)
  step.fault = walk.full and fault.of(what) or nil
end

local function text_of(sample)
  return tostring(root(sample))
end

local follow

---Takes the children of a slicer to the end of the pipeline.
local function follow_children(walk, record, step, list, number)
  if #list == 0 then return take_out(walk, record, step, "dropped", "made no samples") end
  walk.touched[step.op] = true
  step.outcome, step.made = "sliced", #list
  record.children = {}
  if walk.save then
    step.outputs = {}
    for k = 1, #list do step.outputs[k] = text_of(list[k]) end
  end
  local outcomes = {}
  record.hash = 0
  for k = 1, #list do
    local child = { row = record.row .. "#" .. k, steps = {} }
    record.children[k] = child
    if walk.full then child.input = shorten(text_of(list[k])) end
    follow(walk, child, step.op + 1, list[k], handed.child_number(number, k))
    outcomes[child.outcome] = child
    record.hash = (record.hash * 31 + (child.hash or #child.outcome)) % 2 ^ 53
  end
  local of = outcomes.kept or outcomes.dropped or outcomes.rejected
  record.outcome, record.op, record.reason = of.outcome, of.op, of.reason
end

local function after_filter(walk, record, step, kept, reason, value)
  step.value, step.bounds = plain_value(value), bounds_of(walk.ops[step.op])
  if not kept then take_out(walk, record, step, "dropped", reason == nil and "dropped" or raised.text(reason)) end
end

---Lets one operator work on the sample.
---@return ffi.cdata*? sample to go on with, unless the record has an outcome or children
local function step_on(walk, record, state, i, sample, number)
  local op, step = walk.ops[i], { op = i, outcome = "kept" }
  record.steps[#record.steps + 1] = step
  if walk.save then step.input = text_of(sample) end
  walk.at(op)
  local edits = sample.edits
  local ok, a, b, c = execute(walk, i, sample, number)
  if not ok then return failed(walk, record, step, a) end
  if op.kind == "slicer" and a then return follow_children(walk, record, step, a, number) end
  if op.kind == "filter" then
    after_filter(walk, record, step, a, b, c)
  elseif a ~= nil then
    sample, edits = a, -1
  end
  if sample.edits ~= edits then note_change(walk, state, sample, step) end
  if walk.save then step.output = text_of(sample) end
  return not record.outcome and sample or nil
end

---Takes a sample through operators number `first` to the last.
function follow(walk, record, first, sample, number)
  local state = { before = walk.full and fields_of(sample) }
  for i = first, #walk.ops do
    sample = step_on(walk, record, state, i, sample, number)
    if not sample then return end
  end
  record.outcome = "kept"
  record.hash = C.dm_trace_hash(walk.trace, sample)
  if walk.full then record.output = shorten(text_of(sample)) end
end

---Takes the sample at hand to the end of the pipeline.
---@param walk dm.Walk
---@param row string its id
---@return dm.Record
function M.follow(walk, row)
  local record = { row = row, steps = {} }
  if walk.full then record.input = shorten(text_of(walk.trace.sample)) end
  follow(walk, record, 1, walk.trace.sample, 0)
  C.dm_trace_rest(walk.trace)
  handed.recycle()
  return record
end

return M
