-- Samples as operators see them: a node stands for an object or array inside a sample and reads and edits
-- it where it lies, in C. A node is a small cdata by value (dm.sample.node).
local ffi = require "ffi"
local bigint = require "dm.sample.bigint"
local each = require "dm.sample.each"
local encode = require "dm.sample.encode"
local node_module = require "dm.sample.node"

local C = ffi.C
local ffi_string = ffi.string
local array, null = encode.array, encode.null
local GENERATION, INDEX, node_t = node_module.GENERATION, node_module.INDEX, node_module.node_t
local check, live, is_node, is_array = node_module.check, node_module.live, node_module.is_node, node_module.is_array
local read, read_number = node_module.read, node_module.read_number

local DM_NULL, DM_FALSE, DM_TRUE, DM_NUMBER, DM_ARRAY = C.DM_NULL, C.DM_FALSE, C.DM_TRUE, C.DM_NUMBER, C.DM_ARRAY
local MAX_CACHED, MAX_KEPT = 512, 2 ^ 18

local err = node_module.err
local span = ffi.new "struct dm_span"
local number = ffi.new "double[1]"
local buffer = ffi.new "struct dm_buf"

local M = { array = array, null = null }

-- What was read last under each key of the sample in each slot. What is noted holds while the sample's stamp is the
-- same, and the value for as long as the field is the same value of the tree. Not kept are containers, whose nodes
-- become stale between operators, and long strings of samples that Lua made: one for each slot would stay for good.
local cache, cached = {}, 0
local numbers_t, indices_t = ffi.typeof "double[128]", ffi.typeof "uint32_t[128]"

local function new_entry(key)
  if cached == MAX_CACHED then cache, cached = {}, 0 end
  local entry = { stamp = numbers_t(), node = indices_t(), index = indices_t(), parsed = numbers_t(), value = {} }
  for slot = 1, C.DM_SLOTS do entry.value[slot] = false end
  cache[key] = entry
  cached = cached + 1
  return entry
end

local function is_kept(slot, v) return slot < C.DM_SLOTS / 2 or type(v) ~= "string" or #v <= MAX_KEPT end

local function forget(entry, slot) entry.value[slot + 1], entry.parsed[slot], entry.stamp[slot] = false, 0, 0 end

