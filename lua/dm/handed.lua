-- Samples that operators hand to the driver: what they return, as the C samples that it goes on with.
local ffi = require "ffi"
local kind = require "dm.kind"
local sample = require "dm.sample"

local C = ffi.C

local M = {}

local handed = {}

---Takes over what an operator returned: the C sample that the driver goes on with. Nodes of it become stale; of a
---node within a sample a copy of that part is taken. recycle gives back samples that Lua made.
---@param node ffi.cdata*
---@return ffi.cdata* struct dm_sample *
function M.adopt(node)
  local s, index = sample.inside(node)
  if index ~= 0 then
    node = sample.clone(node) -- its finalizer does nothing once the sample is sealed
    s = sample.inside(node)
  end
  if s.pooled > 0 and s.handed == 0 then
    if kind.is_list(node) then error("a sample must be an object, not an array", 0) end
    s.handed = 1
    handed[#handed + 1] = s
  end
  C.dm_sample_seal(s)
  return s
end

---What a Mapper returned instead of the sample it was given, or a child of a Slicer, as the C sample that the driver
---goes on with: see adopt.
---@param result any
---@param what string what it should be, for a person
---@return ffi.cdata* struct dm_sample *
function M.take(result, what)
  if type(result) == "table" then result = sample.sample(result) end
  if sample.is_node(result) then return M.adopt(result) end
  error(("%s, not %s"):format(what, kind.name(result)), 0)
end

---A number that stands for child k of a sample, which is itself a child of that number or, with 0, a row: random
---numbers hang on it.
---@param number integer
---@param k integer
---@return integer
function M.child_number(number, k)
  return (number * 65599 + k) % 2 ^ 32
end

---How many samples have been handed to the driver and not taken back.
---@return integer
function M.count()
  return #handed
end

---Takes back the samples that were handed to the driver, but for the first of them.
---@param kept integer? as many as M.count told earlier; default 0
function M.recycle(kept)
  for i = #handed, (kept or 0) + 1, -1 do
    sample.release(sample.root(handed[i]))
    handed[i] = nil
  end
end

return M
