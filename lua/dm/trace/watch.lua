-- Which files have changed since they were loaded. Folders are watched, not files: editors write a new file and rename
-- it over the old one.
local ffi = require "ffi"
local disk = require "dm.disk"
local sources = require "dm.sources"

local C = ffi.C
local folder_of = disk.folder_of
local err = ffi.new "struct dm_error"

local M = {}

---@class dm.Watch
---@field spec dm.LoadSpec
---@field dirty table<string, boolean> paths that something happened to
---@field tried table<string, string|false> contents at the last attempt to load
---@field loaded table<string, { path: string, text: string }> what was read when it was last looked, by plain path
---@field files table<string, string> all on which anything hung then, by plain path
---@field fresh boolean? a folder is watched since the last look, in which anything may have happened before
---@field since number? when the first of it happened
---@field links table<string, string> where links lead that were loaded, and their own paths
local Watch = {}
Watch.__index = Watch

---@param spec dm.LoadSpec
---@return dm.Watch
function M.new(spec)
  return setmetatable({ spec = spec, dirty = {}, tried = {}, loaded = {}, files = {}, links = {} }, Watch)
end

-- "./x" and "x" are one.
local function plain(path)
  return (path:gsub("^%./+", ""))
end

---Watches a folder; while it is not there, the nearest one above it that is.
---@return boolean whether something is watched that was not before
local function watch_folder(folder)
  local status = C.dm_session_watch(folder, err)
  while status < 0 do
    if folder == "." or folder == "/" then return false end
    folder = folder_of(folder)
    status = C.dm_session_watch(folder, err)
  end
  return status == 1
end

---Whether a path's last name is a link.
local function is_link(path, real)
  return real ~= disk.real(folder_of(path)) .. "/" .. path:match "[^/]*$"
end

---Watches a folder, and those in which links stand that lead to it.
---@param seen table<string, boolean> folders that have been looked at for links, with all above them
local function watch_way(folder, seen)
  local fresh = watch_folder(folder)
  while folder ~= "." and folder ~= "/" and not seen[folder] do
    seen[folder] = true
    if is_link(folder, disk.real(folder)) then fresh = watch_folder(folder_of(folder)) or fresh end
    folder = folder_of(folder)
  end
  return fresh
end

---Watches the file to which a link leads.
local function follow_link(self, path)
  local real = disk.real(path)
  if not is_link(path, real) then return false end
  self.links[real] = plain(path)
  return watch_folder(folder_of(real))
end

---Watches where what was loaded lies, and where operators are looked for.
---@param files string[]? on which what is loaded hangs
function Watch:follow(files)
  local folders, fresh = { folder_of(self.spec.target), "ops/user" }, false
  for _, folder in ipairs(self.spec.folders) do folders[#folders + 1] = folder end
  for _, path in ipairs(files or {}) do
    folders[#folders + 1] = folder_of(path)
    fresh = follow_link(self, path) or fresh
  end
  local seen = {}
  for _, folder in ipairs(folders) do fresh = watch_way(folder, seen) or fresh end
  self.fresh = self.fresh or fresh
end

---Notes that something happened to a name in a watched folder.
---@param path string
---@param ms number
function Watch:note(path, ms)
  self.dirty[self.links[path] or plain(path)] = true
  self.since = self.since or ms
end

---What an entry of what was read would hold now: the file's text, or of one that is too large its hash.
---@param path string of the entry
local function content(path)
  local file = sources.file_of(path)
  if file == path then return disk.read(path) end
  local hash = C.dm_file_hash(file)
  return hash ~= 0 and bit.tohex(hash, 16) or nil
end

---Whether a path of what was read is that of a file, not text of the command line or a list of files, whose name is a
---pattern.
local function is_file(path)
  return not path:find "^%(" and not path:find "[%%%$%^]"
end

---Operators in folders of their own, ops/user/x/process.lua, hang on every file there but their golden tests.
local function owners(ops, path, changed)
  if path:find "%.golden%.jsonl$" then return end
  for _, op in ipairs(ops) do
    if op.path and op.path:find "/process%.lua$" and plain(folder_of(op.path)) == folder_of(path) then
      changed[#changed + 1] = op.path
    end
  end
end

---Lists of files, which are remembered as FOLDER/PATTERN.
local function listings(files, path, changed)
  local folder, name = folder_of(path), path:match "[^/]*$"
  for _, key in ipairs(files) do
    local ok, fits = pcall(string.find, name, key:match "[^/]*$")
    if not is_file(key) and plain(folder_of(key)) == folder and ok and fits then changed[#changed + 1] = key end
  end
end

---Files whose content is not what was loaded, and the entries that were loaded, by plain path.
local function compare(info)
  local changed, loaded = {}, {}
  for _, file in ipairs(info and info.sources or {}) do
    loaded[plain(sources.file_of(file.path))] = file
    if is_file(file.path) and content(file.path) ~= file.text then changed[#changed + 1] = file.path end
  end
  return changed, loaded
end

---Whether what happened to a path can matter: it has another content than at the last attempt, or than was loaded.
---@param path string
---@return boolean
---@return string|false|nil content what it holds now
function Watch:is_news(path)
  path = self.links[path] or plain(path)
  local entry = self.loaded[path]
  if entry == nil and not self.files[path] and not path:find "%.lua$" then return false end
  local text, before = content(entry and entry.path or path) or false, self.tried[path]
  if before == nil then before = entry and entry.text end
  return text ~= before, text
end

---The files whose content is not what was loaded; nil when nothing has happened that matters. Forgets what was noted.
---@param info table? of the client: what was loaded last
---@param files string[]? all on which anything hangs
---@return string[]? changed
---@return number since when the first change happened
function Watch:take(info, files)
  local dirty, since, set = self.dirty, self.since, {}
  self.dirty, self.since = {}, nil
  local changed, loaded = compare(info)
  local news = false
  for _, path in ipairs(self.fresh and changed or {}) do dirty[plain(sources.file_of(path))] = true end
  self.fresh = nil
  for _, path in ipairs(files or {}) do set[plain(path)] = path end
  self.loaded, self.files = loaded, set
  for path in pairs(dirty) do
    local is_news, text = self:is_news(path)
    news, self.tried[path] = is_news or news, text
    if loaded[path] == nil then
      local before = #changed
      if set[path] then changed[#changed + 1] = set[path] end
      owners(info and info.ops or {}, path, changed)
      listings(files or {}, path, changed)
      news = news or #changed > before
    end
  end
  return news and changed or nil, since or C.dm_session_now()
end

---What was taken has not been loaded: something newer came up.
---@param since number
---@param changed string[]
function Watch:again(since, changed)
  self.since, self.tried = since, {}
  for _, path in ipairs(changed) do self.dirty[plain(path)] = true end
end

---What was taken has been loaded.
function Watch:done()
  self.tried = {}
end

return M
