-- What a recipe in YAML says that has no effect here, and why.
local recipe = require "dm.recipe"

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list = {}
  for _, note in ipairs(recipe.notes(plan.path)) do
    list[#list + 1] = { file = plan.path, line = note.node.line, col = note.node.col, severity = "warning",
      message = note.what }
  end
  return list
end
