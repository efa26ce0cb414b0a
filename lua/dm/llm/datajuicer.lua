-- What Data-Juicer's operators that ask a model share: its parameters beside ours.
local python_regex = require "dm.python.regex"
local settings = require "dm.llm.settings"
local text = require "dm.text"

local M = {}

---@type dm.Param[]
M.PARAMS = {
  { "api_or_hf_model", "string", doc = "Data-Juicer's: the model's name, as model" },
  { "api_endpoint", "string", doc = "Data-Juicer's: path behind the base URL, as /chat/completions" },
  { "sampling_params", "map", default = {}, doc = "Data-Juicer's: more members of the request, as body" },
  { "model_params", "map", default = {}, doc = "Data-Juicer's: base_url and api_key_env of the server are taken" },
  { "try_num", "integer", default = 3, min = 1, doc = "how often a model is asked whose answer can not be read" },
  { "is_hf_model", "boolean", default = false, only_default = "models are asked over HTTP",
    doc = "load the model into the worker" },
  { "enable_vllm", "boolean", default = false, only_default = "vLLM is asked over HTTP too",
    doc = "load it into vLLM" },
}

---The model of an operator that was told about it in Data-Juicer's words or in ours. As with OpenAI's own library
---OPENAI_BASE_URL is the server where nothing else is said, and OPENAI_API_KEY the key. The operator's `task` is the
---system's message unless the pipeline has another.
---@param op dm.BaseOp
---@return dm.LLMClient
function M.get_llm(op)
  op.model = op.model or op.api_or_hf_model
  op.system = op.system or op.task
  local base = op.url or op.model_params.base_url
  if not base and not op.LLMUrl then
    base = os.getenv "OPENAI_BASE_URL"
    if base and os.getenv "OPENAI_API_KEY" then op.api_key_env = op.api_key_env or "OPENAI_API_KEY" end
  end
  op.api_key_env = op.api_key_env or op.model_params.api_key_env
  op.url = base and base:gsub("/+$", "") .. (op.api_endpoint and "/" .. op.api_endpoint:gsub("^/+", "") or "") or nil
  local body = {}
  for name, value in pairs(op.body) do body[name] = value end
  for name, value in pairs(op.sampling_params) do body[name] = value end
  op.body = body
  return settings.client(op)
end

---Asks until the answer can be read.
---@param op dm.BaseOp
---@param prompt string|table[]
---@param read fun(text: string): any, any, any nil: it can not be read
---@return any, any, any what `read` made of it; nil when no answer could be read
function M.ask(op, prompt, read)
  local a, b, c
  local function accept(reply)
    a, b, c = read(reply.text)
    return a ~= nil
  end
  for _ = 1, op.try_num do
    op.llm:chat(prompt, accept)
    if a ~= nil then return a, b, c end
  end
end

---A template of Python's str.format with a value for each {}; {{ and }} are braces.
---@param template string
---@param ... string
---@return string
function M.fill(template, ...)
  local values, used = { ... }, 0
  return (template:gsub("[{}][{}]?", function(braces)
    if braces == "{{" or braces == "}}" then return braces:sub(1, 1) end
    used = used + 1
    if braces == "{}" and values[used] then return values[used] end
    error(("template %q: only {} has a meaning in it, and %d times; a brace is written {{ or }}")
      :format(template, #values), 0)
  end))
end

---A pattern in the notation of Python's `re`, in which a dot matches line ends, with a group for a question and one for
---an answer.
---@param pattern string
---@return dm.Regex
function M.pair_pattern(pattern)
  local re = text.regex(python_regex.translate(pattern, "re"), "s")
  if re:groups() ~= 2 then
    error(("output_pattern %q needs two groups, for the question and the answer"):format(pattern), 0)
  end
  return re
end

---The parameters of Data-Juicer and those of an operator.
---@param own dm.Param[]
---@return dm.Param[]
function M.params(own)
  local list = {}
  for _, p in ipairs(own) do list[#list + 1] = p end
  for _, p in ipairs(M.PARAMS) do list[#list + 1] = p end
  return list
end

return M
