-- Runs operators over batches of samples, one operator after another: each has a loop of its own, written out for
-- it, so that LuaJIT compiles a short trace for every operator and not one that is too long for all of them.
-- What became of a sample is noted beside it and written, in the order of the rows, when the batch is through.
local ffi = require "ffi"
local add_place = require "dm.run.add_place"
local handed = require "dm.handed"
local pieces = require "dm.pieces"
local raised = require "dm.raised"
local sample_module = require "dm.sample"

local C = ffi.C

local M = {}

---Samples under way and what became of them; tables of the same length that are used again and again.
---@class dm.Batch
---@field n integer
---@field sample (ffi.cdata*|false)[] struct dm_sample *; false once the sample is out
---@field row integer[] the row that it came from, from 0
---@field child string[] "" for a row, else what a slicer made of it: "#2", "#2#1"
---@field number integer[] stands for child where numbers are wanted; 0 for a row
---@field own (ffi.cdata*|nil)[] of a child: the sample, for the rejects
---@field op integer[] the operator that took it out, from 0
---@field reason string[]
---@field value (number|false)[] what the operator measured
---@field rejected boolean[] rejected, not dropped

---@return dm.Batch
local function new_batch()
  return { n = 0, sample = {}, row = {}, child = {}, number = {}, own = {}, op = {}, reason = {}, value = {},
    rejected = {} }
end

local function take_out(batch, i, op, rejected, reason, value)
  batch.sample[i] = false
  batch.op[i], batch.rejected[i], batch.reason[i] = op, rejected, reason
  batch.value[i] = type(value) == "number" and value
end

---Notes that an operator raised. Memory that ran short is a failure of the worker, not of the sample; some errors are
---no row's fault and end the run.
---@return integer status
local function failed(rows, batch, i, op, message)
  if raised.is_memory(message) then return C.DM_EMEMORY end
  if type(message) == "table" and message.ends_run then return C.dm_rows_fail(rows, tostring(message)) end
  take_out(batch, i, op, true, raised.text(message))
  return 0
end

---The other path of a Mapper's loop: it returned something.
---@return integer status
local function replace(rows, batch, i, op, result)
  local ok, made = pcall(handed.take, result, "a Mapper returns its sample, another one or nothing")
  if not ok then return failed(rows, batch, i, op, made) end
  batch.sample[i] = made
  return 0
end

local HEAD = [[
local C, rows, op, root, take_out, failed, replace, xpcall, add_place, text_of = ...
local execute, at, ticks = op.execute, C.dm_rows_at, C.dm_ticks
return function(batch)
  local samples, row, number = batch.sample, batch.row, batch.number
  local count, seen, out, changed, status = rows.ops[OP], 0, 0, 0, 0
  local began = ticks()
  for i = 1, batch.n do
    local sample = samples[i]
    if sample then
      seen = seen + 1
      at(rows, sample, row[i], OP, number[i])
      local node = root(sample)
]]

local MAPPER = [[
      local before = sample.edits
      local ok, result = xpcall(execute, add_place, op, node)
      if not ok then
        status = failed(rows, batch, i, OP, result)
      else
        out = out + 1
        if result ~= nil and result ~= node then
          status = replace(rows, batch, i, OP, result)
          if samples[i] then changed = changed + 1 else out = out - 1 end
        elseif sample.edits ~= before then
          changed = changed + 1
        end
      end
]]

local FILTER = [[
      local before = sample.edits
      local ok, kept, reason, value = xpcall(execute, add_place, op, node)
      if not ok then
        status = failed(rows, batch, i, OP, kept)
      elseif kept then
        out = out + 1
        if sample.edits ~= before then changed = changed + 1 end
      else
        take_out(batch, i, OP, false, reason == nil and "dropped" or text_of(reason), value)
      end
]]

local TAIL = [[
      if status < 0 then return status end
    end
  end
  count.ticks = count.ticks + (ticks() - began)
  count["in"], count.out, count.changed = count["in"] + seen, count.out + out, count.changed + changed
  return 0
end
]]

