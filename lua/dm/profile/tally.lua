-- Sums up samples of the stack: by operator, by line of the operator's own file, and for a flame graph.
local sources = require "dm.sources"

local M = {}

---@class dm.profile.Line
---@field place string FILE:LINE
---@field n integer samples
---@field kernels table<string, integer> function of C -> samples

---@class dm.profile.Op
---@field name string
---@field n integer samples
---@field lines dm.profile.Line[] the costliest first

local function line_text(path, number)
  local text, n = sources.find(path), 0
  for line in ((text or "") .. "\n"):gmatch "([^\n]*)\n" do
    n = n + 1
    if n == number then return line end
  end
end

local known = {}

---The text of FILE:LINE, or of a line before it.
local function text_at(place, before)
  local key = place .. "-" .. before
  if known[key] == nil then
    local path, number = place:match "^(.*):(%d+)$"
    known[key] = path and line_text(path, tonumber(number) - before) or ""
  end
  return known[key]
end

---The function of C that a sample belongs to. Compiled code tells of a sample when it gets to the next line: what was
---spent in C shows one line behind the call.
local function kernel_of(place)
  local function called(before) return text_at(place, before):match "%f[%w]C%.(dm_[%w_]+)%(" end
  return called(1) or called(0)
end

---Whether a frame is the host's, and not of an operator or a pipeline.
local function is_host(frame)
  return frame:find "^lua/dm/" ~= nil or frame:find "^%(" ~= nil or frame:find "^%[" ~= nil
end

---The frames of a stack from the operator on, outermost first.
local function split_stack(stack)
  local frames, from = {}, 1
  for frame in stack:gmatch "[^;]+" do
    if not frame:find "^%[builtin" then frames[#frames + 1] = frame end
    if frame:find "^%(.*%):%d+$" or frame:find "^lua/dm/run/worker%.lua" then from = #frames + 1 end
  end
  return { unpack(frames, from) }, frames[#frames] or "?"
end

local function add(t, key, n)
  t[key] = (t[key] or 0) + n
end

local function line_for(op, place)
  local line = op.by_place[place]
  if not line then
    line = { place = place, n = 0, kernels = {} }
    op.by_place[place] = line
    op.lines[#op.lines + 1] = line
  end
  return line
end

---The innermost frame that is not the host's.
local function own_frame(frames)
  for i = #frames, 1, -1 do
    if not is_host(frames[i]) then return frames[i] end
  end
end

local function count(op, folded, stack, n)
  local frames, top = split_stack(stack)
  local kernel = kernel_of(top)
  local line = line_for(op, own_frame(frames) or "the host's own work")
  op.n, line.n = op.n + n, line.n + n
  if kernel then
    add(line.kernels, kernel, n)
    frames[#frames + 1] = kernel
  end
  table.insert(frames, 1, op.name)
  add(folded, table.concat(frames, ";"), n)
end

local function by_samples(a, b)
  if a.n ~= b.n then return a.n > b.n end
  return (a.place or a.name) < (b.place or b.name)
end

---@param recorded table<string, integer> as dm.profile.recorder writes them
---@param names string[] of the operators
---@return dm.profile.Op[] ops in the order of the pipeline; the last is reading and writing
---@return table<string, integer> folded stacks
---@return integer total samples
function M.of(recorded, names)
  local ops, folded, total = {}, {}, 0
  for i = 1, #names + 1 do
    ops[i] = { name = names[i] or "reading and writing", n = 0, lines = {}, by_place = {} }
  end
  for key, n in pairs(recorded) do
    local op, stack = key:match "^(%-?%d+)\n.\n(.*)$"
    local place = tonumber(op)
    count(ops[place >= 0 and place + 1 or #ops], folded, stack, n)
    total = total + n
  end
  for _, op in ipairs(ops) do table.sort(op.lines, by_samples) end
  return ops, folded, total
end

---The source of a line, for people.
---@param place string
---@return string
function M.source(place)
  return (text_at(place, 0):gsub("^%s+", ""))
end

return M
