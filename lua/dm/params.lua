-- Checks what a pipeline gives an operator against the operator's declared parameters.
-- A declaration is { name, type, default =, doc =, min =, max =, one_of =, required =, fault =, only_default = }.
local problem = require "dm.problem"
local sorted_keys = require "dm.sorted_keys"
local suggest = require "dm.suggest"

local M = {}

---@class dm.Param
---@field [1] string name
---@field [2] string type: string, integer, number, boolean, list, map, function or any; several with | between
---@field default any
---@field doc string what it means, for people
---@field min number? least value
---@field max number? greatest value
---@field one_of any[]? the only values allowed
---@field required boolean?
---@field fault (fun(v: any): string?)? says what is wrong with a value
---@field only_default string? why no value but the default is taken; for parameters of a peer that we do not have

local matches = {
  string = function(v) return type(v) == "string" end,
  integer = function(v) return type(v) == "number" and (v % 1 == 0 or v == math.huge) end,
  number = function(v) return type(v) == "number" and v == v end,
  boolean = function(v) return type(v) == "boolean" end,
  list = function(v) return type(v) == "table" and (next(v) == nil or v[1] ~= nil) end,
  map = function(v) return type(v) == "table" and v[1] == nil end,
  ["function"] = function(v) return type(v) == "function" end,
  any = function() return true end,
}

---A value as a message names it.
local function show(v)
  if type(v) == "string" then return ("%q"):format(v) end
  if type(v) == "number" or type(v) == "boolean" then return tostring(v) end
  return "a " .. type(v)
end

local function matches_any(kinds, v)
  for kind in kinds:gmatch "[^|]+" do
    local is = matches[kind] or problem.raise(
      ('a parameter is declared with the type "%s", which there is not'):format(kind),
      { next = "types are string, integer, number, boolean, list, map, function, any; | stands between several" })
    if is(v) then return true end
  end
  return false
end

---@param param dm.Param
---@return string? what is wrong
local function fault(param, v)
  local name, kind = param[1], param[2]
  if not matches_any(kind, v) then
    return ('parameter "%s" must be of type %s, not %s'):format(name, (kind:gsub("|", " or ")), show(v))
  end
  if param.only_default and v ~= param.default then
    return ('parameter "%s" can only be %s: %s'):format(name, show(param.default), param.only_default)
  end
  if param.min and v < param.min then
    return ('parameter "%s" must be at least %s, not %s'):format(name, param.min, show(v))
  end
  if param.max and v > param.max then
    return ('parameter "%s" must be at most %s, not %s'):format(name, param.max, show(v))
  end
  if param.one_of then
    for _, allowed in ipairs(param.one_of) do
      if v == allowed then return nil end
    end
    local list = {}
    for i, allowed in ipairs(param.one_of) do list[i] = show(allowed) end
    return ('parameter "%s" must be one of %s, not %s%s'):format(name, table.concat(list, ", "), show(v),
      type(v) == "string" and suggest.hint(v, param.one_of) or "")
  end
  local wrong = param.fault and param.fault(v)
  return wrong and ('parameter "%s": %s'):format(name, wrong)
end

---Fills defaults and checks types, ranges and unknown names.
---A value of dm.null means "none" and is accepted for every parameter; the operator sees nil.
---@param declared dm.Param[]
---@param given table<string, any>
---@param null any dm.null
---@return table<string, any>? values by name
---@return string? what is wrong, for a person
---@return string? name of the parameter that it is about
---@return boolean? its value is wrong, not its name
function M.check(declared, given, null)
  local by_name, values = {}, {}
  for _, param in ipairs(declared) do
    by_name[param[1]] = param
    values[param[1]] = param.default
  end
  for _, name in ipairs(sorted_keys(given)) do
    local param, v = by_name[name], given[name]
    if not param then
      return nil, ('has no parameter "%s"%s'):format(name, suggest.hint(name, sorted_keys(by_name))), name
    end
    if rawequal(v, null) then
      values[name] = nil
    else
      local wrong = fault(param, v)
      if wrong then return nil, wrong, name, true end
      values[name] = v
    end
  end
  for _, param in ipairs(declared) do
    if param.required and given[param[1]] == nil then
      return nil, ('needs the parameter "%s": %s'):format(param[1], param.doc), param[1]
    end
  end
  return values
end

return M
