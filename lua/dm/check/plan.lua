-- A pipeline, loaded as far as it goes: what is wrong with one part does not keep the others from being looked at.
-- The checkers make findings of what stands here.
local ffi = require "ffi"
local dm = require "dm"
local files = require "dm.files"
local guard = require "dm.check.guard"
local mixture = require "dm.mixture"
local locate = require "dm.problem.locate"
local overrides = require "dm.pipeline.overrides"
local pipeline = require "dm.pipeline"
local problem = require "dm.problem"
local recorder = require "dm.check.recorder"
local registry = require "dm.registry"
local sources = require "dm.sources"
local stages = require "dm.check.stages"

local C = ffi.C
local M = {}

---@class dm.CheckEntry an operator of the pipeline
---@field i integer
---@field name string?
---@field class table? of a named operator
---@field given table<string, any>? its parameters
---@field set table<string, any> those of them that --set gives
---@field op table? the operator
---@field fault any? why there is no class, or no op
---@field at dm.CheckPlace

---@class dm.CheckPlace
---@field file string
---@field line integer
---@field col integer?

---@class dm.CheckPlan
---@field path string
---@field text string?
---@field fault any? why there is no pipeline
---@field globals table<string, boolean> those that Lua and dmhost have
---@field given table? what dm.pipeline was given
---@field calls integer how often dm.pipeline was called
---@field entries dm.CheckEntry[]
---@field inputs integer how many files
---@field documents integer? DM_FILE_AS_ROW, DM_FILE_AS_TEXT: each input is a row itself
---@field output any
---@field input_faults { what: string, i: integer }[]
---@field files { path: string, text: string }[] the user's Lua files that were read
---@field patterns dm.UsedPattern[]
---@field set_fault any? what is wrong with --set
---@field limited dm.Pipeline? without operators, with the limits that hold; nil: of its limits one is wrong
---@field stages dm.Stages? what rows of the input become; after run_rows
local Plan = {}
Plan.__index = Plan

---Where an entry of the table stands that dm.pipeline was given.
---@param path (string|integer)[]
---@param value boolean? of the value, not of its key
---@return dm.CheckPlace
function Plan:place(path, value)
  local word = self.text and problem.word_of_entry(self.path, path, value)
  return { file = self.path, line = word and word.line or 1, col = word and word.col or 1 }
end

---Where the name of operator i stands, or that of its parameter.
---@param entry dm.CheckEntry
---@param key string?
---@return dm.CheckPlace
function Plan:place_of(entry, key)
  local word = problem.word_of_entry(self.path, { "operators", entry.i, key or 1 })
  if word and (word.text == entry.name or word.text == key) then
    return { file = self.path, line = word.line, col = word.col }
  end
  if key then return entry.at end
  for _, w in ipairs(locate.words(self.text)) do
    if w.kind == "string" and w.text == entry.name then return { file = self.path, line = w.line, col = w.col } end
  end
  return self:place { "operators", entry.i }
end

local function copy_without_name(entry)
  local given = {}
  for k, v in pairs(entry) do
    if k ~= 1 then given[k] = v end
  end
  return given
end

local function is_operator(item)
  return type(item) == "table" and getmetatable(item) ~= nil and item.execute ~= nil
end

---Where the function of dm.map and the like begins.
local function inline_place(plan, op)
  local line = tonumber(op.name:match ":(%d+)$")
  local word = line and locate.word(plan.text, line, "function")
  return { file = plan.path, line = line or 1, col = word and word.col }
end

---Makes an entry's operator; what it prints as errors stays in `fault`.
local function make(entry)
  local doing = { what = "finding operator " .. entry.name, file = entry.at.file, line = entry.at.line }
  local ok, class, why = guard.call(doing, registry.get, entry.name)
  if not ok or not class then
    entry.fault = ok and why or class
    return
  end
  entry.class = class
  doing.what = "init of " .. entry.name
  recorder.entry = entry
  local made, op = guard.call(doing, class, entry.given)
  recorder.entry = nil
  if made then entry.op = op else entry.fault = op end
end

