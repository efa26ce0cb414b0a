-- Keeps samples whose quality a model rates highly enough: 1 to 5 for accuracy, grammar, informativeness and
-- coherence, of which the mean divided by 5 is compared. As with Data-Juicer a sample is kept whose answer can not be
-- read.
local LLMFilter = require("dm.base_op").LLMFilter
local datajuicer = require "dm.llm.datajuicer"
local embedded = require "dm.embedded"
local path = require "dm.path"
local schema = require "dm.llm.schema"

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

---The mean of the scores that an answer holds, from 0 to 1; nil when it can not be read.
local function read(answer)
  local found = schema.find(answer)
  local scores = found and found.dimension_scores
  if type(scores) ~= "table" and type(scores) ~= "cdata" then return nil end
  local sum = 0
  for _, name in ipairs(DIMENSIONS) do
    local score = tonumber(scores[name])
    if not score then return nil end
    sum = sum + score
  end
  return sum / #DIMENSIONS / 5, found
end

function Filter:execute(sample)
  local score, record = datajuicer.ask(self, self:build_llm_prompt(sample), read)
  if not score then return true end
  self:note(sample, "llm_quality_score", score)
  self:note(sample, "llm_quality_record", record)
  local keep, reason = self:compare(score)
  return keep, reason, score
end

return Filter
