-- Nodes, and reading what they stand for: what dm.sample is made of.
local ffi = require "ffi"
local bigint = require "dm.sample.bigint"

local C = ffi.C
local band = require("bit").band
local ffi_string, istype = ffi.string, ffi.istype

-- A node's members have names that are not UTF-8, which no field of a sample can have, since a named member would hide
-- the field of that name.
local SAMPLE, GENERATION, INDEX = "\255sample", "\255generation", "\255index"
local node_t = ffi.typeof("struct { struct dm_sample *$; double $; uint32_t $; }", SAMPLE, GENERATION, INDEX)

local DM_NULL, DM_TRUE, DM_NUMBER, DM_STRING, DM_ARRAY = C.DM_NULL, C.DM_TRUE, C.DM_NUMBER, C.DM_STRING, C.DM_ARRAY
local OWN, ESCAPED = C.DM_VALUE_OWN, C.DM_VALUE_ESCAPED

local err = ffi.new "struct dm_error"
local span = ffi.new "struct dm_span"
local number = ffi.new "double[1]"

local M = { SAMPLE = SAMPLE, GENERATION = GENERATION, INDEX = INDEX, node_t = node_t, err = err }

---Raises what a status below zero says.
---@param status integer of a call with M.err
---@return integer
local function check(status)
  if status < 0 then error(ffi_string(err.text), 0) end
  return status
end

---The sample of a node that is still good. Raises when it has gone.
---@param node ffi.cdata*
---@return ffi.cdata* struct dm_sample *
local function live(node)
  local s = node[SAMPLE]
  if s.generation ~= node[GENERATION] then
    error("sample kept beyond execute; use dm.clone", 0)
  end
  return s
end

local function read_string(s, value)
  local v = s.values[value]
  if band(v.flags, ESCAPED) == 0 then
    return ffi_string(s.base[band(v.flags, OWN)] + v.off, v.len)
  end
  check(C.dm_sample_string(s, value, span, err))
  return ffi_string(span.p, span.n)
end

---A number; one beyond 2^53 as an opaque integer.
---@param s ffi.cdata* struct dm_sample *
---@param value integer
---@return number|ffi.cdata*
local function read_number(s, value)
  if check(C.dm_sample_number(s, value, number, err)) == 0 then return number[0] end
  local v = s.values[value]
  return bigint.new(s.base[band(v.flags, OWN)] + v.off, v.len)
end

---A value as Lua sees it; containers as nodes.
---@param s ffi.cdata* struct dm_sample *
---@param value integer
---@return any nil for null
local function read(s, value)
  local kind = s.values[value].kind
  if kind == DM_STRING then return read_string(s, value) end
  if kind >= DM_ARRAY then return node_t(s, s.generation, value) end
  if kind == DM_NUMBER then return read_number(s, value) end
  if kind == DM_NULL then return nil end
  return kind == DM_TRUE
end

---The key of a member.
---@param s ffi.cdata* struct dm_sample *
---@param value integer
---@return string
local function read_key(s, value)
  check(C.dm_sample_key(s, value, span, err))
  return ffi_string(span.p, span.n)
end

---The same, or nil when it can not be read.
---@param s ffi.cdata* struct dm_sample *
---@param value integer
---@return string?
local function try_key(s, value)
  if C.dm_sample_key(s, value, span, err) < 0 then return nil end
  return ffi_string(span.p, span.n)
end

---@param v any
---@return boolean
local function is_node(v)
  return istype(node_t, v)
end

---@param node ffi.cdata*
---@return boolean
local function is_array(node)
  return live(node).values[node[INDEX]].kind == DM_ARRAY
end

M.check, M.live, M.is_node, M.is_array = check, live, is_node, is_array
M.read, M.read_key, M.try_key, M.read_number = read, read_key, try_key, read_number

return M