local function fetch(s, node, key)
  local value = C.dm_sample_find(s, node, key, #key)
  if value == 0 then return nil end
  local kind = s.values[value].kind
  if kind >= DM_ARRAY then return node_t(s, s.generation, value) end
  if kind == DM_NULL then return nil end
  local entry, slot = cache[key] or new_entry(key), s.slot
  if value ~= entry.index[slot] or s.parsed ~= entry.parsed[slot] then
    forget(entry, slot)
    local v = read(s, value)
    if not is_kept(slot, v) then return v end
    entry.value[slot + 1] = v
    entry.index[slot] = value
    entry.parsed[slot] = s.parsed
  end
  entry.node[slot] = node
  entry.stamp[slot] = s.stamp
  return entry.value[slot + 1]
end

local function get_field(node, key)
  local s = live(node)
  local entry, slot = cache[key], s.slot
  if entry and entry.stamp[slot] == s.stamp and entry.node[slot] == node[INDEX] then
    return entry.value[slot + 1]
  end
  return fetch(s, node[INDEX], key)
end

local function get_element(node, i)
  local s = live(node)
  local value = C.dm_sample_at(s, node[INDEX], i)
  if value == 0 then return nil end
  return read(s, value)
end

---What stands at a path in a node, or nil: keys of members, and numbers of elements from 1, with "/" between.
---Quicker than one after the other.
---@param node ffi.cdata*
---@param path string as "choices/1/message"
---@return any
function M.at(node, path)
  local s = live(node)
  local value = C.dm_sample_follow(s, node[INDEX], path, #path)
  if value == 0 then return nil end
  return read(s, value)
end

---What stands at several paths, as M.at finds it. A loop, which LuaJIT compiles whoever calls this.
---@param node ffi.cdata*
---@param paths string[]
---@param found table gets the values, under the same numbers
function M.pick(node, paths, found)
  local s = live(node)
  for i = 1, #paths do
    local path = paths[i]
    local value = C.dm_sample_follow(s, node[INDEX], path, #path)
    if value == 0 then found[i] = nil else found[i] = read(s, value) end
  end
end

local function get(node, key)
  if type(key) == "string" then return get_field(node, key) end
  if type(key) == "number" then return get_element(node, key) end
  return nil
end

---Appends the JSON of what encode does not know itself: nodes and big integers.
local function encode_cdata(v, out)
  if is_node(v) then
    check(C.dm_sample_write_value(live(v), v[INDEX], out, err))
  elseif bigint.is(v) then
    local digits = bigint.digits(v)
    check(C.dm_json_add(out, digits, #digits, err))
  else
    error("a " .. tostring(ffi.typeof(v)) .. " can not be written as JSON", 0)
  end
end

---The JSON of any value, in a buffer that the next call reuses.
local function to_json(v)
  buffer.n = 0
  encode.append(buffer, v, encode_cdata)
  return buffer.p, buffer.n
end

---Makes a value of the tree that is in no container yet.
local function make(s, v)
  local t = type(v)
  if t == "string" then return check(C.dm_sample_make_string(s, v, #v, err)) end
  if t == "number" then return check(C.dm_sample_make_number(s, v, err)) end
  if t == "boolean" then return check(C.dm_sample_make_word(s, v and DM_TRUE or DM_FALSE, err)) end
  if rawequal(v, null) then return check(C.dm_sample_make_word(s, DM_NULL, err)) end
  local p, n = to_json(v)
  return check(C.dm_sample_make_json(s, p, n, err))
end

---The same for nodes, of which a copy would part from edits made later, and for big integers.
local function is_same_cdata(s, value, v)
  if is_node(v) then return live(v) == s and v[INDEX] == value end
  if s.values[value].kind ~= DM_NUMBER or not bigint.is(v) then return false end
  local same = read_number(s, value)
  return bigint.is(same) and same == v
end

---Whether a value of the tree is v already, so that writing it would only change its spelling.
local function is_same(s, value, v)
  local kind, t = s.values[value].kind, type(v)
  if t == "string" then return C.dm_sample_is_string(s, value, v, #v) == 1 end
  if t == "number" then
    return kind == DM_NUMBER and C.dm_sample_number(s, value, number, err) == 0 and number[0] == v
      and 1 / number[0] == 1 / v
  end
  if t == "boolean" then return kind == (v and DM_TRUE or DM_FALSE) end
  if t == "cdata" then return is_same_cdata(s, value, v) end
  return kind == DM_NULL and rawequal(v, null)
end

local function set_field(node, key, v)
  local s, index = live(node), node[INDEX]
  if v == nil then
    C.dm_sample_remove(s, index, key, #key)
    return
  end
  local entry, slot = cache[key], s.slot
  if entry and entry.stamp[slot] == s.stamp and entry.node[slot] == index and type(v) == "string" then
    if rawequal(entry.value[slot + 1], v) then return end
  else
    local old = C.dm_sample_find(s, index, key, #key)
    if old ~= 0 and is_same(s, old, v) then return end
  end
  local value = make(s, v)
  check(C.dm_sample_put(s, index, key, #key, value, err))
  if type(v) == "string" and not is_kept(slot, v) then
    if entry then forget(entry, slot) end
  elseif type(v) == "string" then
    entry = entry or new_entry(key)
    entry.value[slot + 1], entry.index[slot], entry.node[slot] = v, value, index
    entry.parsed[slot], entry.stamp[slot] = s.parsed, s.stamp
  end
end

local function set_element(node, i, v)
  local s, index = live(node), node[INDEX]
  local old = C.dm_sample_at(s, index, i)
  if v == nil then
    if old == 0 then return end
    if i == C.dm_sample_count(s, index) then
      C.dm_sample_pop(s, index)
      return
    end
    v = null
  end
  if old ~= 0 and is_same(s, old, v) then return end
  check(C.dm_sample_put_at(s, index, i, make(s, v), err))
end

local function set(node, key, v)
  if type(key) == "string" then return set_field(node, key, v) end
  if type(key) == "number" then return set_element(node, key, v) end
  error("a field's name must be a string, not a " .. type(key), 0)
end

---Iterates over a node's members in file order, without those that are null; over a plain table as pairs.
---@param node ffi.cdata*|table
function M.each(node)
  if not is_node(node) then return pairs(node) end
  return each.but_null(node)
end

local function to_string(node)
  check(C.dm_sample_raw(live(node), node[INDEX], span, err))
  return ffi_string(span.p, span.n)
end

ffi.metatype(node_t, {
  __index = get,
  __newindex = set,
  __tostring = to_string,
  __pairs = M.each,
  __ipairs = each.to_nil,
  __len = function(node)
    return is_array(node) and C.dm_sample_count(live(node), node[INDEX]) or 0
  end,
  __eq = function(a, b)
    return is_node(a) and is_node(b) and a[GENERATION] == b[GENERATION] and a[INDEX] == b[INDEX]
  end,
})

---The node of a sample that C holds.
---@param s ffi.cdata* struct dm_sample *
function M.root(s)
  return node_t(s, s.generation, 0)
end

-- Bytes in samples that Lua made and the collector has not seen, since it knows of the nodes only, and at how many it
-- runs: as many as live then, so that it does not look through all of them for a few.
local COLLECT_AT = 16 * 1024 * 1024
local unseen, collect_at = 0, COLLECT_AT

local function make_sample(depth, p, n)
  if unseen > collect_at then
    collectgarbage()
    unseen, collect_at = 0, math.max(COLLECT_AT, C.dm_sample_alive())
  end
  local s = C.dm_sample_make(p, n, depth, err)
  if s == nil then error(ffi_string(err.text), 0) end
  unseen = unseen + s.weight
  return ffi.gc(M.root(s), C.dm_sample_release)
end

---A new sample of a table. It lives for as long as the value returned here; parts of it do not keep it.
---@param t table
function M.sample(t)
  if type(t) ~= "table" then error("dm.sample needs a table, not a " .. type(t), 0) end
  return make_sample(0, to_json(t))
end

---The same of a JSON text without newlines.
---@param text string
function M.parse(text) return make_sample(0, text, #text) end

---Hands the node of a JSON text without newlines to a function, and takes it back at once, so that the collector has
---nothing to do with it. Raises what the function does.
---@param text string
---@param take fun(node: ffi.cdata*): any, any, any
---@return boolean read
---@return any value what `take` returned; else why it is not JSON
---@return any second
---@return any third
function M.within(text, take)
  local s = C.dm_sample_make(text, #text, 0, err)
  if s == nil then return false, ffi_string(err.text) end
  local node = M.root(s)
  local ok, value, second, third = pcall(take, node)
  C.dm_sample_release(node)
  if not ok then error(value, 0) end
  return true, value, second, third
end

---A copy of a sample, or of an object or array in it, that outlives execute. It lives as dm.sample's.
---@param node ffi.cdata*|table
function M.clone(node)
  return make_sample(is_node(node) and live(node).depth or 0, to_json(node))
end

---Gives back what dm.sample or dm.clone made; nodes of it are stale from then on.
---@param node ffi.cdata*
function M.release(node)
  if not is_node(node) then error("only what dm.sample or dm.clone made can be released", 2) end
  C.dm_sample_release(node)
end

---The C sample that a node is of, and the node's number in it. Raises when the node is stale.
---@param node ffi.cdata*
---@return ffi.cdata* struct dm_sample *
---@return integer
function M.inside(node)
  return live(node), node[INDEX]
end

---A plain table with the content of a node; null becomes nil. Other values are returned as they are.
---@param node any
function M.totable(node)
  if not is_node(node) then return node end
  local t = is_array(node) and array {} or {}
  for k, v in M.each(node) do t[k] = M.totable(v) end
  return t
end

---The bytes of a field as they stand in the row, or nil.
---@param node ffi.cdata*
---@param key string|number
---@return string?
function M.raw(node, key)
  local s = live(node)
  local value
  if type(key) == "number" then
    value = C.dm_sample_at(s, node[INDEX], key)
  else
    value = C.dm_sample_find(s, node[INDEX], key, #key)
  end
  if value == 0 then return nil end
  check(C.dm_sample_raw(s, value, span, err))
  return ffi_string(span.p, span.n)
end

---Writes a member of one object into another, spelled as it is there.
---@param node ffi.cdata* an object
---@param from ffi.cdata* another
---@param key string
function M.copy(node, from, key)
  local s, text = live(node), M.raw(from, key)
  check(C.dm_sample_put(s, node[INDEX], key, #key, check(C.dm_sample_make_json(s, text, #text, err)), err))
end

---The names of an object's members in file order, those that are null too, each once. Names that can not be read are
---left out.
---@param node ffi.cdata*
---@return string[]
function M.names(node)
  local s, list, seen = live(node), {}, {}
  local value = s.values[node[INDEX]].child
  while value ~= 0 do
    local name = node_module.try_key(s, value)
    if name and not seen[name] then
      seen[name] = true
      list[#list + 1] = name
    end
    value = s.values[value].next
  end
  return list
end

---Any value as JSON, keys sorted.
---@param v any
---@return string
function M.json(v)
  local p, n = to_json(v)
  return ffi_string(p, n)
end

---Whether any value is a node of a sample, and whether a node is an array.
---@type fun(v: any): boolean
M.is_node, M.is_array = is_node, is_array

return M
