-- Walks through the members of a node, in file order, also while they are changed.
local ffi = require "ffi"
local node_module = require "dm.sample.node"

local C = ffi.C
local INDEX = node_module.INDEX
local is_array, live, read, read_key = node_module.is_array, node_module.live, node_module.read, node_module.read_key
local try_key = node_module.try_key

local M = {}

---The last member of each name. Names that can not be read are left out; they raise when it is their turn.
local function last_by_key(s, object)
  local last, value = {}, s.values[object].child
  while value ~= 0 do
    local key = try_key(s, value)
    if key then last[key] = value end
    value = s.values[value].next
  end
  return last
end

-- From so many members on, looking each up by name would take too long.
local MANY = 32

local function start_fields(node)
  local s, index = live(node), node[INDEX]
  local many = C.dm_sample_count(s, index) > MANY
  local last = many and last_by_key(s, index)
  return { node = node, next = s.values[index].child, seen = {}, last = last, stamp = s.stamp }
end

---Goes to the next member. It may have been removed or replaced since the one before, so that its name counts.
local function each_field(state)
  local s = live(state.node)
  local seen, value = state.seen, state.next
  while value ~= 0 do
    state.next = s.values[value].next
    local key = read_key(s, value)
    if not seen[key] then
      seen[key] = true
      local last = state.last and state.stamp == s.stamp and state.last[key]
        or C.dm_sample_find(s, state.node[INDEX], key, #key)
      local got
      if last ~= 0 then got = read(s, last) end
      if got ~= nil then return key, got end
    end
    value = state.next
  end
end

local function start_elements(node)
  return { node = node, at = 0, i = 0 }
end

---Goes to the next element: its value, or 0 behind the last one. An element that was replaced leads to the one in
---its place.
local function next_element(state)
  local s, at = live(state.node), state.at
  if at == 0 then
    at = s.values[state.node[INDEX]].child
  else
    while at ~= 0 and s.values[at].gone == 1 do at = s.values[at].next end
    if at ~= 0 then at = s.values[at].next end
  end
  if at ~= 0 then
    state.at = at
    state.i = state.i + 1
  end
  return s, at
end

local function each_but_null(state)
  repeat
    local s, value = next_element(state)
    if value == 0 then return nil end
    local v = read(s, value)
    if v ~= nil then return state.i, v end
  until false
end

local function each_to_nil(state)
  local s, value = next_element(state)
  if value == 0 then return nil end
  local v = read(s, value)
  if v ~= nil then return state.i, v end
end

---The iterator over a node's members, without those that are null.
---@param node ffi.cdata*
---@return fun(state: table): any, any
---@return table state
function M.but_null(node)
  if is_array(node) then return each_but_null, start_elements(node) end
  return each_field, start_fields(node)
end

---The iterator over elements up to the first that is null, as ipairs has it.
---@param node ffi.cdata*
---@return fun(state: table): integer?, any
---@return table state
function M.to_nil(node)
  return each_to_nil, start_elements(node)
end

return M
