-- Asks a model behind an OpenAI-compatible server, again when that may help, and reads what it answers.
local answer = require "dm.llm.answer"
local ffi = require "ffi"
local cache = require "dm.llm.cache"
local events = require "dm.llm.events"
local http = require "dm.http"
local raised = require "dm.raised"
local sample = require "dm.sample"
local schema = require "dm.llm.schema"
local wait = require "dm.wait"

local C = ffi.C

local M = {}

-- What is shown of a reply that says that something failed.
local SHOWN_BYTES = 200
-- What is thought of a request before it is made: bytes of a token, and how fast what answers take changes what is
-- thought of the next one.
local TOKEN_BYTES, LEARNING = 4, 0.05
-- Stands for the prompt in the request after which others are made; nothing else in a request looks like that.
local MARK = "<dmhost: the prompt goes here>"
-- The longest pause that a server may ask for.
local LONGEST_RETRY_MS = 300000
-- How long a server may be away, and how often it is asked again, while a person waits.
local HURRIED_OUTAGE_MS, HURRIED_RETRIES = 1000, 1

---Statuses after which the same request may do better.
local AGAIN = { [408] = true, [409] = true, [425] = true, [429] = true, [500] = true, [502] = true, [503] = true,
  [504] = true, [529] = true }
---Those that say that the server has too much to do.
local OVERLOADED = { [429] = true, [503] = true, [529] = true }

---What a model answered.
---@class dm.LLMReply
---@field text string
---@field finish_reason string?
---@field tokens_in integer?
---@field tokens_out integer?
---@field value any? with a schema: what the text says, as a node

---@class dm.LLMClient
---@field url string where requests go
---@field embeddings string? where texts go of which vectors are wanted
---@field lines string header lines
---@field secrets string[] what must not be seen in messages
---@field settled table as http.settle makes it
---@field requests table<string, dm.PreparedRequest> by URL
---@field endpoint dm.Endpoint
---@field retries integer
---@field first_delay number milliseconds
---@field longest_delay number milliseconds
---@field check (fun(v: any): string?)? whether what an answer says fits the schema
---@field price_in number of a token, in billionths
---@field price_out number
---@field asked ffi.cdata* struct dm_asked: the account
---@field around string[]? what stands before and behind a prompt in a request
---@field answered number tokens of a usual answer
local Client = {}
Client.__index = Client

---Makes a client of what dm.llm.settings found.
---@param settings table
---@return dm.LLMClient
function M.new(settings)
  settings.requests = {}
  return setmetatable(settings, Client)
end

---Gives up sooner from now on: a person waits for the answer.
function Client:hurry()
  self.endpoint.outage = math.min(self.endpoint.outage, HURRIED_OUTAGE_MS)
  self.retries = math.min(self.retries, HURRIED_RETRIES)
end

