-- Operators that do not exist, parameters that they do not have or refuse, and those that fail when they are made,
-- for instance because a resource is missing.
local guard = require "dm.check.guard"
local null = require("dm.sample").null
local params = require "dm.params"
local sorted_keys = require "dm.sorted_keys"

local function without_required(declared)
  local list = {}
  for i, p in ipairs(declared) do list[i] = setmetatable({ required = false }, { __index = p }) end
  return list
end

---Each parameter alone, then those that are required: parameter, what is wrong.
local function parameter_faults(entry)
  local list, lenient = {}, without_required(entry.class.params)
  for _, name in ipairs(sorted_keys(entry.given)) do
    local wrong
    if type(name) == "string" then
      wrong = select(2, params.check(lenient, { [name] = entry.given[name] }, null))
    else
      wrong = ("takes `key = value` only; value %s has no key"):format(tostring(name))
    end
    if wrong then list[#list + 1] = { name, wrong } end
  end
  for _, p in ipairs(entry.class.params) do
    if p.required and entry.given[p[1]] == nil then
      local _, wrong = params.check({ p }, {}, null)
      list[#list + 1] = { nil, wrong }
    end
  end
  return list
end

---A place in a file of the user, or else in the pipeline.
local function fault_of(entry)
  local message, file, line, col = guard.describe(entry.fault)
  if file and line then return { file = file, line = line, col = col, severity = "error", message = message } end
  return { file = entry.at.file, line = entry.at.line, col = entry.at.col, severity = "error", message = message }
end

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list = {}
  if plan.set_fault then
    list[1] = { file = plan.path, line = 1, severity = "error", message = (guard.describe(plan.set_fault)) }
  end
  for _, entry in ipairs(plan.entries) do
    local wrong = entry.class and entry.given and parameter_faults(entry) or {}
    for _, fault in ipairs(wrong) do
      local set = fault[1] and entry.set[fault[1]] ~= nil
      local at = fault[1] and not set and plan:place_of(entry, fault[1]) or entry.at
      list[#list + 1] = { file = at.file, line = at.line, col = at.col, severity = "error",
        message = (set and "--set: " or "") .. entry.name .. " " .. fault[2] }
    end
    if entry.fault and #wrong == 0 then list[#list + 1] = fault_of(entry) end
  end
  return list
end
