-- Globals in the user's files: names that nothing declares, and assignments, which make a value outlive its row and be
-- shared by all operators of a worker. Read off the bytecode.
local bytecode = require "dm.check.bytecode"
local locate = require "dm.problem.locate"
local suggest = require "dm.suggest"

local function column(text, use)
  local words = locate.words(text)
  for i, w in ipairs(words) do
    local before = words[i - 1]
    local is_field = before and before.kind == "sign" and (before.text == "." or before.text == ":")
    if w.line == use.line and w.kind == "name" and w.text == use.name and not is_field then return w.col end
  end
end

---Names that may have been meant: globals, and locals of the file.
local function candidates(plan, text)
  local list = {}
  for name in pairs(plan.globals) do list[#list + 1] = name end
  for name in text:gmatch "local%s+([%a_][%w_]*)" do
    if name ~= "function" then list[#list + 1] = name end
  end
  for name in text:gmatch "local%s+function%s+([%a_][%w_]*)" do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function undeclared(plan, file, name)
  if name == "dm" then return 'undeclared global "dm"; begin the file with: local dm = require "dm"' end
  return ('undeclared global "%s"%s'):format(name, suggest.hint(name, candidates(plan, file.text)))
end

local function uses_of(file)
  local chunk = loadstring(file.text, "@" .. file.path)
  return chunk and bytecode.globals(chunk) or {}
end

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list, assigned, seen = {}, {}, {}
  for _, file in ipairs(plan.files) do
    for _, use in ipairs(uses_of(file)) do
      if use.set then assigned[use.name] = true end
    end
  end
  for _, file in ipairs(plan.files) do
    for _, use in ipairs(uses_of(file)) do
      local message
      if use.set then
        message = ('assignment to global "%s"; write `local %s`: globals are shared by all rows and operators'):format(
          use.name, use.name)
      elseif not plan.globals[use.name] and not assigned[use.name] then
        message = undeclared(plan, file, use.name)
      end
      local key = file.path .. ":" .. use.line .. use.name .. tostring(use.set)
      if message and not seen[key] then
        seen[key] = true
        list[#list + 1] = { file = file.path, line = use.line, col = column(file.text, use),
          severity = use.set and "warning" or "error", message = message }
      end
    end
  end
  return list
end
