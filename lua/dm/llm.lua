-- The classes of operators that wait on a model: LLM (1:1), LLMFilter (keep or drop), LLMSlicer (1:N).
local settings = require "dm.llm.settings"

local M = {}

---The model, as the operator's parameters describe it; an operator may have its own way.
---@return dm.LLMClient
local function get_llm(op)
  return settings.client(op)
end

---What an operator asks about a sample.
---@return string|table[] prompt a text, or a list of messages { role =, content = }
local function build_llm_prompt(op, sample) -- luacheck: ignore 212
  error(op.name .. ": build_llm_prompt is not implemented", 0)
end

---A class of operators that wait on a model, of one that does not.
---@param base table Mapper, Filter or Slicer
---@param name string
---@param kind string
local function waiting(base, name, kind)
  local class = base:extend { name = name, kind = kind, waits = true, params = settings.PARAMS }
  class.get_llm, class.build_llm_prompt = get_llm, build_llm_prompt
  function class:prepare()
    base.prepare(self)
    self.llm = self:get_llm()
  end
  return class
end

---Makes the classes.
---@param Mapper table
---@param Filter table
---@param Slicer table
---@return { LLM: table, LLMFilter: table, LLMSlicer: table }
function M.classes(Mapper, Filter, Slicer)
  ---@class dm.LLM: dm.Mapper
  ---@field llm dm.LLMClient
  ---@field answer_key string
  local LLM = waiting(Mapper, "LLM", "llm")
  LLM.params[#LLM.params + 1] = { "answer_key", "string", default = "answer", doc = "field that gets the answer" }

  ---Asks the model about the sample and hands its answer to `parse`.
  ---@param sample table|ffi.cdata*
  function LLM:execute(sample)
    return self:parse(sample, self.llm:chat(self:build_llm_prompt(sample)))
  end

  ---What becomes of the answer.
  ---@param sample table|ffi.cdata*
  ---@param reply dm.LLMReply
  function LLM:parse(sample, reply)
    sample[self.answer_key] = reply.text
  end

  return {
    LLM = LLM,
    LLMFilter = waiting(Filter, "LLMFilter", "filter"),
    LLMSlicer = waiting(Slicer, "LLMSlicer", "slicer"),
  }
end

M.PARAMS = settings.PARAMS

return M
