-- Files that `dmhost new` and `dmhost init` write: texts of lua/dm/scaffold/ with names filled in, and the library that
-- editors read. Nothing is ever overwritten.
local ffi = require "ffi"
local embedded = require "dm.embedded"

local C = ffi.C
local M = {}

---@class dm.NewFile
---@field path string
---@field text string

---A text of lua/dm/scaffold/, with @NAME@ and @CLASS@ filled in.
---@param name string of the text
---@param values table<string, string>?
---@return string
function M.text(name, values)
  return (embedded.read("lua/dm/scaffold/" .. name .. ".txt"):gsub("@(%u+)@", values or {}))
end

---digit_ratio -> DigitRatio
---@param name string
---@return string
function M.class_name(name)
  return (("_" .. name):gsub("_+(.)", string.upper):gsub("^%d", "Op%0"))
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

---Writes all the files, or none when one of them exists.
---@param files dm.NewFile[]
---@return string? what is wrong
function M.write(files)
  local err = ffi.new "struct dm_error"
  for _, file in ipairs(files) do
    if exists(file.path) then return file.path .. " exists; nothing was written" end
  end
  for _, file in ipairs(files) do
    if C.dm_export_write(file.path, file.text, #file.text, err) < 0 then return ffi.string(err.text) end
  end
end

-- The library ----------------------------------------------------------------------------------------

---What in lua/dm/ only commands and workers use.
local INNER = {}
local COMMANDS =
  "boot catalogue check child cli completion doctor locate profile run scaffold shell terminal test trace"
for name in COMMANDS:gmatch "%l+" do
  INNER[name] = true
end

local TYPES = { string = "string", number = "number", boolean = "boolean" }

---The type of a field as LuaCATS writes it.
local function type_of(value)
  if type(value) ~= "table" then return TYPES[type(value)] or "any" end
  if value[1] ~= nil then return type_of(value[1]) .. "[]" end
  local fields = {}
  for name, v in pairs(value) do
    if name:find "^[%a_][%w_]*$" then fields[#fields + 1] = name .. ": " .. type_of(v) end
  end
  table.sort(fields)
  return #fields > 0 and "{ " .. table.concat(fields, ", ") .. " }" or "table"
end

---The fields of some rows as annotations, so that editors complete them behind `sample.`.
---@param rows table[] decoded JSON
---@return string
local function fields_of(rows)
  local types, names = {}, {}
  for _, row in ipairs(rows) do
    for name, value in pairs(row) do
      if not types[name] and name:find "^[%a_][%w_]*$" then
        names[#names + 1], types[name] = name, type_of(value)
      end
    end
  end
  table.sort(names)
  local lines = { "---@meta", "-- Fields of data/sample.jsonl; add those of your own data.", "", "---@class dm.Sample" }
  for _, name in ipairs(names) do lines[#lines + 1] = ("---@field %s %s"):format(name, types[name]) end
  return table.concat(lines, "\n") .. "\n"
end

---The annotated modules that operators and pipelines may use, for an editor to read.
---@param folder string
---@param rows table[] decoded JSON
---@return dm.NewFile[]
function M.library(folder, rows)
  local list = { { path = folder .. "/fields.lua", text = fields_of(rows) } }
  for _, path in ipairs(embedded.paths()) do
    local inner = path:match "^lua/(dm/.*%.lua)$"
    if inner and not INNER[inner:match "^dm/(%l+)"] then
      list[#list + 1] = { path = folder .. "/" .. inner, text = embedded.read(path) }
    end
  end
  return list
end

return M
