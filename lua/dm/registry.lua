-- Finds operators by name: those in the binary (ops/<kind>/<name>.lua), those of the user (ops/user/ and
-- every --ops folder), and those registered by hand as DataMate's OPERATORS does.
local problem = require "dm.problem"
local sources = require "dm.sources"
local suggest = require "dm.suggest"

local M = {}

local registered = {}  -- name -> class or module path
local folders = { "ops/user" }
local paths = setmetatable({}, { __mode = "k" }) -- class -> its file

---Adds a folder in which operators are looked for, unless it is one already.
---@param folder string
function M.add_folder(folder)
  for _, known in ipairs(folders) do
    if known == folder then return end
  end
  folders[#folders + 1] = folder
end

---@return table<string, string> name -> path in the binary
local function builtin()
  local list = {}
  for _, path in ipairs(sources.embedded_under "ops/") do
    local kind, name = path:match "^ops/([%w_]+)/([%w_]+)%.lua$"
    if kind then list[name] = path end
  end
  return list
end

---The places where a user's operator of that name may stand.
local function candidates(name)
  local list = {}
  for _, folder in ipairs(folders) do
    local nested = name:gsub("%.", "/")
    list[#list + 1] = folder .. "/" .. nested .. ".lua"
    if nested ~= name then list[#list + 1] = folder .. "/" .. name .. ".lua" end
    list[#list + 1] = folder .. "/" .. name .. "/process.lua"
  end
  return list
end

---Runs the text of an operator's file; for who wants to know which file is at work.
---@param path string
---@param fn fun(...): any
---@return any
function M.within(path, fn, ...) -- luacheck: ignore 212/path
  return fn(...)
end

local function evaluate(path)
  local chunk, message = sources.load(path)
  if not chunk then error(message, 0) end
  return chunk(path)
end

local function load_class(path, name)
  return M.add(path, M.within(path, evaluate, path), name)
end

---Makes known what an operator's file returned.
---@param path string
---@param class any
---@param name string? default: what the class says
---@return table class
function M.add(path, class, name)
  if type(class) ~= "table" or not class.execute or not class.make then
    problem.raise(("%s returns %s, not an operator"):format(path, class == nil and "nothing" or "a " .. type(class)),
      { next = "the file ends with `return X`, X being what Mapper:extend { ... } made; see `dmhost help operators`" })
  end
  registered[name or class.name] = class
  paths[class] = path
  return class
end

---The file that a class was loaded from; of one in the binary its path there.
---@param class table
---@return string?
function M.path(class)
  return paths[class]
end

---Has operators that were loaded from these files looked for again when they are next asked for.
---@param changed table<string, boolean> by path
function M.forget(changed)
  for name, entry in pairs(registered) do
    if type(entry) == "table" and changed[paths[entry]] then registered[name] = nil end
  end
end

---What is registered now, and back to it: for who tries out other operators.
---@return table<string, any>
function M.snapshot()
  local copy = {}
  for name, entry in pairs(registered) do copy[name] = entry end
  return copy
end

---@param snapshot table<string, any> of M.snapshot
function M.restore(snapshot)
  registered = snapshot
end

---The operator class of that name.
---@param name string
---@return table? class
---@return string? why there is none
---@return string? what to do
function M.get(name)
  local entry = registered[name]
  if type(entry) == "table" then return entry end
  if entry then
    local class = require(entry)
    registered[name] = class
    return class
  end
  local found = {}
  local own = builtin()[name]
  if own then found[1] = own end
  for _, path in ipairs(candidates(name)) do
    if sources.exists(path) then found[#found + 1] = path end
  end
  if #found > 1 then
    return nil, ('two operators are named "%s": %s and %s'):format(name, found[1], found[2]), "rename one of them"
  end
  if own then
    registered[name] = require(own:gsub("%.lua$", ""):gsub("/", "."))
    paths[registered[name]] = own
    return registered[name]
  end
  if found[1] then return load_class(found[1], name) end
  return nil, ('no operator is named "%s"%s'):format(name, suggest.hint(name, M.names())),
    "`dmhost ops` lists those of dmhost; yours were looked for in " .. table.concat(folders, ", ")
      .. "; --ops DIR adds a folder"
end

---Names of the operators in the binary, sorted.
---@return string[]
function M.builtin_names()
  local list = {}
  for name in pairs(builtin()) do list[#list + 1] = name end
  table.sort(list)
  return list
end

---Names of all registered and built-in operators, sorted.
---@return string[]
function M.names()
  local seen, list = {}, {}
  for name in pairs(builtin()) do seen[name] = true end
  for name in pairs(registered) do seen[name] = true end
  for name in pairs(seen) do list[#list + 1] = name end
  table.sort(list)
  return list
end

---DataMate's registry: OPERATORS.register_module{ module_name =, module_path = [, force = true] }.
---module_path is what `require` takes, or a class. The same pair twice is fine.
M.OPERATORS = {
  ---@param spec { module_name: string, module_path: string|table, force: boolean? }
  ---@return string|table module_path
  register_module = function(spec)
    local name, path = spec.module_name, spec.module_path
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
      error(('"%s" is not a name for an operator'):format(tostring(name)), 2)
    end
    if registered[name] ~= nil and registered[name] ~= path and not spec.force then
      error(('an operator "%s" is registered already; force = true replaces it'):format(name), 2)
    end
    registered[name] = path
    return path
  end,
  get = function(name) return (M.get(name)) end,
}

return M
