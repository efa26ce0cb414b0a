-- A pipeline and its operators, loaded and kept current: when files change, what hangs on them is made anew and the
-- rest goes on; when that fails, the last good state stays.
local depends = require "dm.trace.depends"
local fault = require "dm.trace.fault"
local pass_module = require "dm.run.pass"
local pipeline = require "dm.pipeline"
local problem = require "dm.problem"
local registry = require "dm.registry"
local sample_module = require "dm.sample"
local sources = require "dm.sources"

local M = {}

---What is to be loaded.
---@class dm.LoadSpec
---@field target string path of a pipeline or of an operator, or an operator's name
---@field eval string? the pipeline as text
---@field folders string[] of --ops
---@field settings string[] of --set
---@field pass integer? of a run that is made of several
---@field sources { path: string, text: string }[]? what is read instead of the disk

---@class dm.Loaded
---@field pipeline dm.Pipeline
---@field single boolean an operator alone
---@field ops dm.BaseOp[]
---@field params table<dm.BaseOp, string> what the pipeline gave it, as JSON
---@field by_place table<string, dm.BaseOp> by its name and how many of that name came before

---@type dm.Loaded?
local now

local installed

local function install(spec)
  if installed then return end
  installed = true
  sources.install()
  depends.install()
  if spec.sources then sources.restore(spec.sources) end
  for _, folder in ipairs(spec.folders) do registry.add_folder(folder) end
  if spec.eval then
    sources.restore { { path = spec.target, text = spec.eval } }
  end
end

---Parameters for an operator alone: those of its first example, when it can not do without.
local function example_params(class)
  for _, p in ipairs(class.params) do
    if p.required and class.examples[1] then return class.examples[1].params or {} end
  end
  return {}
end

local function pipeline_of(class)
  local entry = { class.name }
  for k, v in pairs(example_params(class)) do entry[k] = v end
  return pipeline.new { operators = { entry } }, true
end

---The pipeline that a file returns, or that an operator alone makes.
---@return dm.Pipeline
---@return boolean single
local function evaluate(path)
  local made = pipeline.evaluate(path)
  if type(made) == "table" and made.execute and made.params then
    return pipeline_of(registry.add(path, made))
  end
  return pipeline.check(path, made), false
end

local function find(target)
  if sources.exists(target) or target:find "/" or target:find "%.lua$" then
    local single
    local made = depends.within(target, function()
      local p, alone = evaluate(target)
      single = alone
      return p
    end)
    return made, single
  end
  local class, why, next_step = registry.get(target)
  if not class then problem.raise(why, { next = next_step }) end
  return pipeline_of(class)
end

---The data of an operator that may outlive it: what JSON could hold.
local function plain(v, depth)
  local t = type(v)
  if t == "string" or t == "number" or t == "boolean" then return v end
  if t ~= "table" or getmetatable(v) and depth > 0 or depth > 50 then return nil end
  local copy = {}
  for k, inner in pairs(v) do
    if type(k) == "string" or type(k) == "number" then copy[k] = plain(inner, depth + 1) end
  end
  return copy
end

---Makes operators, and takes over those that would be the same.
---@param loaded dm.Loaded
---@param affected table<string, boolean> files whose operators are made anew
---@param made string[] gets the names of those that were
local function maker(loaded, affected, made)
  local count = {}
  return function(class, given)
    local path = registry.path(class)
    count[class.name] = (count[class.name] or 0) + 1
    local place = class.name .. " " .. count[class.name]
    local _, params = pcall(sample_module.json, given)
    local old = now and now.by_place[place]
    local op = old
    if not old or getmetatable(old) ~= class or now.params[old] ~= params or affected[path] then
      local why
      op, why = depends.within(path, class.make, class, given)
      if not op then return nil, why end
      if op.llm and op.llm.hurry then op.llm:hurry() end
      if old and type(op.migrate) == "function" then depends.within(path, op.migrate, op, plain(old, 0)) end
      made[#made + 1] = class.name
    end
    loaded.by_place[place], loaded.params[op] = op, params
    return op
  end
end

local function make(spec, affected, made)
  local loaded = { by_place = {}, params = {} }
  if now and not affected[spec.target] and not now.single then
    loaded.pipeline, loaded.single = now.pipeline, false
  else
    loaded.pipeline, loaded.single = find(spec.target)
    if now and not loaded.single then made[#made + 1] = spec.target end
  end
  local ops = loaded.pipeline:make_operators(spec.settings, maker(loaded, affected, made))
  loaded.ops = pass_module.operators(loaded.pipeline, ops, spec.pass)
  return loaded
end

---Forgets what hangs on these files. Returns a function that brings it back.
local function forget(affected)
  local known, texts = registry.snapshot(), {}
  registry.forget(affected)
  local gone = depends.unload(affected)
  for path in pairs(affected) do texts[#texts + 1] = { path = path, text = sources.forget(path) } end
  return function()
    registry.restore(known)
    for name, module in pairs(gone) do package.loaded[name] = module end
    for _, file in ipairs(texts) do
      sources.forget(file.path)
      if file.text then sources.restore { file } end
    end
  end
end

---Loads what `spec` names, or brings it up to date.
---@param spec dm.LoadSpec
---@param changed string[] paths of files that have changed since
---@return dm.Loaded? loaded nil when it can not be: then the one before stays
---@return dm.Fault|string[] why, or names of what was made anew
function M.load(spec, changed)
  install(spec)
  local affected, made = depends.affected(changed), {}
  local bring_back = forget(affected)
  local ok, result = xpcall(make, fault.handler, spec, affected, made)
  if not ok then
    bring_back()
    return nil, result
  end
  now = result
  return now, made
end

return M
