-- The operators of a recipe of Data-Juicer, and what it says for all of them.
local null = require("dm.sample").null
local registry = require "dm.registry"
local yaml = require "dm.yaml"

local M = {}

---The names of the fields that hold text; the first is the one that operators work on.
local function text_keys(recipe)
  local node = yaml.get(recipe.root, "text_keys")
  local value = node and yaml.value(node) or "text"
  if value == null then return {} end
  if type(value) == "string" then return { value } end
  for _, name in ipairs(type(value) == "table" and value or { 0 }) do
    if type(name) ~= "string" then recipe:fail(node, "text_keys must be the name of a field, or a list of such") end
  end
  return value
end

---What the recipe says for every operator that does not say otherwise.
local function defaults(recipe, keys)
  local list = { text_key = keys[1] }
  local node = yaml.get(recipe.root, "keep_stats_in_res_ds")
  if node then list.keep_stats_in_res_ds = yaml.value(node) end
  return list
end

---An item of `process`: { name: parameters }, or the name alone.
---@return dm.YamlNode name
---@return dm.YamlNode? parameters nil: none
local function read_item(recipe, item)
  if item.kind == "scalar" then return item end
  if item.kind ~= "map" or #item.entries ~= 1 then
    recipe:fail(item, "an item of process is one operator and its parameters",
      "for example `- text_length_filter: {min_len: 100}`")
  end
  local name, params = item.entries[1].key, item.entries[1].value
  if params.kind == "scalar" and yaml.value(params) == null then return name end
  if params.kind ~= "map" then
    recipe:fail(params, ("the parameters of %s must be a map"):format(name.text),
      "for example `- text_length_filter: {min_len: 100}`")
  end
  return name, params
end

---Whether an operator takes a parameter. One that can not be loaded takes none; dm.pipeline tells why.
local function takes(name, parameter)
  local ok, class = pcall(registry.get, name)
  for _, p in ipairs(ok and class and class.params or {}) do
    if p[1] == parameter then return true end
  end
  return false
end

local function read_operator(recipe, i, item, general)
  local name, params = read_item(recipe, item)
  local entry = { name.text }
  recipe:place({ "operators", i }, name, params or name)
  recipe:place({ "operators", i, 1 }, name, name)
  for _, given in ipairs(params and params.entries or {}) do
    entry[given.key.text] = yaml.value(given.value, true)
    recipe:place({ "operators", i, given.key.text }, given.key, given.value)
  end
  for parameter, value in pairs(general) do
    if entry[parameter] == nil and takes(name.text, parameter) then entry[parameter] = value end
  end
  return entry
end

---@param recipe dm.Recipe
function M.read(recipe)
  local node, key = yaml.get(recipe.root, "process")
  if node.kind ~= "list" then
    recipe:fail(node, "process must be a list of operators", "for example `- text_length_filter: {min_len: 100}`")
  end
  local list, general = {}, defaults(recipe, text_keys(recipe))
  for i, item in ipairs(node) do list[i] = read_operator(recipe, i, item, general) end
  recipe:set("operators", list, key, node)
end

return M
