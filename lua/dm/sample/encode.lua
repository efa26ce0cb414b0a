-- JSON text of Lua tables, in a C buffer: keys sorted, {} an object, dm.array{} an array, a table with [1]
-- an array.
local ffi = require "ffi"

local C = ffi.C
local err = ffi.new "struct dm_error"

local MAX_DEPTH = 512

local M = {}

local ARRAY = { __name = "dm.array" }

---Marks a table as an array, so that it is one when empty too.
---@param t table?
---@return table
function M.array(t)
  return setmetatable(t or {}, ARRAY)
end

---Whether a table is written as an array.
---@param t table
---@return boolean
function M.is_array(t)
  return getmetatable(t) == ARRAY or t[1] ~= nil
end

---Stands for JSON null where nil would mean that the field is missing.
M.null = setmetatable({}, {
  __tostring = function() return "null" end,
  __newindex = function() error("dm.null has no fields", 2) end,
})

local function check(status)
  if status < 0 then error(ffi.string(err.text), 0) end
end

local function add(out, text)
  check(C.dm_json_add(out, text, #text, err))
end

local append

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do
    if type(k) ~= "string" then
      error("a table with the key " .. tostring(k) .. " can not be written as JSON", 0)
    end
    keys[#keys + 1] = k
  end
  table.sort(keys)
  return keys
end

local function append_object(out, t, other, depth)
  local separator = "{"
  for _, k in ipairs(sorted_keys(t)) do
    add(out, separator)
    check(C.dm_json_add_string(out, k, #k, err))
    add(out, ":")
    append(out, t[k], other, depth)
    separator = ","
  end
  add(out, separator == "{" and "{}" or "}")
end

local function append_array(out, t, other, depth)
  local n = #t
  for k in pairs(t) do
    if type(k) ~= "number" or k < 1 or k > n or k % 1 ~= 0 then
      error("an array with the key " .. tostring(k) .. " can not be written as JSON", 0)
    end
  end
  add(out, "[")
  for i = 1, n do
    if i > 1 then add(out, ",") end
    if t[i] == nil then error("an array without element " .. i .. " can not be written as JSON", 0) end
    append(out, t[i], other, depth)
  end
  add(out, "]")
end

---Appends v as JSON. `other(v, out)` does it for cdata.
---@param out ffi.cdata* struct dm_buf *
---@param v any
---@param other fun(v: ffi.cdata*, out: ffi.cdata*)
---@param depth integer? how many tables it is in
function append(out, v, other, depth)
  local t = type(v)
  if t == "string" then
    check(C.dm_json_add_string(out, v, #v, err))
  elseif t == "number" then
    check(C.dm_json_add_number(out, v, err))
  elseif t == "boolean" then
    add(out, tostring(v))
  elseif t == "cdata" then
    other(v, out)
  elseif rawequal(v, M.null) then
    add(out, "null")
  elseif t ~= "table" then
    error("a " .. t .. " can not be written as JSON", 0)
  elseif depth == MAX_DEPTH then
    error("a table nested too deeply can not be written as JSON", 0)
  elseif M.is_array(v) then
    append_array(out, v, other, (depth or 0) + 1)
  else
    append_object(out, v, other, (depth or 0) + 1)
  end
end

M.append = append

return M
