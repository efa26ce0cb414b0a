-- Has a model rewrite a question and its answer, in the fields query and response, with more detail and more
-- accurately. An answer that can not be read leaves the sample as it is, as with Data-Juicer.
local LLM = require("dm.base_op").LLM
local datajuicer = require "dm.llm.datajuicer"
local text = require "dm.text"

local QUESTION, ANSWER = "【问题】", "【回答】"
local TASK = "请优化输入的问答对，使" .. QUESTION .. "和" .. ANSWER .. "都更加详细、准确。必须按照以下标记格式，直接输出优化后的问答对：\n" ..
  QUESTION .. "\n优化后的问题\n" .. ANSWER .. "\n优化后的回答"

local Optimize = LLM:extend {
  name = "optimize_qa_mapper",
  summary = "Have a model rewrite a question and its answer.",
  origin = "Data-Juicer",
  params = datajuicer.params {
    { "query_key", "string", default = "query", doc = "field with the question" },
    { "response_key", "string", default = "response", doc = "field with the answer" },
  },
  examples = {
    {
      params = { url = "http://localhost:8000/v1" },
      replies = { "【问题】\nAt what temperature does water boil?\n【回答】\nAt 100 degrees, at sea level." },
      input = { query = "boiling?", response = "100" },
      output = { query = "At what temperature does water boil?", response = "At 100 degrees, at sea level." },
    },
  },
}
Optimize.get_llm, Optimize.task = datajuicer.get_llm, TASK

local function field(sample, key)
  local value = sample[key]
  if type(value) ~= "string" then error(('field "%s" is missing or not a string'):format(key), 0) end
  return value
end

function Optimize:build_llm_prompt(sample)
  return ("以下是原始问答对：\n%s\n%s\n%s\n%s"):format(QUESTION, field(sample, self.query_key), ANSWER,
    field(sample, self.response_key))
end

---Question and answer of the model's text; nil when they are not marked.
local function read(reply)
  local _, question = reply:find(QUESTION, 1, true)
  local mark, answer = reply:find(ANSWER, (question or #reply) + 1, true)
  if not mark then return nil end
  return text.strip(reply:sub(question + 1, mark - 1)), text.strip(reply:sub(answer + 1))
end

function Optimize:execute(sample)
  local question, answer = datajuicer.ask(self, self:build_llm_prompt(sample), read)
  if not question then return end
  sample[self.query_key], sample[self.response_key] = question, answer
end

return Optimize
