-- Keeps samples whose quality a model rates highly enough: 1 to 5 for accuracy, grammar, informativeness and
-- coherence, of which the mean divided by 5 is compared. As with Data-Juicer the score is 0 when no answer can be read,
-- so that such a sample is dropped. An answer is read from the first brace on, and braces in it may be two deep.
local LLMFilter = require("dm.base_op").LLMFilter
local datajuicer = require "dm.llm.datajuicer"
local embedded = require "dm.embedded"
local kind = require "dm.kind"
local path = require "dm.path"
local sample_module = require "dm.sample"
local text = require "dm.text"

local DIMENSIONS = { "accuracy", "grammar", "informativeness", "coherence" }

-- Word for word Data-Juicer's (Apache License 2.0, Copyright Alibaba), since scores depend on it.
local TASK = embedded.read "ops/filter/llm_quality_score_filter/task.txt"
local INPUT = "# Data\n'''\n%s\n'''\n\n# Response\njson\n"

local Filter = LLMFilter:extend {
  name = "llm_quality_score_filter",
  summary = "Keep samples whose quality a model rates highly enough.",
  origin = "Data-Juicer",
  bounds = { "min_score", "max_score" },
  stats_key = "llm_quality_score",
  params = datajuicer.params {
    { "min_score", "number", default = 0.5, doc = "least score that is kept" },
    { "max_score", "number", default = 1.0, doc = "greatest score that is kept" },
    { "input_keys", "list", default = { "text" }, doc = "paths of the fields that the model is shown" },
    { "field_names", "list", default = { "Text" }, doc = "what they are called" },
  },
  examples = {
    {
      params = { url = "http://localhost:8000/v1" },
      replies = { '{"dimension_scores": {"accuracy": 4, "grammar": 4, "informativeness": 2, "coherence": 4}}' },
      input = { text = "Water boils at 100 degrees." },
      keep = true,
    },
    {
      params = { url = "http://localhost:8000/v1" },
      replies = { 'Bad: {"dimension_scores": {"accuracy": 1, "grammar": 3, "informativeness": 1, "coherence": 2}}' },
      input = { text = "wter boil" },
      keep = false,
    },
  },
}
Filter.get_llm, Filter.task = datajuicer.get_llm, TASK

function Filter:init()
  if #self.input_keys ~= #self.field_names then
    error(self.name .. ": input_keys and field_names differ in length", 0)
  end
  self.paths = {}
  for i, key in ipairs(self.input_keys) do self.paths[i] = path.split(key) end
end

function Filter:build_llm_prompt(sample)
  local parts = {}
  for i, keys in ipairs(self.paths) do
    local parent = path.parent(sample, keys)
    local value = parent and parent[keys[#keys]]
    if value == nil then error(('field "%s" is missing or null'):format(self.input_keys[i]), 0) end
    parts[i] = ("**%s**\n%s"):format(self.field_names[i], tostring(value))
  end
  return INPUT:format(table.concat(parts, "\n\n"))
end

local BRACES = text.regex "\\{[^{}]*(?:\\{[^{}]*\\}[^{}]*)*\\}"

---The object that an answer holds, as Data-Juicer finds it. Line ends become TABs, which are as good between values and
---as bad inside strings.
local function find(answer)
  local first, last = BRACES:find(answer)
  if not first then return nil end
  local ok, found = pcall(sample_module.parse, (answer:sub(first, last):gsub("[\r\n]", "\t")))
  return ok and found or nil
end

---The mean of the scores that an answer holds, from 0 to 1; nil when it can not be read.
local function read(answer)
  local found = find(answer)
  local scores = found and found.dimension_scores
  if not sample_module.is_node(scores) or kind.is_list(scores) then return nil end
  local sum = 0
  for _, name in ipairs(DIMENSIONS) do
    local score = scores[name]
    if type(score) == "boolean" then score = score and 1 or 0 end
    if type(score) ~= "number" then return nil end
    sum = sum + score
  end
  return sum / #DIMENSIONS / 5, found
end

---Writes what the model said among the statistics, each tag too.
local function keep_record(self, sample, score, record)
  self:note(sample, "llm_quality_score", score)
  self:note(sample, "llm_quality_record", record or sample_module.null)
  local tags = record and record.tags
  if not sample_module.is_node(tags) or kind.is_list(tags) then return end
  for name, tag in pairs(tags) do self:note(sample, name, tag) end
end

function Filter:execute(sample)
  local score, record = datajuicer.ask(self, self:build_llm_prompt(sample), read)
  if self.keep_stats_in_res_ds then keep_record(self, sample, score or 0, record) end
  local keep, reason = self:compare(score or 0)
  return keep, score and reason or "no answer could be read", score or 0
end

return Filter
