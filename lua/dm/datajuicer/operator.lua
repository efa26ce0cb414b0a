-- Operators that the user's own Data-Juicer runs, as classes of ours. See dm.datajuicer.process.
local base_op = require "dm.base_op"
local process = require "dm.datajuicer.process"
local sample_module = require "dm.sample"

local M = {}

---What becomes of a sample is written into it: fields that Python changed, and no others.
local function apply(sample, outcome)
  for _, name in ipairs(sample_module.names(outcome.set)) do sample_module.copy(sample, outcome.set, name) end
  for _, name in ipairs(sample_module.totable(outcome.remove)) do sample[name] = nil end
end

-- The reply that is at work: its nodes live for as long as it does.
local held

---Asks Python what becomes of a sample; raises what the operator raised.
---@return ffi.cdata* outcome good until something is waited for
local function ask(op, sample)
  op.queue.row_ms = op.row_ms or op.queue.row_ms
  local reply, number = process.run(op.queue, op.python, sample_module.json(sample))
  held = reply
  local outcome = held.rows[number]
  if outcome.error ~= nil then error(outcome.error, 0) end
  return outcome
end

local function execute_mapper(op, sample)
  apply(sample, ask(op, sample))
end

local function execute_filter(op, sample)
  local outcome = ask(op, sample)
  if outcome.drop ~= nil then return false, outcome.drop, outcome.value end
  apply(sample, outcome)
  return true
end

---A Mapper of Data-Juicer that gets many rows at once may make several of one, or none: a Slicer, that is, but one
---that hands the sample itself on when it made one of one.
local function execute_slicer(op, sample)
  local outcome = ask(op, sample)
  if outcome.drop ~= nil then return {} end
  if outcome.children == nil then
    apply(sample, outcome)
    return sample
  end
  local list = {}
  for i, child in ipairs(outcome.children) do list[i] = sample_module.clone(child) end
  return list
end

---Of a whole corpus, which Data-Juicer gets between two passes of a run: see dm.datajuicer.passes. Where there are
---samples only, as for `dmhost try`, all of them go on.
local function execute_whole()
  return true
end

local BASES = { mapper = base_op.Mapper, filter = base_op.Filter, slicer = base_op.Slicer,
  whole = base_op.Filter }
local EXECUTE = { mapper = execute_mapper, filter = execute_filter, slicer = execute_slicer, whole = execute_whole }

---The parameters of an operator, those of its base class first.
local function params_of(base, about)
  local params, own = {}, {}
  for _, parameter in ipairs(about.parameters) do own[parameter] = true end
  for _, p in ipairs(base.params) do
    if not own[p[1]] then params[#params + 1] = p end
  end
  for _, parameter in ipairs(about.parameters) do
    params[#params + 1] = { parameter, "any", doc = "a parameter of Data-Juicer's" }
  end
  return params
end

---Makes the class of an operator; see M.class.
local function make(name, about, python, paths)
  local kind = BASES[about.kind] and about.kind or "whole"
  local is_whole = kind == "whole"
  local class = BASES[kind]:extend {
    name = name, origin = "Data-Juicer", execute = EXECUTE[kind], python = python, whole_corpus = is_whole,
    waits = not is_whole, max_in_flight = not is_whole and 512 or nil,
    summary = is_whole and "Run by the user's Data-Juicer, on the whole corpus." or "Run by the user's Data-Juicer.",
  }
  class.params = params_of(BASES[kind], about)
  function class:prepare() end -- luacheck: ignore 212/self
  function class:init(given)
    if is_whole then
      self.given, self.paths = given, paths
    else
      self.queue = process.operator(name, given, paths)
    end
  end
  return class
end

---Classes that were made, by all that they hang on: whoever loads a recipe again gets the same.
local known = {}

---The class of an operator of Data-Juicer.
---@param name string
---@param about { kind: string, parameters: string[] } as Python describes it
---@param python string the interpreter
---@param paths string[] of the user's Python files
---@return table class
function M.class(name, about, python, paths)
  local key = sample_module.json { name, sample_module.json(about), python, sample_module.json(paths) }
  known[key] = known[key] or make(name, about, python, paths)
  return known[key]
end

return M
