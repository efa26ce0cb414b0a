-- Fields that an operator reads by a constant name and that no row of the sample has when it gets there: misspelt, or
-- removed by an operator before it.
local bytecode = require "dm.check.bytecode"
local locate = require "dm.problem.locate"
local path = require "dm.path"
local sources = require "dm.sources"
local suggest = require "dm.suggest"

---The function that dm.map and the like were given.
local function inline_function(op)
  for i = 1, 10 do
    local name, value = debug.getupvalue(op.execute, i)
    if name == "fn" then return value end
  end
end

---What an operator reads and writes. `sample` is argument 1 behind self, or the first of a function of the pipeline.
local function uses_of(entry)
  local op, list = entry.op, {}
  if entry.inline then return bytecode.fields(inline_function(op), 0) end
  for _, method in ipairs { "execute", "measure", "build_llm_prompt", "parse" } do
    if type(op[method]) == "function" then
      for _, use in ipairs(bytecode.fields(op[method], 1, op)) do list[#list + 1] = use end
    end
  end
  return list
end

local function key_of(steps) return table.concat(steps, "\0") end
local function shown(steps) return table.concat(steps, ".") end

---Names of the fields beside a path.
local function neighbours(fields, steps)
  local prefix, list = key_of { unpack(steps, 1, #steps - 1) }, {}
  prefix = prefix ~= "" and prefix .. "\0" or ""
  for name in pairs(fields) do
    if name:sub(1, #prefix) == prefix and not name:find("\0", #prefix + 1, true) then
      list[#list + 1] = name:sub(#prefix + 1)
    end
  end
  table.sort(list)
  return list
end

---Fields that operators up to a place write, as far as their code tells; everything below such a field counts as there.
local function is_written(written, steps)
  for n = 1, #steps do
    if written[key_of { unpack(steps, 1, n) }] then return true end
  end
end

---The operator that took the field away, of those before operator i.
local function remover(plan, i, key)
  for k = i - 1, 1, -1 do
    if plan.stages.outcomes[k].removed[key] then return plan.entries[k] end
  end
end

local function explain(plan, entry, fields, steps)
  local key = key_of(steps)
  local gone = remover(plan, entry.i, key)
  if gone then return ('field "%s" is gone after operator %d, %s'):format(shown(steps), gone.i, gone.name), "error" end
  local names = neighbours(fields, steps)
  local near = suggest.nearest(steps[#steps], names)
  local what = ('no row of the sample (%d) has a field "%s"'):format(plan.stages.rows, shown(steps))
  if near then return ('%s; did you mean "%s"?'):format(what, near), "error" end
  if #names > 8 then names = { unpack(names, 1, 8), "..." } end
  return what .. (#names > 0 and "; they have " .. table.concat(names, ", ") or ""), "warning"
end

---The place of a field's name in a user's file, or that of the operator.
local function place(plan, entry, use, steps)
  local text = use.file == plan.path and plan.text
  if not text and use.file:find "%.lua$" and not use.file:find "^lua/dm/" and not use.file:find "^ops/%w+/[%w_]+%.lua$"
  then
    text = sources.exists(use.file) and sources.read(use.file)
  end
  if use.through or not text then
    return use.through and entry.given and entry.given.text_key and plan:place_of(entry, "text_key") or entry.at, true
  end
  local word = locate.word(text, use.line, steps[#steps])
  return { file = use.file, line = use.line, col = word and word.text == steps[#steps] and word.col or nil }
end

---The steps of what an operator reads; nil for what is not judged.
local function steps_of(entry, use, fields)
  if not use.through then return use.path end
  local key = entry.op.text_key
  return fields[key] and { key } or path.split(key)
end

---Whether it can be told that a field is missing: its object is there, and the field is not.
local function is_missing(fields, written, steps)
  if #steps == 0 or fields[key_of(steps)] or is_written(written, steps) then return false end
  return #steps == 1 or fields[key_of { unpack(steps, 1, #steps - 1) }] == "object"
end

---Parameters that name a field to be read.
local function named_fields(entry)
  local given = entry.given or {}
  return type(given.field_key) == "string" and given.field_key ~= "" and { path.split(given.field_key) } or {}
end

local function check_entry(plan, entry, fields, written, list)
  local uses, seen = uses_of(entry), {}
  for _, use in ipairs(uses) do
    if use.set then written[key_of(use.path)] = true end
  end
  local function judge(steps, at)
    if seen[at.line .. key_of(steps)] or not is_missing(fields, written, steps) then return end
    seen[at.line .. key_of(steps)] = true
    local message, severity = explain(plan, entry, fields, steps)
    if severity == "warning" and plan.stages.outcomes[entry.i].unsure then return end
    if at == entry.at then message = entry.name .. ": " .. message end
    list[#list + 1] = { file = at.file, line = at.line, col = at.col, severity = severity, message = message,
      op = entry.i }
  end
  for _, use in ipairs(uses) do
    local steps = steps_of(entry, use, fields)
    local at, in_pipeline = place(plan, entry, use, steps)
    if not use.set and (use.through or not in_pipeline) then judge(steps, at) end
  end
  for _, steps in ipairs(named_fields(entry)) do judge(steps, plan:place_of(entry, "field_key")) end
end

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list, written = {}, {}
  if plan.stages.rows == 0 then return list end
  for i, entry in ipairs(plan.entries) do
    if entry.op then check_entry(plan, entry, plan.stages.before[i].fields, written, list) end
  end
  return list
end
