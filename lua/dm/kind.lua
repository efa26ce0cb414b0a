-- What a value is, be it Lua's or a sample's.
local encode = require "dm.sample.encode"
local sample = require "dm.sample"

local M = {}

---For messages: "an object", "an array", "a string" ...
---@param v any
---@return string
function M.name(v)
  if sample.is_node(v) then return sample.is_array(v) and "an array" or "an object" end
  return v == nil and "nil" or "a " .. type(v)
end

---Whether v is a list: a node or a table that is written as an array.
---@param v any
---@return boolean
function M.is_list(v)
  if sample.is_node(v) then return sample.is_array(v) end
  return type(v) == "table" and encode.is_array(v)
end

return M
