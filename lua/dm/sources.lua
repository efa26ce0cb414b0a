-- Every Lua file and resource that a run reads passes through here, so that the run directory can keep what was
-- read and workers see exactly that, whatever changes on disk afterwards.
local ffi = require "ffi"
local disk = require "dm.disk"
local embedded = require "dm.embedded"
local suggest = require "dm.suggest"

local M = {}

---@type table<string, string> path -> text
local kept = {}
local order = {}

local function keep(path, text)
  kept[path] = text
  order[#order + 1] = path
  return text
end

local closed

---From now on nothing is read that was not read before: what changes on disk does not reach a run that has begun.
function M.close()
  closed = true
end

local function refusal(path)
  return path .. " was not read when the run began: require it where the operator is loaded, not in execute"
end

---Called with each path that is read or listed, for who wants to know what something was made of.
---@type fun(path: string)?
M.on_read = nil

---The text of a file: from the snapshot when there is one, else from disk (and remembered).
---@param path string
---@return string? text
---@return string? why it can not be read
function M.read(path)
  if M.on_read then M.on_read(path) end
  if kept[path] then return kept[path] end
  if closed then return nil, refusal(path) end
  local text, why = disk.read(path)
  if not text then return nil, why end
  return keep(path, text)
end

---A text that is made and not read, remembered as read() does: workers get what was made when the run began.
---@param name string
---@param make fun(): string
---@return string
function M.made(name, make)
  return kept[name] or keep(name, make())
end

---The files of a folder whose names match a pattern, sorted; remembered as read() does, under FOLDER/PATTERN.
---@param folder string
---@param pattern string of Lua
---@return string[]? paths
---@return string? why the folder can not be read
function M.list(folder, pattern)
  local key, paths = folder .. "/" .. pattern, {}
  if M.on_read then M.on_read(key) end
  if not kept[key] then
    if closed then return nil, refusal(folder) end
    local names, why = disk.names(folder)
    if not names then return nil, why end
    for _, name in ipairs(names) do
      if name:find(pattern) then paths[#paths + 1] = folder .. "/" .. name end
    end
    keep(key, table.concat(paths, "\n"))
    return paths
  end
  for path in kept[key]:gmatch "[^\n]+" do paths[#paths + 1] = path end
  return paths
end

---Has a file read from disk again when it is next asked for.
---@param path string
---@return string? text that it had
function M.forget(path)
  local text = kept[path]
  if not text then return nil end
  kept[path] = nil
  for i, known in ipairs(order) do
    if known == path then
      table.remove(order, i)
      break
    end
  end
  return text
end

---A path like one that is not there: its folder has a file whose name is nearly that.
---@param path string
---@return string?
function M.similar(path)
  local folder, name = path:match "^(.*/)([^/]*)$"
  folder, name = folder or "", name or path
  local list = {}
  for _, found in ipairs(disk.names(folder == "" and "." or folder) or {}) do
    if found == name then return nil end -- it is there, and something else is wrong with it
    if found:sub(1, 1) ~= "." then list[#list + 1] = found end
  end
  local near = suggest.nearest(name, list)
  return near and folder .. near
end

---Whether read(path) would find something.
---@param path string
---@return boolean
function M.exists(path)
  if kept[path] then return true end
  local file = io.open(path, "rb")
  if not file then return false end
  local readable = file:read(0) ~= nil or file:seek("end") == 0
  file:close()
  return readable
end

---The text of a file that an error message names, without remembering it. Lua cuts long names at the front: "...x.lua".
---@param name string
---@return string? text
---@return string? path in full
function M.find(name)
  local ending = name:match "^%.%.%.(.+)$"
  for _, path in ipairs(ending and order or {}) do
    if path:sub(-#ending) == ending then return kept[path], path end
  end
  local text = kept[name] or embedded.read(name)
  if text then return text, name end
  return disk.read(name), name
end

-- What is too large for the snapshot: it has the hash under the path and this.
local HASH = " (xxh3)"

---Notes the hash of a file, for the snapshot; those in the binary need none.
---@param path string
---@return string? why it can not be read
function M.fingerprint(path)
  if M.on_read then M.on_read(path .. HASH) end
  if kept[path .. HASH] or embedded.read(path) then return nil end
  local file, why = io.open(path, "rb")
  if not file then return why end
  file:close()
  keep(path .. HASH, bit.tohex(ffi.C.dm_file_hash(path), 16))
end

---The files of which a hash was noted, for workers that are to have them: lines "HASH PATH".
---@return string[]
function M.declared()
  local list = {}
  for _, key in ipairs(order) do
    local path = M.file_of(key)
    if path ~= key and not path:find "\n" then list[#list + 1] = kept[key] .. " " .. path end
  end
  return list
end

local given -- a folder

---Names a folder with those declared files that do not lie under their paths here, each under its hash.
---@param folder string "": there are none
function M.give(folder)
  given = folder ~= "" and folder or nil
end

---Where a file of which the hash was noted is read.
---@param path string
---@return string
function M.place(path)
  local at = given and kept[path .. HASH] and given .. "/" .. kept[path .. HASH]
  return at and M.exists(at) and at or path
end

local function changed(path)
  return path .. " has changed since the run began"
end

---The bytes of a file of which the hash was noted, not remembered here.
---@param path string
---@return string? text
---@return string? why it can not be read, or that it is another one by now
function M.read_declared(path)
  local own = embedded.read(path)
  if own then return own end
  local text, why = disk.read(M.place(path))
  if not text then return nil, why end
  local hash = kept[path .. HASH]
  if hash and hash ~= require("dm.bytes").xxh3(text) then return nil, changed(path) end
  return text
end

---Why a file of which the hash was noted is another one by now; nil when it is not. For who does not read it all.
---@param path string
---@return string?
function M.changed(path)
  local hash = kept[path .. HASH]
  return hash and hash ~= bit.tohex(ffi.C.dm_file_hash(M.place(path)), 16) and changed(path) or nil
end

---The file that an entry of a snapshot is about.
---@param path string of the entry
---@return string
function M.file_of(path)
  return path:sub(-#HASH) == HASH and path:sub(1, -#HASH - 1) or path
end

---All that was read so far, in the order of reading.
---@return { path: string, text: string }[]
function M.snapshot()
  local list = {}
  for i, path in ipairs(order) do list[i] = { path = path, text = kept[path] } end
  return list
end

---Replaces the disk by a snapshot that M.snapshot made.
---@param list { path: string, text: string }[]
function M.restore(list)
  for _, file in ipairs(list) do
    keep(file.path, file.text)
  end
end

---The same for files that were not read before; those that were stay what they were.
---@param list { path: string, text: string }[]
function M.add(list)
  for _, file in ipairs(list) do
    if not kept[file.path] then keep(file.path, file.text) end
  end
end

---Compiles a file; error messages name it by this path.
---@param path string
---@return function? chunk
---@return string? message
function M.load(path)
  local text, why = M.read(path)
  if not text then return nil, why end
  return loadstring(text, "@" .. path)
end

---Where `require` finds a module on disk.
---@param name string
---@return string? path
---@return string tried for a message
function M.module_path(name)
  local tried = {}
  for template in package.path:gmatch "[^;]+" do
    local path = template:gsub("%?", (name:gsub("%.", "/")))
    if M.exists(path) then return path, "" end
    tried[#tried + 1] = "\n\tno file '" .. path .. "'"
  end
  return nil, table.concat(tried)
end

local function search(name)
  local path, tried = M.module_path(name)
  if not path then return tried end
  local chunk, message = M.load(path)
  return chunk or error(message, 0)
end

---Makes `require` read Lua files through this module.
function M.install()
  package.loaders[3] = search
end

---Texts of the binary's own Lua files under a folder, as "ops/".
---@param folder string
---@return string[] paths
function M.embedded_under(folder)
  local list = {}
  for _, path in ipairs(embedded.paths()) do
    if path:sub(1, #folder) == folder then list[#list + 1] = path end
  end
  return list
end

return M
