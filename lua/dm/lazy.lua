-- Heavy resources: dictionaries, tables, shared libraries. That they are there is seen when an operator is made; each
-- worker loads them when they are first used, once. What is loaded is what stood there when the run began: the plan
-- keeps a hash of each, and not the bytes. Nothing is ever downloaded.
local problem = require "dm.problem"
local sources = require "dm.sources"
local suggest = require "dm.suggest"

local M = {}

local OPTIONS = { "make", "sha256" }

---The folder of the Lua file that called; "" when it was no file.
---@param level integer of debug.getinfo, as seen from here
local function folder_of_caller(level)
  local source = debug.getinfo(level + 1, "S").source
  return source:match "^[@=](.*/)[^/]*$" or (source:find "^@" and "./" or "")
end

---Raises unless a file can be read, and notes its hash for the run.
---@param path string
function M.declare(path)
  local why = sources.fingerprint(path)
  if not why then return end
  problem.raise(why, { next = "a relative name counts from the folder of the Lua file that calls dm.lazy" })
end

---The bytes of a file that was declared. Raises when they are not those that stood there when the run began.
---@param path string
---@param sha256 string? what their digest must be
---@return string
function M.read(path, sha256)
  local text, why = sources.read_declared(path)
  if not text then error(why, 0) end
  local digest = sha256 and require("dm.bytes").sha256(text)
  if digest ~= sha256 then
    error(("%s is not the file that was meant: its sha256 is %s, not %s"):format(path, digest, sha256), 0)
  end
  return text
end

---What `make` returns, made when first asked for. When it raises, it does so again each time, without being called.
local function once(make)
  local done, ok, made
  return function()
    if not done then done, ok, made = true, pcall(make) end
    if not ok then error(made, 0) end
    return made
  end
end

local function check_options(options)
  for k, v in pairs(options) do
    if k ~= "make" and k ~= "sha256" then
      error(('dm.lazy has no option "%s"%s'):format(tostring(k), suggest.hint(tostring(k), OPTIONS)), 3)
    end
    if k == "make" and type(v) ~= "function" then error("dm.lazy: make is a function", 3) end
    if k == "sha256" and (type(v) ~= "string" or not v:find("^" .. ("%x"):rep(64) .. "$")) then
      error("dm.lazy: sha256 is 64 hexadecimal digits, as sha256sum prints them", 3)
    end
  end
end

---A resource that is heavy: made when first asked for, once for each worker.
---@param what string|fun(): any a file, whose name is relative to the Lua file that asks; or a function that makes it
---@param options { make: fun(text: string, path: string): any, sha256: string }? make: turns the file's bytes into the
---resource, which are the resource otherwise; sha256: what their digest must be
---@return fun(): any
function M.lazy(what, options)
  if type(what) == "function" then return once(what) end
  if type(what) ~= "string" then error("dm.lazy takes the name of a file, or a function", 2) end
  options = options or {}
  check_options(options)
  local path = what:sub(1, 1) == "/" and what or folder_of_caller(2) .. what
  M.declare(path)
  return once(function()
    local text = M.read(path, options.sha256 and options.sha256:lower())
    if options.make then return options.make(text, path) end
    return text
  end)
end

return M
