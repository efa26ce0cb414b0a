-- Keys and values of the table that dm.pipeline is given. Each is shown to dm.pipeline alone, so that all that it
-- refuses is told and not the first only.
local guard = require "dm.check.guard"
local pipeline = require "dm.pipeline"
local sorted_keys = require "dm.sorted_keys"

local function is_refused(given)
  local ok, e = pcall(pipeline.new, given)
  return not ok and (guard.describe(e))
end

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list = {}
  local function try(given, path, value)
    local message = is_refused(given)
    if not message then return end
    local at = plan:place(path, value)
    list[#list + 1] = { file = at.file, line = at.line, col = at.col, severity = "error", message = message }
  end
  if plan.calls == 0 then return list end
  if type(plan.given) ~= "table" then
    try(plan.given, {})
    return list
  end
  if type(plan.given.operators) ~= "table" then try({ operators = plan.given.operators }, { "operators" }, true) end
  for _, k in ipairs(sorted_keys(plan.given)) do
    local v = plan.given[k]
    if k == "limits" and type(v) == "table" then
      for _, name in ipairs(sorted_keys(v)) do
        try({ operators = {}, limits = { [name] = v[name] } }, { "limits", name })
      end
    elseif k ~= "operators" then
      try({ operators = {}, [k] = v }, { k })
    end
  end
  return list
end
