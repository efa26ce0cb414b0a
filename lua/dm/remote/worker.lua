-- The other side of dm.remote: a process that takes requests, a line of JSON each, and answers each with a line.
local ffi = require "ffi"
local json = require "dm.json"
local raised = require "dm.raised"
local registry = require "dm.registry"
local sample = require "dm.sample"
local sources = require "dm.sources"
local units = require "dm.units"

local C = ffi.C

local M = {}

local made = {} -- operators by name and parameters

local function operator(name, given)
  local key = name .. "\0" .. given
  if not made[key] then
    local class, wrong = registry.get(name)
    if not class then error(wrong, 0) end
    made[key] = class(sample.totable(sample.parse(given)))
  end
  return made[key]
end

local function texts(list)
  for i, one in ipairs(list) do list[i] = sample.json(one) end
  return list
end

---What an operator gives.
local function run(op, node)
  if op.kind == "slicer" then return { kind = op.kind, samples = texts(op:slice(node)) } end
  local result, reason = op:execute(node)
  if op.kind == "filter" then
    return { kind = op.kind, kept = result and true or false, reason = reason and tostring(reason) }
  end
  return { kind = op.kind, samples = texts { result == nil and node or result } }
end

local function answer(request)
  local input
  local ok, result = pcall(function()
    input = sample.parse(request.sample)
    return run(operator(request.op, request.params), input)
  end)
  if input then sample.release(input) end
  return ok and result or { error = raised.text(result) }
end

---Answers requests until there are no more.
---@return integer exit status
function M.serve()
  C.dm_child_begin()
  local requests, answers = assert(io.open("/dev/fd/3", "r")), assert(io.open("/dev/fd/4", "w"))
  for line in requests:lines() do
    answers:write(json.encode(answer(json.decode(line))), "\n")
    answers:flush()
  end
  return 0
end

---What is wrong with a text that is to go to a worker or to come from one.
---@param what string
---@param text string
---@return string?
function M.fault(what, text)
  if #text <= C.DM_CALL_MAX then return nil end
  return ("%s is %s of JSON, and on an engine it can be no more than %s"):format(what, units.show_bytes(#text),
    units.show_bytes(C.DM_CALL_MAX))
end

local function request_of(call)
  return json.decode(ffi.string(call.request, call.request_bytes))
end

---Takes in a file of code that an engine's worker has got.
---@param pointer lightuserdata struct dm_call *
---@return integer status
function M.learn(pointer)
  sources.add { request_of(ffi.cast("struct dm_call *", pointer)) }
  return 0
end

---Answers a call that an engine's worker has got.
---@param pointer lightuserdata struct dm_call *
---@return integer status
function M.call(pointer)
  local call, err = ffi.cast("struct dm_call *", pointer), ffi.new "struct dm_error"
  local text = json.encode(answer(request_of(call)))
  local wrong = M.fault("the answer", text)
  if wrong then text = json.encode { error = wrong } end
  return C.dm_json_add(call.answer, text, #text, err)
end

return M
