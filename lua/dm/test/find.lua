-- What there is to test under some paths: busted specs, operators with their examples, golden files.
local ffi = require "ffi"
local disk = require "dm.disk"
local registry = require "dm.registry"

local C = ffi.C
local M = {}

---@class dm.TestJob one process's work
---@field kind "spec"|"operator"
---@field path string? of the spec, or of the operator's file
---@field name string what the report calls it; of an operator the name that the registry knows
---@field golden string? path of the operator's golden file

---Where `dmhost test` looks when it is given no paths.
local USUAL = { "ops/user", "tests", "spec" }

---@return string[]? names, sorted
local function names_in(folder)
  local names, list = disk.names(folder), {}
  if not names then return nil end
  for _, name in ipairs(names) do
    if name:sub(1, 1) ~= "." then list[#list + 1] = name end
  end
  return list
end

---Whether a Lua file makes an operator: it extends a class and returns it.
local function is_operator(text)
  local last = text and text:match "\n(return [^\n]*)%s*$"
  if not last or not text:find ":extend%s*[({]" then return false end
  return last:gsub("%s*%-%-.*$", ""):find "^return [%a_][%w_]*$" ~= nil
end

---ops/user/shout/process.lua and ops/user/shout.lua are both "shout".
local function operator_name(path)
  return path:match "([^/]+)/process%.lua$" or path:match "([^/]+)%.lua$"
end

local function golden_of(path, name)
  local golden = (path:match "^(.*/)" or "") .. name .. ".golden.jsonl"
  return disk.read(golden) and golden or nil
end

---@return dm.TestJob
local function operator_job(path)
  local name = operator_name(path)
  return { kind = "operator", path = path, name = name, golden = golden_of(path, name) }
end

---The operator that a golden file belongs to: the one beside it, or that of the binary.
local function golden_job(path)
  local folder, name = path:match "^(.-)([^/]+)%.golden%.jsonl$"
  for _, file in ipairs { folder .. name .. ".lua", folder .. "process.lua" } do
    if is_operator(disk.read(file)) then return { kind = "operator", path = file, name = name, golden = path } end
  end
  return { kind = "operator", name = name, golden = path }
end

local function file_job(path)
  if path:find "_spec%.lua$" then return { kind = "spec", path = path, name = path } end
  if path:find "%.golden%.jsonl$" then return golden_job(path) end
  if path:find "%.lua$" and is_operator(disk.read(path)) then return operator_job(path) end
end

local function add(list, job)
  local key = job.kind .. (job.path or job.name)
  if not list[key] then
    list[key] = true
    list[#list + 1] = job
  end
end

local function add_folder(list, folder)
  for _, name in ipairs(names_in(folder) or {}) do
    local path = folder == "." and name or folder .. "/" .. name
    if C.dm_is_folder(path) == 1 then
      add_folder(list, path)
    else
      local job = file_job(path)
      if job then add(list, job) end
    end
  end
end

---The operator of that name: the user's, or that of the binary.
---@return dm.TestJob?
---@return string? why there is none
local function named_job(name, folders)
  local nested = name:gsub("%.", "/")
  for _, set in ipairs { { "ops/user" }, folders } do
    for _, folder in ipairs(set) do
      for _, path in ipairs { folder .. "/" .. nested .. ".lua", folder .. "/" .. name .. "/process.lua" } do
        if disk.read(path) then return operator_job(path) end
      end
    end
  end
  local class, why, next_step = registry.get(name)
  if not class then return nil, why, next_step end
  return { kind = "operator", name = name,
    golden = golden_of(("ops/%s/"):format(class.kind), name) or golden_of("ops/user/", name) }
end

---The specs of an operator that is named: those of its folder, or the one beside its file.
local function add_specs(list, job)
  local folder = job.path and job.path:match "^(.*)/process%.lua$"
  local beside = job.path and job.path:gsub("%.lua$", "_spec.lua")
  if folder then
    add_folder(list, folder)
  elseif beside and disk.read(beside) then
    add(list, file_job(beside))
  end
end

---@return string? why there is nothing
local function add_path(list, path, folders)
  if C.dm_is_folder(path) == 1 then
    local before = #list
    add_folder(list, (path:gsub("(.)/+$", "%1")))
    return #list == before and path .. " holds no spec, operator or golden file" or nil
  end
  if disk.read(path) then
    local job = file_job(path)
    if job then add(list, job) end
    return not job and path .. " is no spec (*_spec.lua), operator or golden file (*.golden.jsonl)" or nil
  end
  local job, why, next_step = named_job(path, folders)
  if job then
    add(list, job)
    add_specs(list, job)
  end
  return why, next_step
end

---The operators in some folders.
---@param folders string[]
---@return dm.TestJob[]
function M.operators(folders)
  local all, list = {}, {}
  for _, folder in ipairs(folders) do
    if C.dm_is_folder(folder) == 1 then add_folder(all, folder) end
  end
  for _, job in ipairs(all) do
    if job.kind == "operator" and job.path then list[#list + 1] = job end
  end
  return list
end

---@param paths string[] files, folders, names of operators; none: the usual places
---@param folders string[] with operators
---@return dm.TestJob[]? jobs
---@return string? what is wrong with the paths
---@return string? what to do
function M.jobs(paths, folders)
  local list = {}
  if #paths == 0 then
    for _, set in ipairs { USUAL, folders } do
      for _, folder in ipairs(set) do
        if C.dm_is_folder(folder) == 1 then add_folder(list, folder) end
      end
    end
    if #list == 0 then
      return nil, "there is nothing to test here: no spec or operator in " .. table.concat(USUAL, ", "),
        "dmhost test PATH, or `dmhost new mapper NAME` for an operator with a spec"
    end
    return list
  end
  for _, path in ipairs(paths) do
    local why, next_step = add_path(list, path, folders)
    if why then return nil, why, next_step end
  end
  return list
end

return M
