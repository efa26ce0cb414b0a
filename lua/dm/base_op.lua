-- The classes that operators extend: Mapper (1:1), Filter (keep or drop), Slicer (1:N), LLM.
local constant = require "dm.constant"
local devices = require "dm.machine.devices"
local kind = require "dm.kind"
local params = require "dm.params"
local path = require "dm.path"
local pieces = require "dm.pieces"
local problem = require "dm.problem"
local resources = require "dm.resources"
local sample_module = require "dm.sample"

---A row as operators see it: `sample.text` reads, `sample.text = v` writes, `= nil` removes, at any depth.
---@class dm.Sample
---@field [string] any

---@class dm.BaseOp
---@field name string the operator's name, as recipes write it
---@field summary string one sentence
---@field kind "mapper"|"filter"|"slicer"|"llm"
---@field origin string? the project whose operator this is
---@field waits boolean? it waits for something, so that many samples are in it at once
---@field max_in_flight integer? how many, when it does
---@field cost string? what bounds its speed, where that is below 60 MB/s
---@field params dm.Param[]
---@field examples table[] each { params?, input, output | outputs | keep }
---@field accelerator string "cpu" unless the pipeline says otherwise
---@field devices string[] accelerators that its worker may use
---@field resources table? what it asks of the machine: { cpus, gpus, memory }
---@field text_key string path of the field that holds the text
---@field log fun(...) prints to stderr with the operator's name
local BaseOp = { name = "BaseOp", summary = "", kind = "mapper", params = {}, examples = {} }
BaseOp.__index = BaseOp

