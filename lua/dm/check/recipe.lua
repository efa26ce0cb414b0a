-- What is wrong with a recipe in YAML itself, and what it says that has no effect here, and why.
local recipe = require "dm.recipe"

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list = {}
  for _, fault in ipairs(recipe.faults(plan.path)) do
    list[#list + 1] = { file = plan.path, line = fault.at.line, col = fault.at.col, severity = "error",
      message = fault.what .. (fault.next and "; " .. fault.next or "") }
  end
  for _, note in ipairs(recipe.notes(plan.path)) do
    list[#list + 1] = { file = plan.path, line = note.node.line, col = note.node.col, severity = "warning",
      message = note.what }
  end
  return list
end
