-- The operators of a recipe of Data-Juicer, and what it says for all of them.
local assets = require "dm.recipe.assets"
local disk = require "dm.disk"
local export = require "dm.recipe.export"
local null = require("dm.sample").null
local peers = require "dm.recipe.peers"
local registry = require "dm.registry"
local sorted_keys = require "dm.sorted_keys"
local sources = require "dm.sources"
local suggest = require "dm.suggest"
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

---The folders in which `custom_operator_paths` has us look for operators in Lua, and the files and packages that are
---Data-Juicer's.
---@return string[] paths of Python
local function read_paths(recipe)
  local node = yaml.get(recipe.root, "custom_operator_paths")
  local value, python = node and yaml.value(node), {}
  if value == nil or value == null then return python end
  if type(value) == "string" then value = { value } end
  local wrong = "custom_operator_paths must be a path, or a list of them"
  if type(value) ~= "table" or node.kind == "map" then recipe:fail(node, wrong) end
  for _, path in ipairs(value) do
    if type(path) ~= "string" then recipe:fail(node, wrong) end
    if path:find "%.lua$" then
      registry.add_folder(disk.folder_of(path))
    elseif path:find "%.py$" or sources.exists(path .. "/__init__.py") then
      python[#python + 1] = path
    else
      registry.add_folder(path)
    end
  end
  return python
end

---The class of a name, if it is ours; one that can not be loaded is, and dm.pipeline tells what is wrong with it.
---@return boolean ours
---@return table? class
local function find(name)
  local ok, class = pcall(registry.get, name)
  return not ok or class ~= nil, ok and class or nil
end

---The folder of word lists of an operator that looks for them in Data-Juicer's when it is told no other.
---@return string? folder
---@return string? why there is none
local function word_lists(class, params)
  local name = class and class.list_param
  if not name or params and yaml.get(params, name) then return nil end
  local found, why = assets.word_lists(class.list_kind)
  return found, why and ("%s names the folder of its words; %s"):format(name, why)
end

---What of the parameters our operator does not do, though Data-Juicer's does.
---@return string?
local function lacking(class, params)
  for _, p in ipairs(class and params and class.params or {}) do
    local given = p.only_default and yaml.get(params, p[1])
    if given and yaml.value(given, true) ~= p.default and yaml.value(given) ~= null then
      return ("%s: %s"):format(p[1], p.only_default)
    end
  end
end

---@return dm.RecipeItem[] all
---@return dm.RecipeItem[] those that are not ours
local function read_items(recipe, node)
  local items, theirs = {}, {}
  for i, item in ipairs(node) do
    local name, params = read_item(recipe, item)
    local ours, class = find(name.text)
    local words, wordless = word_lists(class, params)
    items[i] = { name = name, params = params, class = class, words = words, why = lacking(class, params) or wordless }
    if not ours or items[i].why then theirs[#theirs + 1] = items[i] end
  end
  return items, theirs
end

---Adds what the recipe says for all operators, as far as this one takes it.
local function add_general(entry, class, general)
  for _, p in ipairs(class and class.params or {}) do
    local name = p[1]
    if general[name] ~= nil and entry[name] == nil then entry[name] = general[name] end
  end
end

local function set_of(names)
  local set = {}
  for name in names:gmatch "%S+" do set[name] = true end
  return set
end

---Parameters that tell Data-Juicer how to run an operator, and others that it takes for every one.
local RUNNING = set_of [[num_proc batch_size work_dir cpu_required gpu_required mem_required num_cpus num_gpus memory
  runtime_env turbo skip_op_error auto_op_parallelism ray_execution_mode]]
local GENERAL = set_of [[image_bytes_key system_key instruction_key prompt_key query_key response_key history_key
  index_key image_special_token audio_special_token video_special_token eoc_special_token stats_export_path]]

---Whether a parameter is for the operator. Data-Juicer passes over those that an operator does not know, and so do we,
---and tell; but one that looks like a slip is left for dm.pipeline to refuse.
local function is_for(recipe, item, key)
  local known, name = {}, key.text
  for _, p in ipairs(item.class.params) do known[p[1]] = true end
  if known[name] then return true end
  if RUNNING[name] then
    recipe:note(key, ("%s has no effect here: -j, limits and resources say how operators run"):format(name))
  elseif GENERAL[name] or not suggest.nearest(name, sorted_keys(known)) then
    recipe:note(key, ("%s has no effect: %s has no such parameter"):format(name, item.name.text))
  else
    return true
  end
  return false
end

---The entry of dm.pipeline's list.
local function entry_of(recipe, i, item, general)
  local name, params = item.name, item.params
  local entry = { item.registered or name.text }
  recipe:place({ "operators", i }, name, params or name)
  recipe:place({ "operators", i, 1 }, name, name)
  for _, given in ipairs(params and params.entries or {}) do
    if not item.class or is_for(recipe, item, given.key) then
      entry[given.key.text] = yaml.value(given.value, true)
      recipe:place({ "operators", i, given.key.text }, given.key, given.value)
    end
  end
  if item.words and not item.registered then entry[item.class.list_param] = item.words end
  add_general(entry, item.class, general)
  return entry
end

local function has(items, name)
  for _, item in ipairs(items) do
    if item.name.text == name then return true end
  end
  return false
end

---Whether an operator may ask for what filters before it measured, as those that choose from all rows do.
local function asks_for_stats(items)
  for _, item in ipairs(items) do
    if item.class and item.class.whole_corpus then return true end
  end
  return false
end

---@param recipe dm.Recipe
---@param texts boolean whether the rows are texts, of which Data-Juicer keeps nothing but the text
function M.read(recipe, texts)
  local node, key = yaml.get(recipe.root, "process")
  if node.kind ~= "list" then
    recipe:fail(node, "process must be a list of operators", "for example `- text_length_filter: {min_len: 100}`")
  end
  local keys, paths = text_keys(recipe), read_paths(recipe)
  local items, theirs = read_items(recipe, node)
  peers.find(recipe, theirs, paths)
  local list, general = export.first(keys, texts, has(items, "suffix_filter")), defaults(recipe, keys)
  local keep_stats = general.keep_stats_in_res_ds == true
  if asks_for_stats(items) then general.keep_stats_in_res_ds = true end
  for _, item in ipairs(items) do
    if not item.faulty then list[#list + 1] = entry_of(recipe, #list + 1, item, general) end
  end
  if #theirs > 0 and not keep_stats then list[#list + 1] = export.last() end
  recipe:set("operators", list, key, node)
end

return M
