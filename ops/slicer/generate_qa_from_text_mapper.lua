-- Makes questions and answers of a text, a sample for each pair, in the fields query and response. The model is to
-- write "Human: ..." and "Assistant: ...", as the one that Data-Juicer asks by default does by itself; ours are told.
-- A text of which the model makes no pair drops out.
local LLMSlicer = require("dm.base_op").LLMSlicer
local datajuicer = require "dm.llm.datajuicer"
local dm_sample = require "dm.sample"
local text = require "dm.text"

local TASK = [[
Write questions that the text answers, and their answers, in the text's language. Write nothing but pairs of this form:
Human: the question
Assistant: the answer]]

local Generate = LLMSlicer:extend {
  name = "generate_qa_from_text_mapper",
  summary = "Make pairs of question and answer of a text.",
  origin = "Data-Juicer",
  params = datajuicer.params {
    { "hf_model", "string", doc = "Data-Juicer's: the model's name, as model" },
    { "max_num", "integer", min = 1, doc = "most pairs that are made of a text" },
    { "output_pattern", "string", doc = "Python's regular expression for a pair in the reply, with a group for the " ..
      "question and one for the answer; none: they stand behind Human: and Assistant:" },
    { "query_key", "string", default = "query", doc = "field that gets the question" },
    { "response_key", "string", default = "response", doc = "field that gets the answer" },
  },
  examples = {
    {
      params = { url = "http://localhost:8000/v1" },
      replies = { "Human: What boils?\nAssistant: Water.\nHuman: At what?\nAssistant: At 100 degrees." },
      input = { text = "Water boils at 100 degrees." },
      outputs = {
        { text = "Water boils at 100 degrees.", query = "What boils?", response = "Water." },
        { text = "Water boils at 100 degrees.", query = "At what?", response = "At 100 degrees." },
      },
    },
  },
}

Generate.task = TASK

function Generate:init()
  self.pattern = self.output_pattern and datajuicer.pair_pattern(self.output_pattern)
end

function Generate:get_llm()
  self.api_or_hf_model = self.api_or_hf_model or self.hf_model
  return datajuicer.get_llm(self)
end

function Generate:build_llm_prompt(sample)
  return self:get_text(sample)
end

---The pairs of an answer; nil when there are none.
---@return { [1]: string, [2]: string }[]?
local function read(answer)
  local pairs_found, at = {}, 1
  while true do
    local _, question = answer:find("Human:", at, true)
    local colon, reply = answer:find("Assistant:", (question or #answer) + 1, true)
    if not colon then break end
    local behind = answer:find("Human", reply + 1, true) or #answer + 1
    pairs_found[#pairs_found + 1] = { text.strip(answer:sub(question + 1, colon - 1)),
      text.strip(answer:sub(reply + 1, behind - 1)) }
    at = behind
  end
  return pairs_found[1] and pairs_found or nil
end

---The same by a pattern.
local function matched(pattern, answer)
  local pairs_found = {}
  for _, _, question, reply in pattern:spans(answer) do
    pairs_found[#pairs_found + 1] = { text.strip(question or ""), text.strip(reply or "") }
  end
  return pairs_found[1] and pairs_found or nil
end

function Generate:execute(sample)
  local read_pairs = self.pattern and function(answer) return matched(self.pattern, answer) end or read
  local list, children = datajuicer.ask(self, self:build_llm_prompt(sample), read_pairs) or {}, {}
  for i = 1, math.min(#list, self.max_num or #list) do
    sample[self.query_key], sample[self.response_key] = list[i][1], list[i][2]
    children[i] = dm_sample.clone(sample)
  end
  return children
end

return Generate