---The loop of one Mapper or Filter.
---@return fun(batch: dm.Batch): integer status
local function compile(rows, op, number)
  local text = HEAD .. (op.kind == "filter" and FILTER or MAPPER) .. TAIL
  local chunk = assert(loadstring(text:gsub("%f[%w]OP%f[%W]", tostring(number)), "=(" .. op.name .. ")"))
  return chunk(C, rows, op, sample_module.root, take_out, failed, replace, xpcall, add_place, raised.text)
end

---Enters in the ledger, and the rejects, why sample i of a batch is out.
---@return integer status
local function record(rows, batch, i)
  local op, child, reason, row = batch.op[i], batch.child[i], batch.reason[i], batch.row[i]
  if batch.rejected[i] then return C.dm_rows_reject(rows, row, op, child, batch.own[i], reason, #reason) end
  local value = batch.value[i]
  return C.dm_rows_drop(rows, row, op, child, reason, #reason, value and 1 or 0, value or 0)
end

---Writes what is left of a batch.
---@return fun(batch: dm.Batch): integer status
local function writer(rows)
  return function(batch)
    local samples, row = batch.sample, batch.row
    C.dm_rows_rest(rows)
    for i = 1, batch.n do
      local sample = samples[i]
      local status
      if sample then status = C.dm_rows_keep(rows, row[i], sample) else status = record(rows, batch, i) end
      if status < 0 then return status end
    end
    return 0
  end
end

local function adopt(list)
  for i = 1, #list do list[i] = handed.take(list[i], "a Slicer's list holds samples") end
  return list
end

---What a slicer makes of a sample.
---@return ffi.cdata*[]|dm.Pieces list
---@return ffi.cdata*[] portion the first of it, as C samples
local function slice(op, node)
  local list = op:slice(node, true)
  if not pieces.is(list) then return list, adopt(list) end
  return list, adopt(pieces.make(list, node, 1, math.min(#list, pieces.PORTION)))
end

---Pieces from number `first` on.
---@return ffi.cdata*[] portion
local function slice_on(list, node, first)
  return adopt(pieces.make(list, node, first, math.min(#list, first + pieces.PORTION - 1)))
end

---Puts children of a sample, from number `first` on, into a batch of their own.
local function fill_children(children, portion, first, batch, i)
  children.n = #portion
  for at = 1, #portion do
    local k = first + at - 1
    children.sample[at], children.own[at] = portion[at], portion[at]
    children.row[at], children.number[at] = batch.row[i], handed.child_number(batch.number[i], k)
    children.child[at] = batch.child[i] .. "#" .. k
  end
end

---Sample i of a batch, which is out, on its way behind those that may wait.
---@return integer status
local function pass_on(batch, i, children, following)
  children.n = 1
  for name, list in pairs(children) do
    if name ~= "n" then list[1] = batch[name][i] end
  end
  return following(children)
end

---A function as the slicer's own, on sample i of a batch: the worker's board says so, and its clock runs.
---@param step fun(subject: any, node: ffi.cdata*, first: integer?): any, any
---@return boolean ok
---@return any, any what it returned, or its error
local function at_work(rows, number, batch, i, step, subject, first)
  local began = C.dm_ticks()
  C.dm_rows_at(rows, batch.sample[i], batch.row[i], number, batch.number[i])
  local ok, list, portion = xpcall(step, add_place, subject, sample_module.root(batch.sample[i]), first)
  local count = rows.ops[number]
  count.ticks = count.ticks + (C.dm_ticks() - began)
  return ok, list, portion
end

---Takes the children of sample i of a batch to the end of the pipeline, where their memory is free again.
---@param portion ffi.cdata*[] the first of the list
---@param kept integer samples that were handed over before
---@return integer status
local function send(rows, number, batch, i, list, portion, kept, children, following)
  local first = 1
  repeat
    fill_children(children, portion, first, batch, i)
    local status = following(children)
    handed.recycle(kept)
    first = first + #portion
    if status < 0 or first > #list then return status end
    local ok
    ok, portion = at_work(rows, number, batch, i, slice_on, list, first)
    if not ok then return raised.is_memory(portion) and C.DM_EMEMORY or C.dm_rows_fail(rows, raised.text(portion)) end
  until false
end

---Slices sample i of a batch and takes its children to the end of the pipeline.
---@return integer? status nil: the sample is out, and that is still to be entered
local function slice_one(rows, op, number, batch, i, children, following)
  local count, kept = rows.ops[number], handed.count()
  local ok, list, portion = at_work(rows, number, batch, i, slice, op)
  count["in"] = count["in"] + 1
  if not ok then
    local status = failed(rows, batch, i, number, list)
    return status < 0 and status or nil
  end
  if #list == 0 then
    take_out(batch, i, number, false, "made no samples")
    return nil
  end
  count.made, count.out = count.made + (#list - 1), count.out + #list
  return send(rows, number, batch, i, list, portion, kept, children, following)
end

---What ends a stretch with a slicer: sample by sample, so that everything is written in the order of the rows.
---@param waits boolean samples before may wait in what follows
local function slicer(rows, op, number, following, waits)
  local children = new_batch()
  return function(batch)
    for i = 1, batch.n do
      local status = batch.sample[i] and slice_one(rows, op, number, batch, i, children, following)
      if not status then
        status = waits and pass_on(batch, i, children, following) or record(rows, batch, i)
      end
      if status < 0 then return status end
    end
    return 0
  end
end

---One loop after another.
local function sequence(loops)
  return function(batch)
    for i = 1, #loops do
      local status = loops[i](batch)
      if status < 0 then return status end
    end
    return 0
  end
end

---Operators number `first` to the end of the pipeline. Stages that wait are added to `stages`, the first one first.
---@return fun(batch: dm.Batch): integer status
local function compile_from(ops, first, rows, stages)
  local loops = {}
  for i = first, #ops do
    if ops[i].waits then
      local waiting = require("dm.run.stage").new(rows, ops[i], i - 1, new_batch)
      stages[#stages + 1] = waiting
      waiting:lead_to(compile_from(ops, i + 1, rows, stages))
      loops[#loops + 1] = function(batch) return waiting:push(batch) end
      return sequence(loops)
    elseif ops[i].kind == "slicer" then
      local before = #stages
      local following = compile_from(ops, i + 1, rows, stages)
      loops[#loops + 1] = slicer(rows, ops[i], i - 1, following, #stages > before)
      return sequence(loops)
    end
    loops[#loops + 1] = compile(rows, ops[i], i - 1)
  end
  loops[#loops + 1] = writer(rows)
  return sequence(loops)
end

---Compiles operators to a function that takes the rows at hand to the end of the pipeline.
---@param ops dm.BaseOp[]
---@param rows ffi.cdata* struct dm_rows *
---@return fun(n: integer): integer status of the run: less than zero when it can not go on
---@return fun(): integer status after the last rows of a split: waits for those that wait
---@return boolean? crowded thousands of samples may wait at once
function M.compile(ops, rows)
  if #ops == 0 then return function() return C.dm_rows_keep_all(rows) end, function() return 0 end end
  local stages = {}
  local run, batch, pointers = compile_from(ops, 1, rows, stages), new_batch(), {}
  local function step(n)
    batch.n = n
    for i = 1, n do
      local sample = rows.samples[i - 1]
      if pointers[i] ~= sample then pointers[i] = sample end -- nearly always the same: one object less for each row
      batch.sample[i], batch.row[i], batch.child[i], batch.number[i] = pointers[i], i - 1, "", 0
    end
    return run(batch)
  end
  local stage = #stages > 0 and require "dm.run.stage"
  return step, function() return stage and stage.finish(stages) or 0 end, stage and stage.are_crowded(stages)
end

return M