---Parameters that every operator takes.
local COMMON = {
  { "accelerator", "string", default = "cpu", doc = "device class the operator asks for" },
  { "resources", "map", fault = resources.fault,
    doc = "what it needs in the place of what it says itself: cpus, gpus, memory" },
}
for _, name in ipairs { "text_key", "data_key", "image_key", "video_key", "audio_key", "fileName_key",
  "fileType_key", "fileId_key", "filePath_key", "fileSize_key", "export_path_key", "ext_params_key",
  "target_type_key" } do
  COMMON[#COMMON + 1] = { name, "string", default = constant.FIELDS[name], doc = "path of that field" }
end

---Raises an error about what the file does that extends a class, with its place.
local function raise_at_caller(what)
  for level = 3, 10 do
    local info = debug.getinfo(level, "Sl")
    if info and info.currentline > 0 and not info.source:find "^[@=]lua/dm/" then
      what = ("%s:%d: %s"):format(info.source:sub(2), info.currentline, what)
      break
    end
  end
  error(what, 0)
end

---Makes a class from this one. `class.params` are added to those of the parent.
---@generic T: table
---@param class T
---@return T class
function BaseOp:extend(class)
  local all = {}
  local wrong = class.resources ~= nil and resources.fault(class.resources)
  if wrong then raise_at_caller(("resources of %s: %s"):format(class.name or "an operator", wrong)) end
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

---Checks the parameters, makes an operator and calls its `init`, which may raise.
---@param class table
---@param given table<string, any>?
---@return dm.BaseOp?
---@return dm.Problem? what is wrong with the parameters
function BaseOp.make(class, given)
  local values, wrong, parameter, value = params.check(class.params, given or {}, sample_module.null)
  if not values then return nil, problem.new(class.name .. " " .. wrong, { parameter = parameter, value = value }) end
  values.log = make_log(class.name)
  values.devices = devices.visible()
  local op = setmetatable(values, class)
  op:prepare()
  op:init(given or {})
  return op
end

---The same for those who call the class: what is wrong is raised, as a string.
---@param class table
---@param given table<string, any>?
---@return dm.BaseOp
function BaseOp.new(class, given)
  local op, wrong = class.make(class, given)
  return op or error(tostring(wrong), 0)
end

---Set-up that belongs to the kind of operator; operators override `init` instead.
function BaseOp:prepare()
  self.path = path.split(self.text_key)
  self.rests = path.rests(self.path)
  self.plain_key = #self.path == 1 and self.text_key or nil
end

---Runs once for each worker, after the parameters have become fields of `self`.
---@param given table<string, any> the parameters that the pipeline wrote, without defaults
function BaseOp:init(given) end -- luacheck: ignore

---Does the operator's work on one sample.
---@param sample dm.Sample|table
---@return any depends on the kind
function BaseOp:execute(sample) -- luacheck: ignore
  error(self.name .. ": execute is not implemented", 0)
end

---Where the text stands when text_key has dots: at every step a field that is named as the rest of the path is goes
---before the path.
---@return table|ffi.cdata*|nil parent
---@return string key
local function place_of(op, sample)
  local node, last = sample, #op.path
  for i = 1, last do
    if node[op.rests[i]] ~= nil or i == last then return node, op.rests[i] end
    node = node[op.path[i]]
    if not path.is_object(node) then return nil, op.rests[last] end
  end
end

---The text of the sample, from the field `text_key` ("meta.body" is the field `body` of the field `meta`,
---unless there is a field "meta.body").
---Raises when it is missing, null or not a string, which rejects the row.
---@param sample dm.Sample|table
---@return string
function BaseOp:get_text(sample)
  local text
  if self.plain_key then
    text = sample[self.plain_key]
  else
    local parent, key = place_of(self, sample)
    text = parent and parent[key]
  end
  if type(text) ~= "string" then
    local what = text == nil and "missing or null" or (kind.name(text) .. ", not a string")
    error(('field "%s" is %s'):format(self.text_key, what), 0)
  end
  return text
end

---Writes the text back to the field that get_text read.
---@param sample dm.Sample|table
---@param text string
function BaseOp:set_text(sample, text)
  if self.plain_key then
    sample[self.plain_key] = text
  else
    local parent, key = place_of(self, sample)
    parent[key] = text
  end
end

setmetatable(BaseOp, { __call = BaseOp.new })
local Base = BaseOp:extend { name = "BaseOp", params = COMMON }

---A Mapper changes a sample: `execute` edits it in place and returns nothing, or returns the sample.
---@class dm.Mapper: dm.BaseOp
local Mapper = Base:extend { name = "Mapper", kind = "mapper" }

---A Filter keeps a sample or drops it: `execute` returns true or false, and optionally a reason.
---One that compares a number implements `measure(sample)` instead and names its limits in
---`bounds = { "min_x", "max_x" }`, of which the second may be missing; it then takes min_closed_interval,
---max_closed_interval and reversed_range as Data-Juicer's filters do. Such a filter, and one with
---`stats = true`, can also write what it measured into the sample: see Filter:note.
---@class dm.Filter: dm.BaseOp
---@field bounds string[]?
local Filter = Base:extend { name = "Filter", kind = "filter" }

---Parameters of filters that measure; those with `stats = true` take the last.
local MEASURE = {
  { "min_closed_interval", "boolean", default = true, doc = "whether the least value itself is kept" },
  { "max_closed_interval", "boolean", default = true, doc = "whether the greatest value itself is kept" },
  { "reversed_range", "boolean", default = false, doc = "keep what lies outside the range" },
  { "keep_stats_in_res_ds", "boolean", default = false,
    doc = "write what was measured under __dj__stats__ of the sample too, not only into the ledger" },
}

---@param class table
function Filter:extend(class)
  local all, has = {}, {}
  for _, p in ipairs(self.params) do has[p] = true end
  for _, p in ipairs(class.params or {}) do all[#all + 1] = p end
  for i, p in ipairs(MEASURE) do
    if not has[p] and (class.bounds or class.stats and i == #MEASURE) then all[#all + 1] = p end
  end
  class.params = all
  return Base.extend(self, class)
end

---Takes the bounds, and whether they are open, from the parameters.
function Filter:prepare()
  Base.prepare(self)
  local bounds = self.bounds
  if not bounds then return end
  self.min, self.max = self[bounds[1]], bounds[2] and self[bounds[2]]
  local reversed = self.reversed_range
  self.min_open = self.min_closed_interval == reversed
  self.max_open = self.max_closed_interval == reversed
  self.below = "below " .. bounds[1] .. " " .. tostring(self.min)
  self.above = bounds[2] and "above " .. bounds[2] .. " " .. tostring(self.max)
  self.inside = "inside the reversed range"
end

---The number that this filter compares.
---@param sample dm.Sample|table
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

---Writes a measured value under __dj__stats__, as Data-Juicer does, when keep_stats_in_res_ds asks for it.
---One that is there already is measured anew, since operators in between may have changed the sample.
---@param sample dm.Sample|table
---@param key string
---@param value any
function Filter:note(sample, key, value)
  if not self.keep_stats_in_res_ds then return end
  local stats = sample.__dj__stats__
  if stats == nil then
    sample.__dj__stats__ = { [key] = value }
  elseif type(stats) == "table" or type(stats) == "cdata" then
    stats[key] = value
  else
    error('field "__dj__stats__" is a ' .. type(stats) .. ", not an object", 0)
  end
end

---@param sample dm.Sample|table
---@return boolean keep
---@return string? reason
---@return number? value measured
function Filter:execute(sample)
  local v = self:measure(sample)
  if self.keep_stats_in_res_ds then self:note(sample, self.stats_key or self.name, v) end
  local keep, reason = self:compare(v)
  return keep, reason, v
end

---A Slicer makes samples of one: `execute` returns a list of samples, or calls `self:emit(sample)`.
---@class dm.Slicer: dm.BaseOp
local Slicer = Base:extend { name = "Slicer", kind = "slicer" }

---Adds a sample to those that `execute` makes of the present one.
---@param sample dm.Sample
function Slicer:emit(sample)
  self.emitted[#self.emitted + 1] = sample
end

---A copy of a sample for each text, with that in its text field. The sample itself is left with the last one.
---@param sample dm.Sample
---@param texts string[]
---@return dm.Sample[]
function Slicer:copies(sample, texts)
  return pieces.make(pieces.of(self, texts), sample, 1, #texts)
end

---The same of the sample that `execute` was given, for it to return as they are: copies are made as they are wanted, so
---that a million of them take no more memory than a thousand.
---@param texts string[] becomes the pieces
---@return dm.Pieces
function Slicer:pieces(texts)
  return pieces.of(self, texts)
end

---Everything that `execute` made of a sample, returned and emitted. A slicer that waits may also return the sample,
---which then goes on as the row that it is.
---@param sample dm.Sample|table
---@param later boolean? pieces may be returned as such
---@return table[]|dm.Sample|dm.Pieces samples
function Slicer:slice(sample, later)
  self.emitted = {}
  local list = self:execute(sample)
  if not list then return self.emitted end
  if pieces.is(list) then
    if later and #self.emitted == 0 then return list end
    list = pieces.make(list, sample, 1, #list)
  end
  if list == sample and self.waits then return list end
  if type(list) ~= "table" then
    error(("%s must return a list of samples, not %s"):format(self.name, kind.name(list)), 0)
  end
  for _, child in ipairs(list) do self.emitted[#self.emitted + 1] = child end
  return self.emitted
end

local M = { BaseOp = Base, Mapper = Mapper, Filter = Filter, Slicer = Slicer, MEASURE = MEASURE }

-- The classes of operators that wait on a model, and the parameters that they have in common (WAITING). Few pipelines
-- ask one, and what it takes is as much code as all the rest: it is loaded when first asked for.
local WAITING = { LLM = true, LLMFilter = true, LLMSlicer = true, WAITING = true }

return setmetatable(M, {
  __index = function(_, name)
    if not WAITING[name] then return nil end
    local llm = require "dm.llm"
    for class, made in pairs(llm.classes(Mapper, Filter, Slicer)) do M[class] = made end
    M.WAITING = llm.PARAMS
    return M[name]
  end,
})
