---Loads a module as it is installed on this machine, whatever of that name lies in the working directory: a user's
---own yaml.lua is for the user's operators.
---@param name string as for require
---@return any
return function(name)
  local path, cpath, loaded = package.path, package.cpath, package.loaded[name]
  package.path = (";" .. path):gsub(";%./[^;]*", "")
  package.cpath = (";" .. cpath):gsub(";%./[^;]*", "")
  package.loaded[name] = nil
  local ok, module = pcall(require, name)
  package.path, package.cpath, package.loaded[name] = path, cpath, loaded
  return ok and module or error(module, 2)
end
