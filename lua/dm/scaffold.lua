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

---The modules that operators, pipelines and scripts may require, those whose functions `dm` and they hand on, and
---those whose classes these functions take and return. What else is in lua/dm/ is nobody's business.
local PUBLIC = {}
local MODULES = [[init base_op bytes constant fasttext files http json lazy llm llm/client params pipeline process
  registry sample scheduler text text/chunk text/clean text/counts text/html text/language text/latex text/sets
  text/unicode text/words]]
for name in MODULES:gmatch "%S+" do
  PUBLIC["lua/dm/" .. name .. ".lua"] = true
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

---Adds the classes that a text declares, each as the comment that does so.
---@param text string
---@param classes table<string, string>
local function note_classes(text, classes)
  local name
  for line in text:gmatch "([^\n]*)\n" do
    local begun = line:match "^%-%-%-@class ([%w_.]+)"
    if begun then
      name, classes[begun] = begun, line
    elseif name and line:find "^%-%-%-" then
      classes[name] = classes[name] .. "\n" .. line
    else
      name = nil
    end
  end
end

---@return table<string, string> those of all of the runtime
local function all_classes()
  local classes = {}
  for _, path in ipairs(embedded.paths()) do
    if path:find "^lua/dm/" then note_classes(embedded.read(path), classes) end
  end
  return classes
end

---The classes that texts speak of and do not declare, and those that these speak of.
---@param files dm.NewFile[]
---@return string
local function other_classes(files)
  local known, list, lines = all_classes(), {}, { "---@meta", "-- Classes of values that functions take and return." }
  for i, file in ipairs(files) do list[i] = file.text end
  for _, text in ipairs(list) do
    for name in text:gmatch "%-%-%-@class ([%w_.]+)" do known[name] = nil end
  end
  for _, text in ipairs(list) do -- grows
    for name in text:gmatch "%f[%w.]dm%.%u[%w_]*" do
      if known[name] then
        list[#list + 1], lines[#lines + 1] = known[name], "\n" .. known[name]
        known[name] = nil
      end
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

---The annotated modules that operators and pipelines may use, for an editor to read.
---@param folder string
---@param rows table[] decoded JSON
---@return dm.NewFile[]
function M.library(folder, rows)
  local list = { { path = folder .. "/fields.lua", text = fields_of(rows) } }
  for _, path in ipairs(embedded.paths()) do
    if PUBLIC[path] then
      list[#list + 1] = { path = folder .. "/" .. path:sub(#"lua/" + 1), text = embedded.read(path) }
    end
  end
  list[#list + 1] = { path = folder .. "/classes.lua", text = other_classes(list) }
  return list
end

return M
