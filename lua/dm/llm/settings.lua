-- What an LLM operator may be told: parameters of our own, and DataMate's.
local client = require "dm.llm.client"
local endpoint = require "dm.llm.endpoint"
local ffi = require "ffi"
local http = require "dm.http"
local json = require "dm.json"
local sample = require "dm.sample"
local schema = require "dm.llm.schema"
local sources = require "dm.sources"
local units = require "dm.units"

local M = {}

-- Tokens of an answer of which nothing is known.
local ANSWER_TOKENS = 256

---@type dm.Param[]
M.PARAMS = {
  { "url", "string", doc = "base URL of an OpenAI-compatible server, as http://localhost:8000/v1" },
  { "model", "string", doc = "the model's name, as the server knows it" },
  { "api_key_env", "string", doc = "name of the environment variable that holds the key" },
  { "api", "string", default = "chat", one_of = { "chat", "completions" }, doc = "which of the server's interfaces" },
  { "system", "string", doc = "a message of the system before all others" },
  { "few_shot", "string", doc = "JSONL file of examples, { \"user\": ..., \"assistant\": ... } each, that go before" },
  { "temperature", "number", min = 0, doc = "0: always the likeliest word" },
  { "top_p", "number", min = 0, max = 1, doc = "share of the likeliest words that are considered" },
  { "max_tokens", "integer", min = 1, doc = "longest reply, in tokens" },
  { "seed", "integer", doc = "makes replies repeatable, where the server can" },
  { "stop", "string|list", doc = "texts that end a reply" },
  { "stream", "boolean", default = false, doc = "have the reply sent word by word, so that its beginning comes soon" },
  { "schema", "map", doc = "JSON Schema of the answer; one that does not fit is asked for once more" },
  { "body", "map", default = {}, doc = "more members of the request" },
  { "headers", "map", default = {}, doc = "more header lines" },
  { "max_in_flight", "integer", default = 256, min = 1, doc = "requests at once for each worker, at the most" },
  { "requests_per_minute", "integer", min = 1, doc = "requests that the server takes, from all workers together" },
  { "tokens_per_minute", "integer", min = 1, doc = "tokens that it takes, sent and answered" },
  { "retries", "integer", default = 6, min = 0, doc = "how often a request is made again that failed" },
  { "retry_delay", "string|number", default = "500ms", doc = "pause before the first of those; then it doubles" },
  { "longest_retry_delay", "string|number", default = "30s", doc = "the longest of those pauses" },
  { "outage", "string|number", default = "10min", doc = "how long a server that can not be reached is waited for" },
  { "price_in", "number", min = 0, doc = "price of a million tokens that are sent" },
  { "price_out", "number", min = 0, doc = "price of a million tokens that are answered" },
  { "LLMUrl", "string", doc = "DataMate's: where requests go, as it stands" },
  { "LLMHeaders", "map", doc = "DataMate's: header lines" },
  { "LLMBody", "map", doc = "DataMate's: the request, whose first message gets the prompt" },
  { "accessType", "boolean", default = false,
    doc = "DataMate's: false: with the client's certificate that RAY_TLS_SERVER_CERT, _KEY and RAY_TLS_CA_CERT name" },
  { "isHttps", "boolean", default = false, doc = "DataMate's; the URL says it here" },
  { "isCertificate", "boolean", default = false, doc = "DataMate's; certificates are always checked here: see verify" },
  { "certificatePath", "string", doc = "DataMate's: certificates to trust instead of the system's" },
}
for _, option in ipairs(http.OPTIONS) do M.PARAMS[#M.PARAMS + 1] = option end

---What goes into every request as it stands.
local SAMPLING = { "model", "temperature", "top_p", "max_tokens", "seed", "stop" }

local function key_of(op)
  if not op.api_key_env then return nil end
  local key = os.getenv(op.api_key_env)
  if not key or key == "" then
    error(("%s: api_key_env: the environment has no %s"):format(op.name, op.api_key_env), 0)
  end
  return key
end

---The messages that go before every prompt.
local function messages_before(op)
  local list = {}
  if op.system then list[1] = { role = "system", content = op.system } end
  if not op.few_shot then return list end
  local text, why = sources.read(op.few_shot)
  if not text then error(op.name .. ": few_shot: " .. why, 0) end
  local n = 0
  for line in text:gmatch "[^\r\n]+" do
    n = n + 1
    local ok, shot = pcall(json.decode, line)
    if not ok or type(shot) ~= "table" or type(shot.user) ~= "string" or type(shot.assistant) ~= "string" then
      error(('%s: few_shot: %s:%d is not { "user": TEXT, "assistant": TEXT }'):format(op.name, op.few_shot, n), 0)
    end
    list[#list + 1] = { role = "user", content = shot.user }
    list[#list + 1] = { role = "assistant", content = shot.assistant }
  end
  return list
end

---The URL without what may be secret in it: name and password, query.
local function public(url)
  return (url:gsub("^(%w+://)[^/@]*@", "%1"):gsub("[?#].*$", ""))
end

local function copy(t)
  local c = {}
  for k, v in pairs(t or {}) do c[k] = v end
  return c
end

local function milliseconds(op, name)
  return units.milliseconds(op[name]) or error(('%s: "%s" is not a value for %s'):format(op.name, op[name], name), 0)
end

---Settings that both forms share.
local function common(op, url, headers)
  local settled = http.settle(op)
  local e = endpoint.get(public(url), op.max_in_flight, milliseconds(op, "outage"))
  e:set_rates(op.requests_per_minute, op.tokens_per_minute)
  return {
    url = url,
    headers = headers,
    secrets = {},
    settled = settled,
    endpoint = e,
    retries = op.retries,
    first_delay = milliseconds(op, "retry_delay"),
    longest_delay = milliseconds(op, "longest_retry_delay"),
    asked = ffi.new "struct dm_asked", -- until it is known who keeps the account
    answered = op.max_tokens or ANSWER_TOKENS,
    price_in = (op.price_in or 0) * 1e3, -- in billionths for a token, not units for a million
    price_out = (op.price_out or 0) * 1e3,
  }
end

local PLACES = { chat = "/chat/completions", completions = "/completions" }

local function of_plain(op)
  local url = op.url:gsub("/+$", "")
  if not url:find "completions$" then url = url .. PLACES[op.api] end
  local s = common(op, url, copy(op.headers))
  local key = key_of(op)
  s.headers["Content-Type"] = s.headers["Content-Type"] or "application/json"
  if key then
    s.headers.Authorization = "Bearer " .. key
    s.secrets[1] = key
  end
  s.embeddings = url:gsub("/completions$", ""):gsub("/chat$", "") .. "/embeddings"
  s.api, s.before, s.body = op.api, messages_before(op), copy(op.body)
  for _, name in ipairs(SAMPLING) do
    if op[name] ~= nil then s.body[name] = op[name] end
  end
  if op.schema then
    s.check = schema.compile(op.schema)
    s.body.response_format = { type = "json_schema", json_schema = { name = "answer", strict = true,
      schema = op.schema } }
  end
  if op.stream then
    s.body.stream = true
    s.body.stream_options = s.body.stream_options or { include_usage = true }
  end
  return s
end

---DataMate's: the first message of the body gets the prompt.
local function of_datamate(op)
  local s = common(op, op.LLMUrl, copy(op.LLMHeaders or { ["Content-type"] = "application/json" }))
  s.settled.ca_file = op.certificatePath or s.settled.ca_file
  if not op.accessType and op.LLMUrl:find "^https:" then
    s.settled.cert_file = os.getenv "RAY_TLS_SERVER_CERT" or s.settled.cert_file
    s.settled.key_file = os.getenv "RAY_TLS_SERVER_KEY" or s.settled.key_file
    s.settled.ca_file = os.getenv "RAY_TLS_CA_CERT" or s.settled.ca_file
    s.settled.host_name = s.settled.host_name or "edatamate"
  end
  s.body = op.LLMBody
  function s.fill(body, prompt)
    local messages = sample.array {}
    for i, message in ipairs(op.LLMBody.messages) do messages[i] = message end
    messages[1] = copy(messages[1])
    messages[1].content = prompt
    body.messages = messages
  end
  for name, value in pairs(s.headers) do
    if name:lower() == "authorization" then s.secrets[#s.secrets + 1] = value:gsub("^%a+ +", "") end
  end
  return s
end

---The client of an operator, made of its parameters; raises when they do not do.
---@param op dm.BaseOp
---@return dm.LLMClient
function M.client(op)
  local s
  if op.LLMUrl then
    if type(op.LLMBody) ~= "table" or type(op.LLMBody.messages) ~= "table" or not op.LLMBody.messages[1] then
      error(op.name .. ": LLMBody must hold messages, the first of which gets the prompt", 0)
    end
    s = of_datamate(op)
  elseif op.url then
    s = of_plain(op)
  else
    error(op.name .. ' needs the parameter "url": ' .. M.PARAMS[1].doc, 0)
  end
  s.lines = http.lines(s.headers)
  return client.new(s)
end

return M
