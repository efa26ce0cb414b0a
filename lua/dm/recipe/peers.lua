-- Operators of a recipe that dmhost does not have: they are run by the user's own Data-Juicer, whose interpreter the
-- environment variable DM_DATAJUICER_PYTHON names. What that says of them is remembered with the run's sources, so that
-- workers need not ask again, and so that another version is noticed when a run is resumed.
local embedded = require "dm.embedded"
local json = require "dm.json"
local registry = require "dm.registry"
local sample = require "dm.sample"
local sorted_keys = require "dm.sorted_keys"
local sources = require "dm.sources"
local suggest = require "dm.suggest"

local M = {}

local VARIABLE = "DM_DATAJUICER_PYTHON"

---An operator of a recipe.
---@class dm.RecipeItem
---@field name dm.YamlNode
---@field params dm.YamlNode?
---@field class table?
---@field words string? folder of its word lists, where the recipe names none
---@field why string? what of it we have not, though it is ours
---@field registered string? the name under which the registry has it, if that is another one
---@field faulty boolean? nobody can run it

---Kinds that see rows one by one, or many at once but each for itself, and those that see the whole corpus; others are
---not for rows.
local KINDS = { mapper = true, filter = true, slicer = true, deduplicator = true, selector = true, grouper = true,
  aggregator = true }

---Kind of each operator that Data-Juicer had when this was written.
---@return table<string, string>
local function known_names()
  local kinds = {}
  for line in embedded.read("lua/dm/datajuicer/names.txt"):gmatch "[^\n]+" do
    local kind, names = line:match "^(%l+): (.*)$"
    for name in (names or ""):gmatch "%S+" do kinds[name] = kind end
  end
  return kinds
end

---Names for "did you mean": ours and Data-Juicer's.
local function all_names(theirs)
  local list = registry.names()
  for _, name in ipairs(theirs) do list[#list + 1] = name end
  table.sort(list)
  return list
end

---"a, b and c", each once.
local function listed(items)
  local list, seen = {}, {}
  for _, item in ipairs(items) do
    if not seen[item.name.text] then list[#list + 1] = item.name.text end
    seen[item.name.text] = true
  end
  local last = table.remove(list)
  return #list > 0 and table.concat(list, ", ") .. " and " .. last or last
end

---Refuses an operator that Data-Juicer can not run for us.
---@return boolean? refused
local function refuse_unfit(recipe, item, kind)
  local name = item.name.text
  if not KINDS[kind] then
    recipe:fault(item.name, ('%s is of the kind "%s", which Data-Juicer can not run for dmhost'):format(name, kind),
      "take it out, and run it on the output with Data-Juicer itself")
  elseif kind == "deduplicator" and name:find "^ray_" then
    recipe:fault(item.name, ("%s is for Data-Juicer's Ray executor"):format(name),
      "document_deduplicator and document_minhash_deduplicator do it in one process")
  else
    return false
  end
  item.faulty = true
  return true
end

local WAY_OUT = VARIABLE
  .. "=/path/to/venv/bin/python names the Python that it is installed in; or take out what needs it"

---Tells of all that need Data-Juicer at the first of them, and why each other one does.
local function tell_missing(recipe, items)
  for i, item in ipairs(items) do
    local why = item.why and (" (%s)"):format(item.why) or ""
    if i == 1 then
      recipe:fault(item.name, ("this recipe needs your Data-Juicer for %s%s"):format(listed(items), why), WAY_OUT)
    else
      recipe:fault(item.name, ("%s needs your Data-Juicer too%s"):format(item.name.text, why))
    end
  end
end

---Without Data-Juicer there is nobody to run them.
local function refuse(recipe, items)
  local kinds, theirs = known_names(), {}
  local names = sorted_keys(kinds)
  for _, item in ipairs(items) do
    local name = item.name.text
    local kind = kinds[name]
    item.faulty = true
    if not kind and not item.why then
      recipe:fault(item.name, ('no operator is named "%s"%s'):format(name, suggest.hint(name, all_names(names))),
        "`dmhost ops` lists those of dmhost; for one of your own in Python set " .. VARIABLE)
    elseif item.why or not refuse_unfit(recipe, item, kind) then
      theirs[#theirs + 1] = item
    end
  end
  tell_missing(recipe, theirs)
end

---What Data-Juicer says of the operators.
---@return { version: string, operators: table, names: string[] }
local function describe(python, items, paths)
  local seen = {}
  for _, item in ipairs(items) do seen[item.name.text] = true end
  local names = sorted_keys(seen)
  local what = ("Data-Juicer of %s: %s"):format(python, table.concat(names, ", "))
  return json.decode(sources.made(what, function()
    local request = { describe = sample.array(names), paths = sample.array(paths) }
    return tostring(require("dm.datajuicer.process").ask(python, request))
  end))
end

---Makes the class of an operator known, unless there is no such one or it can not be had.
local function add(recipe, item, said, python, paths)
  local name = item.name.text
  local about = said.operators[name]
  if not about then
    item.faulty = true
    recipe:fault(item.name, ('no operator is named "%s"%s'):format(name, suggest.hint(name, all_names(said.names))),
      ("neither dmhost nor Data-Juicer %s has one"):format(said.version))
    return
  end
  if refuse_unfit(recipe, item, about.kind) then return end
  item.class = require("dm.datajuicer.operator").class(name, about, python, paths)
  item.registered = item.why and name .. " of Data-Juicer" or name
  registry.add(python, item.class, item.registered)
end

---Has a change of the user's Python be noticed when a run is resumed.
local function note_files(path)
  local files = path:find "%.py$" and { path } or sources.list(path, "%.py$") or {}
  for _, file in ipairs(files) do sources.fingerprint(file) end
end

---Has operators that are not ours run by Data-Juicer.
---@param recipe dm.Recipe
---@param items dm.RecipeItem[]
---@param paths string[] of the user's Python files
function M.find(recipe, items, paths)
  if #items == 0 then return end
  local python = sources.made(VARIABLE, function() return os.getenv(VARIABLE) or "" end)
  if python == "" then return refuse(recipe, items) end
  for _, path in ipairs(paths) do note_files(path) end
  local ok, said = pcall(describe, python, items, paths)
  if not ok then
    for _, item in ipairs(items) do item.faulty = true end
    return recipe:fault(items[1].name,
      ("Data-Juicer can not be asked about %s: %s"):format(listed(items), tostring(said)),
      ("%s is %s; is Data-Juicer installed there?"):format(VARIABLE, python))
  end
  for _, item in ipairs(items) do add(recipe, item, said, python, paths) end
end

return M
