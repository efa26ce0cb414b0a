-- The classes that operators extend: Mapper (1:1), Filter (keep or drop), Slicer (1:N), LLM.
local constant = require "dm.constant"
local params = require "dm.params"
local null = require("dm.sample").null

---@class dm.BaseOp
---@field name string the operator's name, as recipes write it
---@field summary string one sentence
---@field kind "mapper"|"filter"|"slicer"|"llm"
---@field origin string? the project whose operator this is
---@field params dm.Param[]
---@field examples table[] each { params?, input, output | outputs | keep }
---@field accelerator string "cpu" unless the pipeline says otherwise
---@field text_key string path of the field that holds the text
---@field log fun(...) prints to stderr with the operator's name
local BaseOp = { name = "BaseOp", summary = "", kind = "mapper", params = {}, examples = {} }
BaseOp.__index = BaseOp

---Parameters that every operator takes.
local COMMON = { { "accelerator", "string", default = "cpu", doc = "device class the operator asks for" } }
for _, name in ipairs { "text_key", "data_key", "image_key", "video_key", "audio_key", "fileName_key",
  "fileType_key", "fileId_key", "filePath_key", "fileSize_key", "export_path_key", "ext_params_key",
  "target_type_key" } do
  COMMON[#COMMON + 1] = { name, "string", default = constant.FIELDS[name], doc = "path of that field" }
end

---Makes a class from this one. `class.params` are added to those of the parent.
---@param class table
---@return table class
function BaseOp:extend(class)
  local all = {}
  for _, p in ipairs(self.params) do all[#all + 1] = p end
  for _, p in ipairs(class.params or {}) do all[#all + 1] = p end
  class.params, class.own_params = all, class.params or {}
  class.__index = class
  return setmetatable(class, { __index = self, __call = self.new })
end

local function make_log(name)
  return function(...)
    local words = { ... }
    for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
    io.stderr:write(name, ": ", table.concat(words, " "), "\n")
  end
end

---Checks the parameters, makes an operator and calls its `init`.
---@param class table
---@param given table<string, any>?
function BaseOp.new(class, given)
  local values, wrong = params.check(class.params, given or {}, null)
  if not values then error(class.name .. " " .. wrong, 0) end
  values.log = make_log(class.name)
  local op = setmetatable(values, class)
  op:prepare()
  op:init(given or {})
  return op
end

---Set-up that belongs to the kind of operator; operators override `init` instead.
function BaseOp:prepare()
  self.path = {}
  for name in self.text_key:gmatch "[^.]+" do self.path[#self.path + 1] = name end
  self.plain_key = #self.path == 1 and self.text_key or nil
end

---Runs once for each worker, after the parameters have become fields of `self`.
---@param given table<string, any> the parameters that the pipeline wrote, without defaults
function BaseOp:init(given) end -- luacheck: ignore

---Does the operator's work on one sample.
---@param sample table|ffi.cdata*
---@return any depends on the kind
function BaseOp:execute(sample) -- luacheck: ignore
  error(self.name .. ": execute is not implemented", 0)
end

local function parent_of(sample, path)
  local node = sample
  for i = 1, #path - 1 do
    node = node[path[i]]
    if node == nil then return nil end
  end
  return node
end

---The text of the sample, from the field `text_key` (a path: "messages.content" looks inside).
---Raises when it is missing, null or not a string, which rejects the row.
---@param sample table|ffi.cdata*
---@return string
function BaseOp:get_text(sample)
  local text
  if self.plain_key then
    text = sample[self.plain_key]
  else
    local parent = parent_of(sample, self.path)
    text = parent and parent[self.path[#self.path]]
  end
  if type(text) ~= "string" then
    local what = text == nil and "missing or null" or ("a " .. type(text) .. ", not a string")
    error(('field "%s" is %s'):format(self.text_key, what), 0)
  end
  return text
end

---Writes the text back to the field that get_text read.
---@param sample table|ffi.cdata*
---@param text string
function BaseOp:set_text(sample, text)
  if self.plain_key then
    sample[self.plain_key] = text
  else
    parent_of(sample, self.path)[self.path[#self.path]] = text
  end
end

setmetatable(BaseOp, { __call = BaseOp.new })
local Base = BaseOp:extend { name = "BaseOp", params = COMMON }

---A Mapper changes a sample: `execute` edits it in place and returns nothing, or returns the sample.
local Mapper = Base:extend { name = "Mapper", kind = "mapper" }

---A Filter keeps a sample or drops it: `execute` returns true or false, and optionally a reason.
---One that compares a number implements `measure(sample)` instead and names its two limits in
---`bounds = { "min_x", "max_x" }`; it then takes min_closed_interval, max_closed_interval and
---reversed_range as Data-Juicer's filters do.
local Filter = Base:extend { name = "Filter", kind = "filter" }

local INTERVAL = {
  { "min_closed_interval", "boolean", default = true, doc = "whether the least value itself is kept" },
  { "max_closed_interval", "boolean", default = true, doc = "whether the greatest value itself is kept" },
  { "reversed_range", "boolean", default = false, doc = "keep what lies outside the range" },
}

---@param class table
function Filter:extend(class)
  if class.bounds then
    local own = class.params or {}
    class.params = {}
    for _, p in ipairs(own) do class.params[#class.params + 1] = p end
    for _, p in ipairs(INTERVAL) do class.params[#class.params + 1] = p end
  end
  return Base.extend(self, class)
end

function Filter:prepare()
  Base.prepare(self)
  local bounds = self.bounds
  if not bounds then return end
  self.min, self.max = self[bounds[1]], self[bounds[2]]
  local reversed = self.reversed_range
  self.min_open = self.min_closed_interval == reversed
  self.max_open = self.max_closed_interval == reversed
  self.below = "below " .. bounds[1] .. " " .. tostring(self.min)
  self.above = "above " .. bounds[2] .. " " .. tostring(self.max)
  self.inside = "inside the reversed range"
end

---The number that this filter compares.
---@param sample table|ffi.cdata*
---@return number
function Filter:measure(sample) -- luacheck: ignore
  error(self.name .. ": neither execute nor measure is implemented", 0)
end

---Whether a value lies in the range; the second answer says why not.
---reversed_range negates the result after flipping both interval ends, as Data-Juicer does.
---@param v number
---@return boolean keep
---@return string? reason
function Filter:compare(v)
  local min, max = self.min, self.max
  local low = min and (v < min or self.min_open and v == min)
  local high = max and (v > max or self.max_open and v == max)
  if self.reversed_range then
    if low or high then return true end
    return false, self.inside
  end
  if low then return false, self.below end
  if high then return false, self.above end
  return true
end

---@param sample table|ffi.cdata*
---@return boolean keep
---@return string? reason
---@return number? value measured
function Filter:execute(sample)
  local v = self:measure(sample)
  local keep, reason = self:compare(v)
  return keep, reason, v
end

---A Slicer makes samples of one: `execute` returns a list of samples, or calls `self:emit(sample)`.
local Slicer = Base:extend { name = "Slicer", kind = "slicer" }

---Adds a sample to those that `execute` makes of the present one.
---@param sample ffi.cdata*
function Slicer:emit(sample)
  self.emitted[#self.emitted + 1] = sample
end

---Everything that `execute` made of a sample, returned and emitted.
---@param sample table|ffi.cdata*
---@return table[] samples
function Slicer:slice(sample)
  self.emitted = {}
  local list = self:execute(sample)
  if not list then return self.emitted end
  for _, child in ipairs(list) do self.emitted[#self.emitted + 1] = child end
  return self.emitted
end

---An LLM operator is a Mapper that waits on a model.
local LLM = Mapper:extend { name = "LLM", kind = "llm" }

return { BaseOp = Base, Mapper = Mapper, Filter = Filter, Slicer = Slicer, LLM = LLM }
