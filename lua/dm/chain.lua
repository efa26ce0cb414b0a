-- Turns a list of operators into one Lua function per stretch between slicers, written out operator by
-- operator, so that the JIT sees straight code and not a loop over methods of many kinds.
local ffi = require "ffi"
local sample_module = require "dm.sample"

local C = ffi.C
local sample_of = sample_module.sample_of

local M = {}

-- A failure of the run, not of a row: raised through the operators' pcall and told apart from their errors.
local FATAL = setmetatable({}, { __tostring = function() return "the run can not go on" end })
local fatal_status = 0

local function check(status)
  if status < 0 then
    fatal_status = status
    error(FATAL, 0)
  end
end

local function drop(rows, child, reason, value)
  reason = reason == nil and "dropped" or tostring(reason)
  check(C.dm_rows_drop(rows, child, reason, #reason, value and 1 or 0, value or 0))
end

local function keep(rows, sample)
  check(C.dm_rows_keep(rows, sample_of(sample)))
end

---What an operator returned instead of the sample it was given.
local function adopt(result, op)
  if type(result) == "cdata" then return result end
  if type(result) == "table" then return sample_module.sample(result) end
  error(op.name .. " must return a sample or nothing, not a " .. type(result), 0)
end

local MAPPER = [[
  rows.op[0] = %d; t0 = ticks()
  count = rows.ops[%d]; count["in"] = count["in"] + 1
  before = edits(sample)
  result = op%d:execute(sample)
  if result ~= nil and result ~= sample then
    sample = adopt(result, op%d)
    count.changed = count.changed + 1
  elseif edits(sample) ~= before then
    count.changed = count.changed + 1
  end
  count.ticks = count.ticks + (ticks() - t0)
  count.out = count.out + 1
]]

local FILTER = [[
  rows.op[0] = %d; t0 = ticks()
  count = rows.ops[%d]; count["in"] = count["in"] + 1
  before = edits(sample)
  kept, reason, value = op%d:execute(sample)
  count.ticks = count.ticks + (ticks() - t0)
  if not kept then return drop(rows, child, reason, value) end
  if edits(sample) ~= before then count.changed = count.changed + 1 end
  count.out = count.out + 1
]]

local SLICER = [[
  rows.op[0] = %d; t0 = ticks()
  count = rows.ops[%d]; count["in"] = count["in"] + 1
  result = op%d:slice(sample)
  count.ticks = count.ticks + (ticks() - t0)
  return spread(rows, count, result, child)
]]

local HEAD = [[
local env = ...
local rows, ops, ticks, edits = env.rows, env.ops, env.ticks, env.edits
local adopt, drop, keep, spread = env.adopt, env.drop, env.keep, env.spread
]]

local function compile(env, first, last)
  local lines = { HEAD }
  for i = first, last do lines[#lines + 1] = ("local op%d = ops[%d]"):format(i, i) end
  lines[#lines + 1] = "return function(sample, child)\n"
    .. "  local t0, count, before, result, kept, reason, value"
  local ended = false
  for i = first, last do
    local kind = env.ops[i].kind
    local template = kind == "filter" and FILTER or kind == "slicer" and SLICER or MAPPER
    lines[#lines + 1] = template:format(i - 1, i - 1, i, i)
    ended = kind == "slicer"
  end
  if not ended then lines[#lines + 1] = "  return keep(rows, sample)" end
  lines[#lines + 1] = "end"
  return assert(loadstring(table.concat(lines, "\n"), "=(chain)"))(env)
end

---Runs a stretch on one sample; an operator's error rejects the sample.
local function guarded(rows, stretch, sample, child, own)
  local ok, message = pcall(stretch, sample, child)
  if ok then return end
  if rawequal(message, FATAL) then error(FATAL, 0) end
  message = tostring(message)
  if message == "not enough memory" then
    fatal_status = C.DM_EMEMORY
    error(FATAL, 0)
  end
  check(C.dm_rows_reject(rows, child, own, message, #message))
end

local function edits(sample)
  return C.dm_sample_edits(sample_of(sample))
end

---Hands each of a slicer's samples to the operators behind it.
local function make_spread(following)
  return function(rows, count, list, child)
    local n = #list
    if n == 0 then return drop(rows, child, "made no samples") end
    count.made = count.made + (n - 1)
    count.out = count.out + n
    for i = 1, n do
      local piece = adopt(list[i], { name = "a slicer" })
      guarded(rows, following, piece, child .. "#" .. i, sample_of(piece))
    end
  end
end

---Compiles operators to a function that takes the current row.
---@param ops dm.BaseOp[]
---@param rows ffi.cdata* struct dm_rows *
---@return fun(sample: ffi.cdata*): integer status of the run: less than zero when it can not go on
function M.compile(ops, rows)
  local env = { rows = rows, ops = ops, ticks = C.dm_ticks, edits = edits, adopt = adopt, drop = drop, keep = keep }
  local last = #ops
  local stretch
  for i = #ops, 1, -1 do
    if ops[i].kind == "slicer" then
      stretch = compile(env, i + 1, last)
      env.spread = make_spread(stretch)
      last = i
    end
  end
  stretch = compile(env, 1, last)
  return function(sample)
    fatal_status = 0
    local ok, message = pcall(guarded, rows, stretch, sample, "", nil)
    if ok then return 0 end
    return rawequal(message, FATAL) and fatal_status or error(message, 0)
  end
end

return M
