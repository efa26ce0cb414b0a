-- What was made of which files: each unit (a pipeline, an operator, a module) by its path, and the files that it read
-- or required while it was at work. So that a changed file makes anew what hangs on it, and nothing else.
local fault = require "dm.trace.fault"
local registry = require "dm.registry"
local sources = require "dm.sources"

local M = {}

local uses = {}    -- unit -> set of paths
local units = {}   -- stack of the units at work
local modules = {} -- name -> path of a module that was read from disk

local function note(path)
  local unit = units[#units]
  if not unit then return end
  uses[unit] = uses[unit] or {}
  uses[unit][path] = true
end

---Runs fn with `unit` as what is at work. Raises what fn raises.
---@param unit string?
---@param fn fun(...): any, any
---@return any, any what fn returned
function M.within(unit, fn, ...)
  local depth = #units
  if unit then uses[unit] = uses[unit] or {} end
  units[depth + 1] = unit or units[depth]
  local ok, result, more = xpcall(fn, fault.handler, ...)
  for i = #units, depth + 1, -1 do units[i] = nil end
  if not ok then error(result, 0) end
  return result, more
end

---Makes `unit` what is at work from now on, until the next call.
---@param unit string?
function M.at(unit)
  units[1] = unit
end

-- Every `require` of user code, also of what is loaded already.
local function watch_require()
  local native = require
  function _G.require(name) -- luacheck: ignore 122
    if package.loaded[name] ~= nil then
      if modules[name] then note(modules[name]) end
      return package.loaded[name]
    end
    return native(name)
  end
end

local function watch_modules()
  local search = package.loaders[3]
  package.loaders[3] = function(name)
    local path = sources.module_path(name)
    local loader = search(name)
    if not path or type(loader) ~= "function" then return loader end
    note(path)
    modules[name] = path
    return function(...) return M.within(path, loader, ...) end
  end
end

---Begins to watch. To be called once, after sources.install.
function M.install()
  sources.on_read, registry.within = note, M.within
  watch_require()
  watch_modules()
end

---The units that hang on any of these files, those files themselves among them.
---@param paths string[]
---@return table<string, boolean>
function M.affected(paths)
  local set, grown = {}, true
  for _, path in ipairs(paths) do set[path] = true end
  while grown do
    grown = false
    for unit, used in pairs(uses) do
      for path in pairs(set[unit] and {} or used) do
        if set[path] then set[unit], grown = true, true end
      end
    end
  end
  return set
end

---Forgets the modules among these paths, so that they are read again.
---@param set table<string, boolean>
---@return table<string, any> package.loaded's entries that went
function M.unload(set)
  local gone = {}
  for name, path in pairs(modules) do
    if set[path] then
      gone[name] = package.loaded[name]
      package.loaded[name] = nil
    end
  end
  return gone
end

---Every file on which anything hangs.
---@return string[]
function M.files()
  local seen, list = {}, {}
  for unit, used in pairs(uses) do
    used[unit] = true
    for path in pairs(used) do
      if not seen[path] then list[#list + 1] = path end
      seen[path] = true
    end
  end
  table.sort(list)
  return list
end

return M
