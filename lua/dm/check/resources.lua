-- What the operators need in all, and limits that leave them less.
local child = require "dm.child"
local guard = require "dm.check.guard"
local pipeline = require "dm.pipeline"
local resources = require "dm.resources"

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local ops, asked = {}, false
  for _, entry in ipairs(plan.entries) do
    ops[#ops + 1] = entry.op
    asked = asked or entry.op and entry.op.resources ~= nil
  end
  if not asked then return {} end
  local needed = resources.sum(ops)
  child.tell { needed = resources.show(needed) }
  local p = plan.limited
  if not p then return {} end
  p.resources = needed
  local fits, why = pcall(pipeline.fit_memory, p)
  if fits then return {} end
  local at = p.memory_set and { file = plan.path, line = 1 } or plan:place({ "limits", "memory" }, true)
  return { { file = at.file, line = at.line, col = at.col, severity = "error", message = (guard.describe(why)) } }
end
