-- What keeps the pipeline from being read at all: syntax, errors of the file itself, what it returns.
local guard = require "dm.check.guard"

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  if not plan.fault then return {} end
  local message, file, line, col = guard.describe(plan.fault)
  return { { file = file or plan.path, line = line or 1, col = col, severity = "error", message = message } }
end
