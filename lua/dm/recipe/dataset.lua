-- Which rows a recipe of Data-Juicer reads: `dataset_path`, or `dataset` with its configs; and `suffixes`.
local files = require "dm.files"
local mixture = require "dm.mixture"
local null = require("dm.sample").null
local suggest = require "dm.suggest"
local yaml = require "dm.yaml"

local M = {}

---Formats by suffix; what has another suffix is a text, and one row.
local FORMATS = { [".json"] = "json", [".jsonl"] = "json", [".ndjson"] = "json", [".zst"] = "json", [".gz"] = "json",
  [".parquet"] = "table", [".csv"] = "table", [".tsv"] = "table" }

---The words of a text as a shell would take them: blanks separate, quotes hold together.
---@param text string
---@return string[]? words nil when a quote has no end
local function split(text)
  local words, at = {}, text:match "^%s*()"
  while at <= #text do
    local word = ""
    while at <= #text and not text:find("^%s", at) do
      local quote = text:match("^[\"']", at)
      local last = quote and text:find(quote, at + 1, true)
      if quote and not last then return nil end
      word = word .. (quote and text:sub(at + 1, last - 1) or text:sub(at, at))
      at = (last or at) + 1
    end
    words[#words + 1] = word
    at = text:match("^%s*()", at)
  end
  return words
end

---A source of rows.
---@class dm.RecipeSource
---@field path string
---@field weight number
---@field node dm.YamlNode where it is written

---`dataset_path`: paths, each with a weight before it or not.
---@return dm.RecipeSource[]
local function read_path(recipe, node)
  local text = yaml.value(node)
  local words = type(text) == "string" and split(text)
  if not words then recipe:fail(node, "dataset_path must be a path, or several between blanks") end
  local list, weight, weighted = {}, 1, false
  for _, word in ipairs(words) do
    if tonumber(word) then
      weight, weighted = math.max(tonumber(word), 0), true
    else
      list[#list + 1] = { path = word, weight = weight, node = node }
      weight = 1
    end
  end
  if #list == 0 then recipe:fail(node, "dataset_path names no file") end
  if weighted then
    recipe:note(node, "weights in dataset_path have no effect, as in Data-Juicer: they need `dataset` and "
      .. "max_sample_num")
  end
  return list
end

local CONFIG_KEYS = { "path", "source", "type", "weight" }

---One of `configs`.
---@return dm.RecipeSource? nil: it can not be read here
local function read_config(recipe, node)
  if node.kind ~= "map" then recipe:fail(node, "a config of dataset is a map, as {type: local, path: a.jsonl}") end
  local kind = yaml.get(node, "type")
  local name_of_kind = kind and yaml.value(kind)
  if kind and name_of_kind ~= "local" and name_of_kind ~= "ondisk" then -- its other keys are of that type
    recipe:fault(kind, ("a dataset of type %s is not read here"):format(tostring(name_of_kind)),
      "fetch it first, and name its files: type: local")
    return nil
  end
  local source = { weight = 1 }
  for _, entry in ipairs(node.entries) do
    local name, value = entry.key.text, yaml.value(entry.value, true)
    if name == "path" then
      source.path, source.node = value, entry.value
    elseif name == "weight" then
      source.weight = value
      if type(value) ~= "number" or value < 0 then recipe:fail(entry.value, "a weight must be a number from 0") end
    elseif name ~= "type" and name ~= "source" then
      recipe:fault(entry.key, ('a local dataset has no key "%s"%s'):format(name, suggest.hint(name, CONFIG_KEYS)))
    end
  end
  if type(source.path) ~= "string" then recipe:fail(source.node or node, "a dataset needs a path") end
  return source
end

---`dataset`: its sources, and how many rows they give together.
---@return dm.RecipeSource[]
---@return integer? total
local function read_dataset(recipe, node)
  local configs, total_node = yaml.get(node, "configs"), yaml.get(node, "max_sample_num")
  if not configs or configs.kind ~= "list" or #configs == 0 then
    recipe:fail(configs or node, "dataset must have a list `configs`",
      "for example dataset: {configs: [{type: local, path: a.jsonl}]}")
  end
  for _, entry in ipairs(node.entries) do
    if entry.key.text ~= "configs" and entry.key.text ~= "max_sample_num" then
      recipe:fault(entry.key, ('dataset has no key "%s"'):format(entry.key.text))
    end
  end
  local list = {}
  for _, config in ipairs(configs) do list[#list + 1] = read_config(recipe, config) end
  local total = total_node and yaml.value(total_node)
  if total_node and (type(total) ~= "number" or total < 1 or total % 1 ~= 0) then
    recipe:fail(total_node, "max_sample_num must be a whole number from 1")
  end
  return list, total
end

---`suffixes`, as endings that begin with a dot.
---@return string[]?
local function read_suffixes(recipe)
  local node, key = yaml.get(recipe.root, "suffixes")
  local value = node and yaml.value(node)
  if value == nil or value == null then return nil end
  if type(value) == "string" then value = { value } end
  local list = {}
  for i, suffix in ipairs(type(value) == "table" and value or { 0 }) do
    if type(suffix) ~= "string" then recipe:fail(node, "suffixes must be a list of endings, as .jsonl") end
    list[i] = (suffix:sub(1, 1) == "." and suffix or "." .. suffix):lower()
  end
  if #list == 0 then return nil end
  recipe:set("suffixes", list, key, node)
  return list
end

local function format_of(name)
  local suffix = name:lower():match "%.[^./]+$"
  return not suffix and "json" or FORMATS[suffix] or "text"
end

---What the files are: JSON, or texts. Data-Juicer takes the format that most files have, and leaves out the others.
local function find_format(recipe, list, suffixes)
  local found, node
  local function add(name, at)
    local format = format_of(name)
    if format == "table" then
      recipe:fail(at, ("%s is not read here"):format(name:match "%.[^.]+$" or name),
        "duckdb -c \"COPY (FROM 'x.parquet') TO 'x.jsonl'\" makes JSONL of it")
    end
    if found and found ~= format then recipe:fail(at, "texts and JSON can not be read by one run") end
    found, node = format, at
  end
  for _, suffix in ipairs(suffixes or {}) do add(suffix, (yaml.get(recipe.root, "suffixes"))) end
  for _, source in ipairs(list) do
    if not suffixes or source.path:find "%.[^./]+$" then add(source.path, source.node) end
  end
  return found, node
end

local function paths_of(list)
  local paths = {}
  for i, source in ipairs(list) do paths[i] = source.path end
  return paths
end

---A mixture of the sources.
local function mix(recipe, list, total, node)
  local parts, sum = { total = total }, 0
  for i, source in ipairs(list) do
    parts[i] = { source.path, weight = source.weight }
    sum = sum + source.weight
  end
  if sum == 0 then recipe:fail(node, "no dataset has a weight above 0") end
  return mixture.new(parts)
end

---@param recipe dm.Recipe
---@return boolean texts whether the rows are texts
function M.read(recipe)
  local suffixes = read_suffixes(recipe)
  local node, key = yaml.get(recipe.root, "dataset_path")
  local structured, its_key = yaml.get(recipe.root, "dataset")
  local list, total ---@type dm.RecipeSource[], integer?
  local is_path = node and yaml.value(node) ~= null and yaml.value(node) ~= ""
  if is_path then
    list = read_path(recipe, node)
    if structured then recipe:note(its_key, "dataset has no effect beside dataset_path, as in Data-Juicer") end
  elseif structured and structured.kind == "map" then
    node, key = structured, its_key
    list, total = read_dataset(recipe, structured)
    if #list == 0 then return false end
  elseif structured and (structured.kind ~= "list" and yaml.value(structured) ~= null or #structured > 0) then
    recipe:fail(structured, "dataset must be a map with a list `configs`",
      "for example dataset: {configs: [{type: local, path: a.jsonl}]}")
  else
    return false -- -i names it
  end
  local texts = find_format(recipe, list, suffixes) == "text"
  if texts and total then recipe:fail(node, "texts can not be mixed by weight", "make a JSONL of each set first") end
  local input = total and mix(recipe, list, total, node) or paths_of(list)
  recipe:set("input", texts and files.new(input, { content = true }) or input, key, node)
  for i, source in ipairs(list) do recipe:place({ "input", i }, source.node, source.node) end
  return texts
end

return M
