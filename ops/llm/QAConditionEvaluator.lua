-- Asks a model of each pair of question and answer whether it meets some conditions. The text is a JSON list of
-- objects with question, answer and qaId; results are { qaId, result: [{ dimension, result }] }. As in DataMate a
-- condition that the model can not be asked about counts as not met; with a file to write to (export_path) the text
-- becomes "Sucess".
local LLM = require("dm.base_op").LLM
local datamate = require "dm.llm.datamate"
local embedded = require "dm.embedded"
local failure = require "dm.datamate.failure"
local json = require "dm.python.json"
local text = require "dm.text"

local FOLDER = "ops/llm/QAConditionEvaluator/"
local ASKED = 2

local DIMENSIONS = {
  { dimension = "回答是否有针对性",
    description = "回答应对问题中的所有疑问点提供正面、直接的回答，不应引起疑惑。同时，答案不应有任何内容的遗漏，需构成一个完整的陈述。" },
  { dimension = "问题是否独立",
    description = "仅分析问题，问题的主体和客体都比较明确，即使有省略，也符合语言习惯。在不需要补充其他信息的情况下不会引起疑惑。" },
  { dimension = "语法是否错误",
    description = "问题为疑问句，答案为陈述句; 不存在词语搭配不当的情况;连接词和标点符号不存在错用情况；逻辑混乱的情况不存在；语法结构都正确且完整;" },
}

local Evaluator = LLM:extend {
  name = "QAConditionEvaluator",
  summary = "Ask a model whether questions and answers meet conditions.",
  origin = "DataMate",
  params = {
    { "dimension", "list", default = DIMENSIONS, doc = "the conditions: { dimension, description } each" },
    datamate.PARAMS[1],
  },
  examples = {
    {
      params = { url = "http://localhost:8000/v1" },
      replies = { "结果：Y", "分析 结果：N", "结果:Y" },
      input = { text = '[{"question":"Q?","answer":"A.","qaId":1}]' },
      output = {
        text = '[{"question":"Q?","answer":"A.","qaId":1}]',
        answer = { { qaId = 1, result = {
          { dimension = "回答是否有针对性", result = true },
          { dimension = "问题是否独立", result = false },
          { dimension = "语法是否错误", result = true },
        } } },
      },
    },
  },
}

---Worked examples of a condition, from the file in which "# NAME" begins each.
local function examples_of(name)
  for title, body in (embedded.read(FOLDER .. "examples.txt") .. "# "):gmatch "# ([^\n]*)\n(.-)%f[#]" do
    if title == name then return body end
  end
  return "\n"
end

---The template with a description and its examples in it; braces of these are filled with the rest, as in DataMate.
local function fill(condition)
  local values = { description = condition.description, examples = examples_of(condition.dimension) }
  return (embedded.read(FOLDER .. "template.txt"):gsub("{(%w+)}", values))
end

---The conditions by name: of several with one name the last one counts, in the first one's place.
local function conditions_of(list)
  local conditions, places = {}, {}
  for _, condition in ipairs(list) do
    local place = places[condition.dimension] or #conditions + 1
    places[condition.dimension] = place
    conditions[place] = { name = condition.dimension, template = fill(condition) }
  end
  return conditions
end

---Whether a reply says yes; nil when it says nothing.
local function verdict(reply)
  local at, answer
  for _, colon in ipairs { ":", "：" } do
    local from, _, found = reply:find("结果" .. colon .. " ?([YN])")
    if from and (not at or from < at) then at, answer = from, found end
  end
  if answer then return answer == "Y" end
end

---@param template string
---@return boolean
function Evaluator:meets(template, question, answer)
  local prompt = datamate.format(template, { question = question, answer = answer })
  for _ = 1, ASKED do
    local reply = datamate.ask(self, prompt)
    if not reply then return false end
    local says = verdict(reply)
    if says ~= nil then return says end
  end
  return false
end

local CLASSES = { null = "NoneType", boolean = "bool" }

---The class of a value that has no members, as Python calls it.
local function class_of(v)
  local kind = json.kind(v)
  return CLASSES[kind] or v.integer and "int" or "float"
end

---A member that must be there, or what Python raises.
local function member(pair, key)
  local kind = json.kind(pair)
  if kind == "string" then failure.raise("TypeError", "string indices must be integers, not 'str'") end
  if kind == "list" then failure.raise("TypeError", "list indices must be integers or slices, not str") end
  if kind ~= "object" then failure.raise("TypeError", ("'%s' object is not subscriptable"):format(class_of(pair))) end
  local value = pair.values[key]
  if value == nil then failure.raise("KeyError", ("'%s'"):format(key)) end
  return value
end

function Evaluator:judge(pair)
  local results = {}
  for i, condition in ipairs(self.conditions) do
    local question, answer = json.str(member(pair, "question")), json.str(member(pair, "answer"))
    results[i] = ('{"dimension": %s, "result": %s}'):format(json.dumps(condition.name),
      tostring(self:meets(condition.template, question, answer)))
  end
  return ('{"qaId": %s, "result": [%s]}'):format(json.dumps(member(pair, "qaId")), table.concat(results, ", "))
end

---Raises what Python says of a text that is not JSON.
local function refuse(s, what, at)
  local before = text.sub(s, 1, at)
  local _, lines = before:gsub("\n", "")
  failure.raise("JSONDecodeError", ("%s: line %d column %d (char %d)"):format(what, lines + 1,
    text.length(before:match "[^\n]*$") + 1, at))
end

---The pairs of a text: of an object the names of its members, as Python goes through one.
local function pairs_of(s)
  local value, what, at = json.decode(s)
  if what then refuse(s, what, at) end
  local kind = json.kind(value)
  if kind == "object" then return value.keys end
  if kind == "list" then return value end
  if kind == "string" then return { value ~= "" and value or nil } end
  failure.raise("TypeError", ("'%s' object is not iterable"):format(class_of(value)))
end

function Evaluator:execute(sample)
  self.conditions = self.conditions or conditions_of(self.dimension)
  local lines = {}
  for _, pair in ipairs(pairs_of(self:get_text(sample))) do lines[#lines + 1] = self:judge(pair) end
  datamate.keep(self, sample, lines, "Sucess")
end

return Evaluator