---The text without secrets, control characters and half characters, and no longer than is worth showing.
local function presentable(self, text)
  for _, secret in ipairs(self.secrets) do
    local from, to = text:find(secret, 1, true)
    while from do
      text = text:sub(1, from - 1) .. "***" .. text:sub(to + 1)
      from, to = text:find(secret, from + 3, true)
    end
  end
  text = text:sub(1, SHOWN_BYTES):gsub("[%c]+", " ")
  return text:sub(1, tonumber(C.dm_utf8_check(text, #text)))
end

---Milliseconds that the server wants to be left alone, from Retry-After in seconds; else nil. Dates are rare there
---and clocks differ: they count as not said.
local function retry_after(ended)
  local seconds = tonumber(http.headers(ended.head)["retry-after"])
  return seconds and seconds >= 0 and math.min(seconds * 1e3, LONGEST_RETRY_MS)
end

---A random pause that grows with each try (Brooker, "Exponential backoff and jitter", AWS 2015). Rows' own random
---numbers do not depend on it.
local function backoff(self, try)
  local most = math.min(self.longest_delay, self.first_delay * 2 ^ (try - 1))
  local x = tonumber(C.dm_ticks() % 65536ULL) / 65536
  return most * (0.5 + 0.5 * x)
end

---What went wrong with a request, or nil.
---@return string? why
---@return boolean? again whether to try again
local function judge(self, ended)
  if ended.outcome ~= C.DM_HTTP_DONE then
    return presentable(self, ended.error), ended.outcome ~= C.DM_HTTP_TLS and ended.outcome ~= C.DM_HTTP_TOO_LARGE
      and ended.outcome ~= C.DM_HTTP_BAD
  end
  if ended.status >= 200 and ended.status < 300 then return nil end
  local place = ended.status < 400 and http.headers(ended.head).location
  if place then return ("HTTP %d: moved; url should be %s"):format(ended.status, presentable(self, place)) end
  if ended.status == 407 then return "HTTP 407: the proxy wants to know who asks: http://NAME:PASSWORD@HOST:PORT" end
  return ("HTTP %d: %s"):format(ended.status, presentable(self, ended.body)), AGAIN[ended.status]
end

local function cost_of(self, tokens_in, tokens_out)
  return math.floor(tokens_in * self.price_in + tokens_out * self.price_out + 0.5)
end

---Tells the endpoint how a request ended.
---@return number? pause that the server asked for
local function tell(self, ended)
  local e = self.endpoint
  local pause = OVERLOADED[ended.status] and retry_after(ended) or nil
  if ended.outcome == C.DM_HTTP_DONE then e:reached() end
  if OVERLOADED[ended.status] or ended.outcome == C.DM_HTTP_TIMEOUT then
    e:shrink(0.7, ended.total_ms)
    if pause then e:close(pause) end
  elseif ended.outcome == C.DM_HTTP_DONE then
    e:succeeded(ended.total_ms)
  end
  e:leave()
  return pause
end

---Notes which tokens an answer took.
---@return integer tokens
---@return integer cost
local function account(self, tokens_in, tokens_out)
  local cost = cost_of(self, tokens_in, tokens_out)
  self.answered = self.answered + LEARNING * (tokens_out - self.answered)
  C.dm_asked_answer(self.asked, tokens_in, tokens_out, cost)
  return tokens_in + tokens_out, cost
end

---The request to a URL, without a body.
---@return dm.PreparedRequest
local function request_to(self, url)
  local request = self.requests[url]
  if not request then
    request = http.prepare("POST", url, self.lines, self.settled)
    self.requests[url] = request
  end
  return request
end

---Sends a request when it is its turn; again when the server could not be reached.
---@param request dm.PreparedRequest
---@param tokens number that it may take
---@param cost number
---@return dm.Ended
---@return number? pause that the server asked for
local function send(self, request, body, tokens, cost)
  while true do
    self.endpoint:enter(tokens, cost)
    local sent, ended = pcall(http.send, request, body)
    if not sent then -- it could not be begun, or was interrupted
      self.endpoint:leave()
      error(ended, 0)
    end
    local pause = tell(self, ended)
    if ended.outcome ~= C.DM_HTTP_CONNECT then
      C.dm_asked_request(self.asked, ended.total_ms)
      return ended, pause
    end
    self.endpoint:settle(1, -tokens, -cost)
    self.endpoint:unreachable(presentable(self, ended.error), ended.total_ms)
  end
end

---Sends a request once.
---@return any value what `read` made of the reply's body
---@return string? why there is none
---@return boolean? again
---@return number? pause
local function try(self, url, body, read)
  local tokens_in, tokens_out = math.ceil(#body / TOKEN_BYTES), math.ceil(self.answered)
  local tokens, cost = tokens_in + tokens_out, cost_of(self, tokens_in, tokens_out)
  local ended, pause = send(self, request_to(self, url), body, tokens, cost)
  local why, again = judge(self, ended)
  local value, hopeless
  if not why then
    value, why, hopeless = read(ended)
    if why then
      local shown = (hopeless or ended.body == "") and "" or ": " .. ended.body
      why, again = presentable(self, why .. shown), not hopeless
    end
  end
  local took_tokens, took = tokens, cost
  if value and value.tokens_in then took_tokens, took = account(self, value.tokens_in, value.tokens_out or 0) end
  self.endpoint:settle(0, took_tokens - tokens, took - cost)
  return value, why, again, pause
end

---The key of a request, and the reply that was kept under it.
---@return string|false key false: no replies are kept
---@return table? reply
local function find_reply(self, url, text)
  if not cache.is_used() then return false end
  local key = cache.key(self.endpoint.name .. (url == self.url and "" or " embeddings"), text)
  return key, cache.find(key)
end

---Finds the reply to a request, or sends it until it is answered as it should be, or that is hopeless.
---@param url string
---@param text string the request, in JSON
---@param read fun(ended: dm.Ended): any, string?, boolean? reads the reply; why that will not do, ever
---@return any
---@return string|false|nil key under which a new reply may be kept; false: none is; nil: it was found
function Client:post(url, text, read)
  if url == "" then error("LLMUrl is empty", 0) end
  local why
  local key, kept = find_reply(self, url, text)
  if kept then
    self.asked.cached = self.asked.cached + 1
    return kept
  end
  for i = 1, self.retries + 1 do
    local value, failed, again, pause = try(self, url, text, read)
    if not failed then return value, key end
    why = failed
    if failed:find "^HTTP 401" then raised.end_run(("%s: %s"):format(self.endpoint.name, failed)) end
    if not again then break end
    if i <= self.retries then
      self.asked.retries = self.asked.retries + 1
      wait.sleep(math.max(pause or 0, backoff(self, i)))
      self.endpoint:open()
    end
  end
  error(("%s: %s"):format(self.endpoint.name, why), 0)
end

local function read_chat(ended)
  if ended.events then return events.join(ended.body) end
  return answer.read(ended.body, answer.choice)
end

---A list of messages of a string or of messages, with those that go before.
local function messages_of(self, prompt)
  local list = sample.array {}
  for _, message in ipairs(self.before) do list[#list + 1] = message end
  if type(prompt) == "string" then
    list[#list + 1] = { role = "user", content = prompt }
  elseif type(prompt) == "table" and prompt[1] then
    for _, message in ipairs(prompt) do list[#list + 1] = message end
  else
    error("a prompt must be a string or a list of messages, not a " .. type(prompt), 0)
  end
  return list
end

local function body_for(self, prompt)
  local body = {}
  for key, value in pairs(self.body) do body[key] = value end
  if self.fill then
    self.fill(body, prompt)
  elseif self.api == "completions" then
    if type(prompt) ~= "string" then error("the prompt of a completion must be a string", 0) end
    body.prompt = prompt
  else
    body.messages = messages_of(self, prompt)
  end
  return body
end

---The request for a prompt. Those for texts differ in the text alone: what stands around it is made once.
---@param prompt string|table[]
---@return string
local function request_for(self, prompt)
  if type(prompt) ~= "string" then return sample.json(body_for(self, prompt)) end
  if not self.around then
    local text = sample.json(body_for(self, MARK))
    local from, to = text:find('"' .. MARK .. '"', 1, true)
    self.around = { text:sub(1, from - 1), text:sub(to + 1) }
  end
  return self.around[1] .. sample.json(prompt) .. self.around[2]
end

---Asks for vectors of texts and waits for them. Raises when there are none.
---@param texts string[]
---@return number[][] in the order of the texts
function Client:embed(texts)
  wait.turn()
  if not self.embeddings then error("vectors need the parameter url", 0) end
  local body = { model = self.body.model, input = sample.array { unpack(texts) } }
  local found, key = self:post(self.embeddings, sample.json(body), function(ended)
    return answer.read(ended.body, function(root) return answer.vectors(root, #texts) end)
  end)
  local vectors = key == nil and found or found.vectors
  cache.keep(key, vectors)
  return vectors
end

---Keeps a reply, without what was made of it here.
local function keep(key, reply)
  if key then
    cache.keep(key, { text = reply.text, finish_reason = reply.finish_reason, tokens_in = reply.tokens_in,
      tokens_out = reply.tokens_out })
  end
end

---Reads what a reply says in JSON, as the schema wants it.
---@return string? wrong
local function take_value(self, reply)
  reply.value = schema.find(reply.text)
  if not reply.value then return "the answer is not JSON" end
  return self.check(reply.value)
end

---The conversation so far, and the wish for a better answer.
local function repair(prompt, reply, wrong)
  local list = type(prompt) == "string" and { { role = "user", content = prompt } } or { unpack(prompt) }
  list[#list + 1] = { role = "assistant", content = reply.text }
  list[#list + 1] = { role = "user", content =
    ("That does not fit the schema: %s. Answer again, with nothing but JSON that does."):format(wrong) }
  return list
end

---Asks the model and waits for its answer. Raises when there is none. With a schema an answer that does not fit is
---asked for once more, with what is wrong; what it says is in the reply's `value`.
---@param prompt string|table[] a prompt, or a list of messages { role =, content = }
---@param accept (fun(reply: dm.LLMReply): boolean)? whether the answer will do: others are not kept in the cache, so
---that the same prompt may get another one
---@return dm.LLMReply
function Client:chat(prompt, accept)
  wait.turn()
  local text = request_for(self, prompt)
  if not self.check then prompt = "" end -- thousands wait at once, and what they hold is memory
  local reply, key = self:post(self.url, text, read_chat)
  local wrong = self.check and take_value(self, reply)
  if wrong then
    local first, first_key = reply, key
    reply, key = self:post(self.url, request_for(self, repair(prompt, reply, wrong)), read_chat)
    wrong = take_value(self, reply)
    if not wrong then keep(first_key, first) end
  end
  if not wrong then
    if not accept or accept(reply) then keep(key, reply) end
    return reply
  end
  error(("the answer does not fit the schema: %s: %s"):format(wrong, presentable(self, reply.text)), 0)
end

return M
