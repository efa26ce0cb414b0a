-- The pipeline file: its keys, their checks, and the operators that it names.
local base_op = require "dm.base_op"
local registry = require "dm.registry"
local sources = require "dm.sources"
local suggest = require "dm.suggest"
local units = require "dm.units"

local M = {}

---@class dm.Pipeline
---@field input string|string[] glob, directory, file or "-"
---@field output string directory ("clean/"), file, "clean/{file}" or "-"
---@field operators table[] { "name", key = value } or what dm.map, dm.filter, dm.slice return
---@field on_error "reject"|"fail"
---@field max_rejects integer rows that may be rejected before the exit status is 3
---@field limits table row_time, memory, row_size, depth
---@field split_size number bytes of input in a unit of work
---@field shard_size number bytes of a file in an output directory
local Pipeline = {}
Pipeline.__index = Pipeline

local DEFAULTS = {
  on_error = "reject",
  max_rejects = 0,
  split_size = "8MiB",
  shard_size = "1GiB",
}
local LIMITS = { row_time = "30s", memory = "2GiB", row_size = "32MiB", depth = 512 }
local KEYS = { "input", "output", "operators", "on_error", "max_rejects", "limits", "split_size", "shard_size" }
local LIMIT_KEYS = { "depth", "memory", "row_size", "row_time" }

local function known(list, name)
  for _, k in ipairs(list) do
    if k == name then return true end
  end
end

local function check_keys(given, list, what)
  for k in pairs(given) do
    if not known(list, k) then
      error(('%s has no key "%s"%s'):format(what, tostring(k), suggest.hint(tostring(k), list)), 0)
    end
  end
end

local function sized(name, v, convert)
  local n = convert(v)
  if not n or n <= 0 then error(('"%s" is not a value for %s'):format(tostring(v), name), 0) end
  return n
end

local function check_limits(given)
  check_keys(given, LIMIT_KEYS, "limits")
  local limits = {}
  for k, default in pairs(LIMITS) do limits[k] = given[k] or default end
  return {
    row_time = sized("limits.row_time", limits.row_time, units.milliseconds),
    memory = sized("limits.memory", limits.memory, units.bytes),
    row_size = sized("limits.row_size", limits.row_size, units.bytes),
    depth = sized("limits.depth", limits.depth, tonumber),
  }
end

---Makes a pipeline of its description; unknown keys and wrong values raise.
---@param given table
---@return dm.Pipeline
function M.new(given)
  check_keys(given, KEYS, "the pipeline")
  local p = setmetatable({}, Pipeline)
  for _, k in ipairs(KEYS) do
    p[k] = given[k]
    if p[k] == nil then p[k] = DEFAULTS[k] end
  end
  if p.on_error ~= "reject" and p.on_error ~= "fail" then
    error(('on_error must be "reject" or "fail", not "%s"'):format(tostring(p.on_error)), 0)
  end
  if type(p.operators) ~= "table" then
    error("the pipeline needs `operators = { ... }`; an empty list copies the input", 0)
  end
  p.max_rejects = tonumber(p.max_rejects) or error("max_rejects must be a number", 0)
  p.limits = check_limits(given.limits or {})
  p.limits.row_time_given = given.limits ~= nil and given.limits.row_time ~= nil
  p.split_size = sized("split_size", p.split_size, units.bytes)
  p.shard_size = sized("shard_size", p.shard_size, units.bytes)
  return p
end

---@param entry any an item of `operators`
---@param i integer its place
---@param make fun(class: table, given: table): dm.BaseOp
local function make_operator(entry, i, overrides, make)
  if type(entry) == "string" then entry = { entry } end
  if type(entry) == "table" and getmetatable(entry) and entry.execute then return entry end
  local name = type(entry) == "table" and entry[1]
  if type(name) ~= "string" then
    error(('operator %d must be { "name", key = value, ... } or dm.map, dm.filter, dm.slice'):format(i), 0)
  end
  local class, why = registry.get(name)
  if not class then error(why, 0) end
  local given = {}
  for k, v in pairs(entry) do
    if k ~= 1 then given[k] = v end
  end
  for k, v in pairs(overrides[name] or {}) do given[k] = v end
  return make(class, given)
end

local function new(class, given)
  return class(given)
end

---"3", "true", "null" and quoted text as Lua values; anything else is a string.
local function literal(text)
  if text == "true" or text == "false" then return text == "true" end
  if text == "null" then return require("dm.sample").null end
  return tonumber(text) or text:match '^"(.*)"$' or text
end

---@param settings string[] "OP.KEY=V" as --set takes them
local function parse_overrides(settings)
  local overrides = {}
  for _, s in ipairs(settings) do
    local name, key, value = s:match "^(.+)%.([%w_]+)=(.*)$"
    if not name then error(('--set takes OPERATOR.KEY=VALUE, not "%s"'):format(s), 0) end
    overrides[name] = overrides[name] or {}
    overrides[name][key] = literal(value)
  end
  return overrides
end

---Makes the operators. Raises a message for a person when one is unknown or its parameters are wrong.
---@param settings string[] from --set
---@param make (fun(class: table, given: table): dm.BaseOp)? makes one, instead of calling the class
function Pipeline:make_operators(settings, make)
  local overrides, ops, used = parse_overrides(settings), {}, {}
  for i, entry in ipairs(self.operators) do
    ops[i] = make_operator(entry, i, overrides, make or new)
    used[ops[i].name] = true
  end
  for name in pairs(overrides) do
    if not used[name] then error(('--set: the pipeline has no operator "%s"'):format(name), 0) end
  end
  return ops
end

---Evaluates a pipeline file (or text given with -e).
---@param path string
---@return dm.Pipeline
function M.load(path)
  local chunk, message = sources.load(path)
  if not chunk then error(message, 0) end
  return M.check(path, chunk(path))
end

---What a pipeline file returned, if it is a pipeline; raises if not.
---@param path string
---@param returned any
---@return dm.Pipeline
function M.check(path, returned)
  if getmetatable(returned) ~= Pipeline then
    error(path .. ": must return dm.pipeline { ... }", 0)
  end
  return returned
end

local function inline(parent, name, fn)
  if type(fn) ~= "function" then error(("dm.%s takes a function"):format(name), 3) end
  local info = debug.getinfo(fn, "S")
  local class = parent:extend {
    name = ("%s@%s:%d"):format(name, info.short_src:match "[^/]*$", info.linedefined),
    summary = "a function of the pipeline file",
  }
  function class:execute(sample) return fn(sample) end -- luacheck: ignore 212/self
  return class {}
end

---An operator of a function that edits the sample, or returns another.
function M.map(fn) return inline(base_op.Mapper, "map", fn) end

---An operator of a function that answers whether to keep the sample.
function M.filter(fn) return inline(base_op.Filter, "filter", fn) end

---An operator of a function that returns a list of samples.
function M.slice(fn) return inline(base_op.Slicer, "slice", fn) end

return M
