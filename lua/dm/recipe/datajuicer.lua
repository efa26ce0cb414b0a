-- Recipes of Data-Juicer: what their keys mean here. Keys without a meaning here are named by `dmhost check`.
local dataset = require "dm.recipe.dataset"
local ffi = require "ffi"
local operators = require "dm.recipe.operators"
local sorted_keys = require "dm.sorted_keys"
local suggest = require "dm.suggest"
local yaml = require "dm.yaml"

local DEFAULT_EXPORT = "./outputs/hello_world/hello_world.jsonl"

---Keys of which the value makes no difference here, and why.
local WITHOUT_EFFECT = {
  project_name = "a label",
  executor_type = "where a run takes place is said by --engine",
  ray_address = "where a run takes place is said by --engine",
  work_dir = "what a run leaves is kept beside its output: see `dmhost help running`",
  validators = "what is wrong with a row rejects that row; `dmhost check` tries the first ones",
  export_in_parallel = "workers always write in parallel",
  export_extra_args = "it is for writers of Ray",
  image_key = "media are not read",
  image_bytes_key = "media are not read",
  image_special_token = "media are not read",
  audio_key = "media are not read",
  audio_special_token = "media are not read",
  video_key = "media are not read",
  video_special_token = "media are not read",
  eoc_special_token = "media are not read",
  turbo = "an error costs one row, at full speed",
  use_cache = "operators are not cached one by one; --resume goes on with a run",
  ds_cache_dir = "operators are not cached one by one; --resume goes on with a run",
  cache_compress = "operators are not cached one by one; --resume goes on with a run",
  temp_dir = "there are no copies between operators",
  use_checkpoint = "every run can be resumed, with --resume",
  open_monitor = "the closing table and run.json tell what each operator took",
  open_tracer = "ledger.jsonl has every row that was dropped, and why; `dmhost try` shows what is changed",
  op_list_to_trace = "ledger.jsonl has every row that was dropped, and why; `dmhost try` shows what is changed",
  trace_num = "ledger.jsonl has every row that was dropped, and why; `dmhost try` shows what is changed",
  open_insight_mining = "statistics between operators are not kept",
  op_list_to_mine = "statistics between operators are not kept",
  op_fusion = "operators share words and lines of a text without it",
  fusion_strategy = "operators share words and lines of a text without it",
  adaptive_batch_size = "rows go through operators in batches of 64",
  percentiles = "it is for dj-analyze",
  export_original_dataset = "it is for dj-analyze",
  save_stats_in_one_file = "it is for dj-analyze",
  auto = "it is for dj-analyze",
  auto_num = "it is for dj-analyze",
  hpo_config = "it is for the search of parameters",
  data_probe_algo = "it is for the sandbox; --sample takes a share of the rows",
  data_probe_ratio = "it is for the sandbox; --sample takes a share of the rows",
  debug = "errors are always told in full",
}

---Keys that ask for what there is not.
local MISSING = {
  generated_dataset_config = "rows of nothing are not made here; write a JSONL file of them",
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

---What each key that has an effect does; nil stands for those that others look up.
local EFFECT = {}

function EFFECT.export_path(recipe, key, node)
  recipe:set("output", expect(recipe, key, node, "string"), key, node)
end

function EFFECT.export_type(recipe, _, node)
  local kind = yaml.value(node)
  if kind ~= "jsonl" and kind ~= require("dm.sample").null then
    recipe:fail(node, ("export_type can only be jsonl, not %s"):format(tostring(kind)),
      "duckdb -c \"COPY (FROM 'x.jsonl') TO 'x.parquet'\" makes Parquet of it")
  end
end

function EFFECT.np(recipe, key, node)
  recipe:set("workers", math.min(whole(recipe, key, node, 1), ffi.C.dm_processors()), key, node)
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
  for _, list in ipairs { EFFECT, WITHOUT_EFFECT, MISSING } do
    for name in pairs(list) do all[name] = true end
  end
  return sorted_keys(all)
end

local function read_keys(recipe)
  for _, entry in ipairs(recipe.root.entries) do
    local key, name = entry.key, entry.key.text:gsub("-", "_")
    if EFFECT[name] then
      EFFECT[name](recipe, key, entry.value)
    elseif WITHOUT_EFFECT[name] then
      recipe:note(key, ("%s has no effect here: %s"):format(name, WITHOUT_EFFECT[name]))
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
  dataset.read(recipe)
  operators.read(recipe)
end
