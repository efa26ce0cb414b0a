-- Pipelines that other tools write as YAML: a recipe of Data-Juicer, a task of DataMate. One is turned into the table
-- that dm.pipeline takes, and from there on is a pipeline like any other. It remembers where each entry of that table
-- is written, so that whatever is wrong is shown in the YAML file.
local problem = require "dm.problem"
local sources = require "dm.sources"

local M = {}

---@class dm.Recipe
---@field path string
---@field text string of the file
---@field root dm.YamlNode
---@field given table what dm.pipeline gets
---@field places table<string, { key: dm.YamlNode, value: dm.YamlNode }> by path of the entry, its steps joined by NUL
---@field faults dm.Problem[] what is wrong, beside what ends the reading at once
---@field notes { node: dm.YamlNode, what: string }[] what has no effect here, and why
---@field task dm.DataMateTask? of a task of DataMate
local Recipe = {}
Recipe.__index = Recipe

---@type table<string, dm.Recipe> by path; the last that was read of each
local known = {}

---Whether a pipeline of this name is YAML.
---@param path string
---@return boolean
function M.is(path)
  return path:find "%.ya?ml$" ~= nil
end

local function name_of(entry)
  local steps = {}
  for i, step in ipairs(entry) do steps[i] = tostring(step) end
  return table.concat(steps, "\0")
end

---Raises an error about something in the file.
---@param node dm.YamlNode
---@param what string
---@param next_step string?
function Recipe:fail(node, what, next_step)
  problem.raise(what, { at = problem.place(self.path, node.line, node.col, node.size), next = next_step })
end

---Notes that something in the file is wrong; what else is wrong is to be told too.
---@param node dm.YamlNode
---@param what string
---@param next_step string?
function Recipe:fault(node, what, next_step)
  self.faults[#self.faults + 1] = problem.new(what, { next = next_step,
    at = problem.place(self.path, node.line, node.col, node.size) })
end

---Notes that something in the file has no effect.
---@param node dm.YamlNode
---@param what string
function Recipe:note(node, what)
  self.notes[#self.notes + 1] = { node = node, what = what }
end

---Notes where an entry of the pipeline's table is written.
---@param entry (string|integer)[]
---@param key dm.YamlNode
---@param value dm.YamlNode
function Recipe:place(entry, key, value)
  self.places[name_of(entry)] = { key = key, value = value }
end

---Sets a key of the pipeline, and notes where it is written.
---@param name string
---@param made any
---@param key dm.YamlNode
---@param value dm.YamlNode
function Recipe:set(name, made, key, value)
  self.given[name] = made
  self:place({ name }, key, value)
end

---Whose file this is, by its keys: a module dm.recipe.*. DataMate's back end writes ids.
local function kind_of(recipe)
  local get = require("dm.yaml").get
  local executor = get(recipe.root, "executor_type")
  if get(recipe.root, "instance_id") or executor and executor.text == "datamate" then return "datamate" end
  if get(recipe.root, "process") then return "datajuicer" end
  recipe:fail(recipe.root, 'this is no recipe of Data-Juicer and no task of DataMate: there is no key "process"',
    "a pipeline is a Lua file, or YAML with `process: [...]`")
end

---Reads the file and turns it into a pipeline's table.
---@param path string
---@return dm.Recipe
function M.read(path)
  local text, why = sources.read(path)
  if not text then problem.raise("cannot read the pipeline " .. why) end
  local recipe = known[path]
  if recipe and recipe.text == text then return recipe end
  local root = require("dm.yaml").parse(path, text) or { kind = "scalar", line = 1, col = 1, size = 1, text = "" }
  recipe = setmetatable({ path = path, text = text, root = root, given = {}, places = {},
    faults = {}, notes = {} }, Recipe)
  require("dm.recipe." .. kind_of(recipe))(recipe)
  known[path] = recipe
  return recipe
end

---A function that does what the chunk of a Lua pipeline would do: it hands the table to dm.pipeline.
---@param path string
---@param lenient boolean? whether what is wrong is passed over where that can be; see M.faults
---@return fun(): dm.Pipeline
function M.chunk(path, lenient)
  return function()
    local recipe = M.read(path)
    if recipe.faults[1] and not lenient then error(recipe.faults[1], 0) end
    return require("dm").pipeline(recipe.given)
  end
end

---Where an entry of the pipeline's table is written, or what is around it.
---@param path string of the file
---@param entry (string|integer)[]
---@param value boolean? of the value, not of its key
---@return dm.YamlNode?
function M.word(path, entry, value)
  local recipe = known[path]
  if not recipe then return nil end
  for n = #entry, 1, -1 do
    local place = recipe.places[name_of { unpack(entry, 1, n) }]
    if place then return (value or n < #entry) and place.value or place.key end
  end
  return recipe.root
end

---Ends what was started to understand a recipe and is not needed to run it: workers start their own.
function M.release()
  local process = package.loaded["dm.datajuicer.process"]
  if process then process.stop() end
end

---What is wrong with the file; empty of a pipeline in Lua.
---@param path string
---@return dm.Problem[]
function M.faults(path)
  return known[path] and known[path].faults or {}
end

---What a task of DataMate says of itself; nil of any other pipeline.
---@param path string
---@return dm.DataMateTask?
function M.task(path)
  return known[path] and known[path].task
end

---What in the file has no effect; empty of a pipeline in Lua.
---@param path string
---@return { node: dm.YamlNode, what: string }[]
function M.notes(path)
  return known[path] and known[path].notes or {}
end

return M