---@param set table<string, table<string, any>> parameters that --set gives
function Plan:read_entries(set)
  local list = type(self.given) == "table" and self.given.operators
  for i, item in ipairs(type(list) == "table" and list or {}) do
    if type(item) == "string" then item = { item } end
    local entry = { i = i }
    self.entries[#self.entries + 1] = entry
    if is_operator(item) then
      entry.name, entry.op, entry.inline = item.name, item, item.name:find "@" ~= nil
      entry.at = inline_place(self, item)
    elseif type(item) == "table" and type(item[1]) == "string" then
      entry.name, entry.given, entry.set = item[1], copy_without_name(item), set[item[1]] or {}
      for key, value in pairs(entry.set) do entry.given[key] = value end
      entry.at = self:place_of(entry)
      make(entry)
    else
      entry.at = self:place { "operators", i }
      entry.fault = ('operator %d must be { "name", key = value, ... } or dm.map, dm.filter, dm.slice'):format(i)
    end
  end
end

---Takes the pipeline's limits, and those of --set in their place.
---@param set table<string, any>?
function Plan:take_limits(set)
  local ok, limited = pcall(pipeline.new, { operators = {}, limits = type(self.given) == "table" and self.given.limits
    or nil })
  if not ok then return end
  self.limited = limited
  if not set then return end
  local fits, why = pcall(pipeline.set_limits, limited, set)
  self.set_fault = self.set_fault or not fits and why or nil
end

---Reads the entries and limits, with what --set gives.
---@param settings string[]
function Plan:take_settings(settings)
  local ok, set = pcall(overrides.parse, settings)
  self:read_entries(ok and set or {})
  if not ok then
    self.set_fault = set
    return self:take_limits()
  end
  local used = {}
  for _, entry in ipairs(self.entries) do used[entry.name or ""] = true end
  local fits, why = pcall(overrides.check, set, used)
  self.set_fault = not fits and why or nil
  self:take_limits(set.limits)
end

---Adds the files of the inputs; stops at none.
---@param given string[]? those of -i
function Plan:find_inputs(given)
  local list = type(self.given) == "table" and self.given.input
  local job, err = C.dm_job_get(), ffi.new "struct dm_error"
  local suffixes = type(self.given) == "table" and self.given.suffixes
  self.suffixes = type(suffixes) == "table" and table.concat(suffixes, "\n"):lower() or nil -- C borrows it
  job.suffixes = self.suffixes
  if files.is(list) then
    self.documents = list.content and C.DM_FILE_AS_TEXT or C.DM_FILE_AS_ROW
    job.settings.documents = self.documents
    list = list.roots
  elseif mixture.is(list) then
    list = list:paths()
  end
  list = given or list
  if type(list) == "string" then list = { list } end
  for i, pattern in ipairs(type(list) == "table" and list or {}) do
    if pattern ~= "-" and type(pattern) == "string" and C.dm_job_add_input(job, pattern, err) < 0 then
      self.input_faults[#self.input_faults + 1] = { what = ffi.string(err.text), i = i, given = given ~= nil }
    end
  end
  self.inputs = tonumber(C.dm_job_sort_inputs(job, err))
  if self.inputs < 0 then error(ffi.string(err.text), 0) end
end

---Takes rows of the input through the operators.
function Plan:run_rows()
  self.stages = stages.run(self)
end

---The user's Lua files among what was read.
local function lua_files(path)
  local list = {}
  for _, file in ipairs(sources.snapshot()) do
    if file.path == path or file.path:find "%.lua$" then list[#list + 1] = file end
  end
  return list
end

local function global_names()
  local names = {}
  for name in pairs(_G) do names[name] = true end
  return names
end

---Evaluates the file with a dm.pipeline that only notes what it was given.
local function evaluate(plan)
  local real = dm.pipeline
  dm.pipeline = function(given)
    plan.calls, plan.given = plan.calls + 1, given
    return plan
  end
  local chunk, message = pipeline.chunk(plan.path, true)
  if not chunk then
    plan.fault = message
  else
    local ok, result = guard.call({ what = "reading the pipeline", file = plan.path, line = 1 }, chunk, plan.path)
    if not ok then
      plan.fault = result
    elseif result ~= plan then
      plan.fault, plan.given, plan.calls = plan.path .. ":1: must return dm.pipeline { ... }", nil, 0
    end
  end
  dm.pipeline = real
end

---@param path string of the pipeline file
---@param options { ops: string[]?, input: string[]?, set: string[]?, output: string? } as `dmhost run` takes them
---@return dm.CheckPlan
function M.load(path, options)
  local plan = setmetatable({ path = path, calls = 0, entries = {}, inputs = 0, input_faults = {}, files = {} }, Plan)
  _G.dm, _G.arg = nil, nil -- of `dmhost lua`; a run has neither
  plan.globals = global_names()
  sources.install()
  for _, folder in ipairs(options.ops or {}) do registry.add_folder(folder) end
  recorder.install()
  plan.text = sources.read(path)
  evaluate(plan)
  plan.output = options.output or type(plan.given) == "table" and plan.given.output
  plan:take_settings(options.set or {})
  plan:find_inputs(options.input)
  plan.files = lua_files(path)
  plan.patterns = recorder.list
  return plan
end

return M
