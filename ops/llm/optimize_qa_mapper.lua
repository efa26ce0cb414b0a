-- Has a model rewrite a question and its answer, in the fields query and response, with more detail and more
-- accurately. As with Data-Juicer an answer that can not be read leaves the sample as it is, and a part that is empty
-- its field.
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
    { "system_prompt", "string", doc = "Data-Juicer's: the system's message, as system" },
    { "input_template", "string", default = "以下是原始问答对：\n{}", doc = "what is asked; {} is the pair" },
    { "qa_pair_template", "string", default = QUESTION .. "\n{}\n" .. ANSWER .. "\n{}",
      doc = "a pair; {} is the question, then the answer" },
    { "output_pattern", "string",
      doc = "Python's regular expression for the reply, with a group for the question and one for the answer; none: " ..
        "they stand behind 【问题】 and 【回答】" },
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
Optimize.task = TASK

function Optimize:get_llm()
  self.system = self.system or self.system_prompt
  return datajuicer.get_llm(self)
end

function Optimize:init()
  self.pattern = self.output_pattern and datajuicer.pair_pattern(self.output_pattern)
  self:fill("", "") -- a template that can not be filled fails now
end

---The templates with a question and an answer in them.
function Optimize:fill(question, answer)
  return datajuicer.fill(self.input_template, datajuicer.fill(self.qa_pair_template, question, answer))
end

local function field(sample, key)
  local value = sample[key]
  if type(value) ~= "string" then error(('field "%s" is missing or not a string'):format(key), 0) end
  return value
end

function Optimize:build_llm_prompt(sample)
  return self:fill(field(sample, self.query_key), field(sample, self.response_key))
end

---Question and answer of the model's text as they are marked by default.
local function marked(reply)
  local _, question = reply:find(QUESTION, 1, true)
  local mark, answer = reply:find(ANSWER, (question or #reply) + 1, true)
  if not mark then return nil end
  return reply:sub(question + 1, mark - 1), reply:sub(answer + 1)
end

---The same by a pattern, which has to match from the start.
local function matched(pattern, reply)
  local first, _, question, answer = pattern:find(reply)
  if first ~= 1 then return nil end
  return question or "", answer or ""
end

---Question and answer of the model's text; nil when they are not marked, or both empty.
function Optimize:read(reply)
  local question, answer
  if self.pattern then question, answer = matched(self.pattern, reply) else question, answer = marked(reply) end
  if not question then return nil end
  question, answer = text.strip(question), text.strip(answer)
  if question .. answer ~= "" then return question, answer end
end

function Optimize:execute(sample)
  local prompt = self:build_llm_prompt(sample)
  local question, answer = datajuicer.ask(self, prompt, function(reply) return self:read(reply) end)
  if question and question ~= "" then sample[self.query_key] = question end
  if answer and answer ~= "" then sample[self.response_key] = answer end
end

return Optimize
