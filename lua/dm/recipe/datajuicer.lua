-- Recipes of Data-Juicer: what their keys mean here. Keys without a meaning here are named by `dmhost check`.
local dataset = require "dm.recipe.dataset"
local machine = require "dm.machine"
local operators = require "dm.recipe.operators"
local sorted_keys = require "dm.sorted_keys"
local suggest = require "dm.suggest"
local without_effect = require "dm.recipe.keys"
local yaml = require "dm.yaml"

local DEFAULT_EXPORT = "./outputs/hello_world/hello_world.jsonl"

---Keys that ask for what there is not.
local MISSING = {
  generated_dataset_config = "rows of nothing are not made here; write a JSONL file of them",
  export_aws_credentials = "nothing is written to S3 here; write a file, and copy it there",
}

---A scalar of the recipe that must be of a type.
local function expect(recipe, key, node, kind)
  local value = yaml.value(node, true)
  if type(value) == kind then return value end
  recipe:fail(node, ("%s must be a %s"):format(key.text, kind))
end

local function whole(recipe, key, node, least)
  local n = expect(recipe, key, node, "number")
  if n < least or n % 1 ~= 0 then recipe:fail(node, ("%s must be a whole number from %d"):format(key.text, least)) end
  return n
end

---What each key that has an effect does; nothing, for those that others look up.
local EFFECT = {}

---A path with what the recipe says in the place of {work_dir}.
local function fill(recipe, path)
  local folder = yaml.get(recipe.root, "work_dir")
  local name = folder and yaml.value(folder)
  if type(name) ~= "string" then return path end
  return (path:gsub("{work_dir}", { ["{work_dir}"] = name }))
end

function EFFECT.export_path(recipe, key, node)
  local path = fill(recipe, expect(recipe, key, node, "string"))
  local ending = path:match "%.([^./]+)$"
  local hole = path:match "{%a+_%a+}"
  if hole then recipe:fault(node, ("%s is not filled in here"):format(hole), "write the path itself") end
  if path:find "^s3://" then recipe:fault(node, "nothing is written to S3 here", "write a file, and copy it there") end
  if ending == "json" or ending == "parquet" then
    recipe:fault(node, ("%s is not written here, JSONL is"):format(ending),
      ("export_path: %s.jsonl, and `duckdb -c \"COPY (FROM 'x.jsonl') TO 'x.%s'\"` behind it"):format(
      path:gsub("%.[^.]+$", ""), ending))
  end
  if not recipe.given.shard_size then recipe:set("output", path, key, node) end
end

function EFFECT.export_type(recipe, _, node)
  local kind = yaml.value(node)
  if kind ~= "jsonl" and kind ~= require("dm.sample").null then
    recipe:fail(node, ("export_type can only be jsonl, not %s"):format(tostring(kind)),
      "duckdb -c \"COPY (FROM 'x.jsonl') TO 'x.parquet'\" makes Parquet of it")
  end
end

---Shards are the files of a folder, which is named like the file that there would be without.
function EFFECT.export_shard_size(recipe, key, node)
  local bytes = whole(recipe, key, node, 0)
  if bytes == 0 then return end
  local path, path_key = yaml.get(recipe.root, "export_path")
  local folder = (path and fill(recipe, yaml.value(path)) or DEFAULT_EXPORT):gsub("%.jsonl$", "") .. "/"
  recipe:set("shard_size", bytes, key, node)
  recipe:set("output", folder, path_key or key, path or node)
  recipe:note(key, ("shards are named %s00000.jsonl, %s00001.jsonl and so on"):format(folder, folder))
end

function EFFECT.np(recipe, key, node)
  recipe:set("workers", math.min(whole(recipe, key, node, 1), machine.processors()), key, node)
end

function EFFECT.skip_op_error(recipe, key, node)
  recipe:set("on_error", expect(recipe, key, node, "boolean") and "reject" or "fail", key, node)
end

-- Read by dm.recipe.dataset and dm.recipe.operators.
for _, name in ipairs { "dataset_path", "dataset", "suffixes", "process", "text_keys", "keep_stats_in_res_ds",
  "custom_operator_paths" } do
  EFFECT[name] = function() end
end

local function known_keys()
  local all = {}
  for _, list in ipairs { EFFECT, without_effect, MISSING } do
    for name in pairs(list) do all[name] = true end
  end
  return sorted_keys(all)
end

local function read_keys(recipe)
  for _, entry in ipairs(recipe.root.entries) do
    local key, name = entry.key, entry.key.text:gsub("-", "_")
    if EFFECT[name] then
      EFFECT[name](recipe, key, entry.value)
    elseif without_effect[name] then
      recipe:note(key, ("%s has no effect here: %s"):format(name, without_effect[name]))
    elseif MISSING[name] then
      recipe:fault(key, ("there is no %s here"):format(name), MISSING[name])
    else
      recipe:fault(key, ('a recipe has no key "%s"%s'):format(name, suggest.hint(name, known_keys())))
    end
  end
end

---Turns a recipe of Data-Juicer into a pipeline.
---@param recipe dm.Recipe
return function(recipe)
  recipe.given.output = DEFAULT_EXPORT
  read_keys(recipe)
  operators.read(recipe, dataset.read(recipe))
end
