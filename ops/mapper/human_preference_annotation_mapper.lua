-- Has people choose between two answers: each sample becomes a task of a Label Studio project that has Data-Juicer's
-- labels (a Pairwise of answer1 and answer2 beside a prompt). Without wait_for_annotations samples go on as they are;
-- with it a task is asked for every poll_interval until somebody has chosen, and its sample gets the chosen and the
-- rejected answer, or goes on as it is after the timeout. Others go on meanwhile. A sample that has a chosen answer is
-- left alone, so that the output of a run may be the input of the next. Unlike Data-Juicer it makes no project, since
-- each worker would make one, and notifies nobody: Label Studio has webhooks. A row that is tried again is a task
-- again.
local Mapper = require("dm.base_op").Mapper
local http = require "dm.http"
local sample_module = require "dm.sample"
local wait = require "dm.wait"

local HumanPreference = Mapper:extend {
  name = "human_preference_annotation_mapper",
  summary = "Have people choose between two answers, in Label Studio.",
  origin = "Data-Juicer",
  waits = true,
  params = {
    { "api_url", "string", required = true, doc = "Label Studio's address" },
    { "api_key_env", "string", default = "LABEL_STUDIO_API_KEY", doc = "environment variable that holds the key" },
    { "project_id", "integer", required = true, doc = "the project, which must be there" },
    { "label_config_file", "string", only_default = "the project has its labels already",
      doc = "file with the labels of a new project" },
    { "answer1_key", "string", default = "answer1", doc = "field of the left answer" },
    { "answer2_key", "string", default = "answer2", doc = "field of the right answer" },
    { "prompt_key", "string", default = "prompt", doc = "field of the question" },
    { "chosen_key", "string", default = "chosen", doc = "field for the answer that was chosen" },
    { "rejected_key", "string", default = "rejected", doc = "field for the other" },
    { "wait_for_annotations", "boolean", default = false, doc = "wait until somebody has chosen" },
    { "timeout", "number", default = 3600, min = 0, doc = "seconds that a sample waits" },
    { "poll_interval", "number", default = 60, min = 0.001, doc = "seconds between questions" },
    { "max_tasks_per_batch", "integer", default = 100, min = 1, doc = "samples that wait in each worker, at the most" },
  },
  examples = {
    { params = { api_url = "http://localhost:8080", project_id = 1 },
      input = { prompt = "Which?", answer1 = "a", answer2 = "b", chosen = "b" },
      output = { prompt = "Which?", answer1 = "a", answer2 = "b", chosen = "b" } },
  },
}

function HumanPreference:init()
  local key = os.getenv(self.api_key_env)
  self.api_url = self.api_url:gsub("/+$", "")
  self.headers = { Authorization = key and "Token " .. key }
  self.max_in_flight = self.max_tasks_per_batch
end

---A value as Python's str() has it; what is no scalar is nil.
local function as_text(value)
  if type(value) == "boolean" then return value and "True" or "False" end
  if type(value) == "string" or type(value) == "number" then return tostring(value) end
end

---What people see: the question, the answers, and what else the sample says.
local function data_of(self, sample)
  local shown = { [self.prompt_key] = "prompt", [self.answer1_key] = "answer1", [self.answer2_key] = "answer2" }
  local data = { prompt = "No prompt provided", answer1 = "No answer 1 provided", answer2 = "No answer 2 provided" }
  for key, value in sample_module.each(sample) do
    if shown[key] then
      data[shown[key]] = sample_module.totable(value)
    else
      data["meta:" .. key] = as_text(value)
    end
  end
  return data
end

---The value that a server replied, of a request that must not fail.
local function reply_of(self, what, reply, why)
  if not reply then error(("%s: %s: %s"):format(self.api_url, what, why), 0) end
  if reply.status < 200 or reply.status > 299 then
    error(("%s: %s: HTTP %d: %s"):format(self.api_url, what, reply.status, reply.body:sub(1, 200)), 0)
  end
  local read, value = sample_module.within(reply.body:gsub("[\r\n]", " "), sample_module.totable)
  if not read then error(("%s: %s: the reply is no JSON"):format(self.api_url, what), 0) end
  return value
end

---@return integer number of the task that the sample became
local function create(self, sample)
  local url = ("%s/api/projects/%d/import?return_task_ids=1"):format(self.api_url, self.project_id)
  local body = sample_module.array { { data = data_of(self, sample) } }
  local reply = reply_of(self, "a task is made", http.post(url, body, { headers = self.headers }))
  local ids = reply.task_ids
  local id = type(ids) == "table" and tonumber(ids[1])
  return id or error(self.api_url .. ": a task is made: the reply has no task_ids", 0)
end

---@return table? annotation nil after the timeout
local function annotation_of(self, task)
  local url = ("%s/api/tasks/%d"):format(self.api_url, task)
  for waited = 0, self.timeout, self.poll_interval do
    if waited > 0 then wait.sleep(1000 * self.poll_interval) end
    local reply = reply_of(self, "a task is asked for", http.get(url, { headers = self.headers }))
    local list = reply.annotations
    if type(list) == "table" and type(list[1]) == "table" then return list[1] end
  end
end

---The field that was chosen, and the other.
local function choice_of(self, annotation)
  local fields = { left = { self.answer1_key, self.answer2_key }, right = { self.answer2_key, self.answer1_key } }
  fields[self.answer1_key], fields[self.answer2_key] = fields.left, fields.right
  for _, item in ipairs(type(annotation.result) == "table" and annotation.result or {}) do
    local is_choice = type(item) == "table" and item.type == "pairwise" and type(item.value) == "table"
    local chosen = is_choice and fields[item.value.selected]
    if chosen then return chosen[1], chosen[2] end
  end
  error("the annotation chooses none of the answers", 0)
end

function HumanPreference:execute(sample)
  if sample[self.chosen_key] ~= nil then return end
  local task = create(self, sample)
  local annotation = self.wait_for_annotations and annotation_of(self, task)
  if not annotation then return end
  local chosen, rejected = choice_of(self, annotation)
  sample[self.chosen_key] = sample[chosen]
  sample[self.rejected_key] = sample[rejected]
end

return HumanPreference
