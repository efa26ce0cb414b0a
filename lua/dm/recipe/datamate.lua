-- A task of DataMate, its process.yaml, as a pipeline: dataset.jsonl in, the files that it names read, operators, files
-- out. Keys that have no effect here are named by `dmhost check`; like DataMate, a run passes over them.
local FileExporter = require "dm.datamate.exporter"
local ReadFile = require "dm.datamate.read_file"
local null = require("dm.sample").null
local registry = require "dm.registry"
local task_module = require "dm.datamate.task"
local twins = require "dm.datamate.twins"
local yaml = require "dm.yaml"

---What a file may take: one that a command reads, or a large one. DataMate has no limit.
local ROW_TIME = "10min"

---Rows of dataset.jsonl are short and stand for whole files.
local SPLIT_SIZE = "16KiB"

---Files that fail have a row that says so: the task itself has not failed.
local ANY_NUMBER = 2 ^ 53

local KEYS = { dataset_id = true, instance_id = true, dataset_path = true, export_path = true, process = true,
  executor_type = true, kwargs = true }

---What a process of Ray reserves for an operator, and what asks for it here, where each worker runs all operators.
local RESERVED = { cpu = "cpus: N", memory = "memory: SIZE", gpu = "gpus: N", npu = "gpus: N", arch = false,
  storage = false }

---Parameters that DataMate's executor gives every operator.
local INTERNAL = { op_name = true, is_first_op = true, is_last_op = true, instance_id = true, twins = true }

local function text_of(recipe, name)
  local node = yaml.get(recipe.root, name)
  if not node then recipe:fail(recipe.root, ('a task needs the key "%s"'):format(name)) end
  if node.kind ~= "scalar" or node.text == "" then recipe:fail(node, name .. " must be a text") end
  return node.text
end

local function note_keys(recipe)
  for _, entry in ipairs(recipe.root.entries) do
    if not KEYS[entry.key.text] then recipe:note(entry.key, entry.key.text .. " has no effect here") end
  end
end

---The declared parameters of an operator by name; nil of one that can not be loaded, of which dm.pipeline tells why.
local function declared(name)
  local ok, class = pcall(registry.get, name)
  if not ok or not class then return nil end
  local list = {}
  for _, p in ipairs(class.params) do list[p[1]] = p end
  return list
end

---A parameter's value: forms send numbers as text.
local function value_of(param, node)
  local value = yaml.value(node)
  local wants_number = param and (param[2] == "number" or param[2] == "integer")
  return wants_number and type(value) == "string" and tonumber(value) or value
end

local function read_params(recipe, i, entry, params)
  local known = declared(entry[1])
  for _, given in ipairs(params.entries) do
    local name = given.key.text
    local param = known and known[name]
    if param or not known then
      entry[name] = value_of(param, given.value)
      recipe:place({ "operators", i, name }, given.key, given.value)
    elseif RESERVED[name] ~= nil then
      recipe:note(given.key, ("%s has no effect here: it is what a process of Ray reserves%s"):format(name,
        RESERVED[name] and ("; resources: {%s} asks for it here"):format(RESERVED[name]) or ""))
    elseif not INTERNAL[name] then
      recipe:note(given.key, ("%s has no effect: %s does not know it"):format(name, entry[1]))
    end
  end
end

---An item of `process`: an operator and its parameters. Of more keys than one DataMate takes the first.
local function read_operator(recipe, i, item)
  if item.kind ~= "map" or #item.entries == 0 then
    recipe:fail(item, "an item of process is one operator and its parameters", "for example `- ExtraSpaceCleaner: {}`")
  end
  local name, params = item.entries[1].key, item.entries[1].value
  local entry = { name.text }
  recipe:place({ "operators", i }, name, params)
  recipe:place({ "operators", i, 1 }, name, name)
  for k = 2, #item.entries do
    recipe:note(item.entries[k].key, "only the first operator of an item is run")
  end
  if params.kind == "map" then
    read_params(recipe, i, entry, params)
  elseif params.kind ~= "scalar" or yaml.value(params) ~= null then
    recipe:fail(params, ("the parameters of %s must be a map"):format(name.text))
  end
  return entry
end

---Turns a task into a pipeline.
---@param recipe dm.Recipe
return function(recipe)
  note_keys(recipe)
  local process, key = yaml.get(recipe.root, "process")
  if not process or process.kind ~= "list" then
    recipe:fail(process or recipe.root, "a task needs the key process, a list of operators",
      "for example `process: [{ExtraSpaceCleaner: {}}]`")
  end
  local export = text_of(recipe, "export_path"):gsub("(.)/+$", "%1")
  local task = { instance_id = text_of(recipe, "instance_id"), dataset_id = text_of(recipe, "dataset_id"),
    dataset_path = text_of(recipe, "dataset_path"), export = export, operators = {},
    duplicates = {} }
  task.folder = task_module.run_directory(recipe.path)
  task.staging = task_module.staging(export, task.instance_id)
  local list = { ReadFile { export_path = export, instance_id = task.instance_id, dataset_id = task.dataset_id,
    finished = task.folder .. "/finished" } }
  for i, item in ipairs(process) do
    local entry = read_operator(recipe, i + 1, item)
    list[i + 1], task.operators[i] = entry, entry[1]
    if entry[1] == "DuplicateFilesFilter" then
      task.duplicates[#task.duplicates + 1] = i + 1
      entry.twins = twins.decision(task.folder, #task.duplicates)
    end
  end
  list[#list + 1] = FileExporter { staging = task.staging }
  recipe.task = task
  recipe.given = { input = task.dataset_path, output = task.folder .. "/files.jsonl", max_rejects = ANY_NUMBER,
    limits = { row_time = ROW_TIME }, split_size = SPLIT_SIZE }
  recipe:set("operators", list, key, process)
end
