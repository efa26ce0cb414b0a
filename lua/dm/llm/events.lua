-- Server-sent events (WHATWG HTML, 9.2.6) of an OpenAI-compatible server, joined to the reply that they are pieces of.
local answer = require "dm.llm.answer"
local sample = require "dm.sample"

local at = sample.at

local M = {}

---The data of each event, in order. What is no valid stream gives what can be read of it.
---@param text string
---@return string[]
function M.data(text)
  local list, parts = {}, nil
  text = text:gsub("^\239\187\191", ""):gsub("\r\n?", "\n")
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    if line == "" then
      if parts then list[#list + 1] = table.concat(parts, "\n") end
      parts = nil
    else
      local value = line:match "^data:[ ]?(.*)$" or line == "data" and ""
      if value then
        parts = parts or {}
        parts[#parts + 1] = value
      end
    end
  end
  return list
end

---Why the server gave up, or nil.
---@param event ffi.cdata*
local function failure_of(event)
  local why = at(event, "error/message") or at(event, "error")
  if why == nil and not at(event, "choices") then why = at(event, "message") end
  if why == nil or why == "" or why == false then return nil end
  return type(why) == "string" and why or "the server says that it failed"
end

---Adds what one event holds to the reply.
---@return string? why the server gave up
local function add(reply, pieces, event)
  local failure = failure_of(event)
  if failure then return failure end
  local piece = answer.text(at(event, "choices/1/delta/content")) or at(event, "choices/1/text")
  if type(piece) == "string" then pieces[#pieces + 1] = piece end
  local finish, refusal = at(event, "choices/1/finish_reason"), at(event, "choices/1/delta/refusal")
  if type(finish) == "string" then reply.finish_reason = finish end
  if type(refusal) == "string" then reply.refusal = (reply.refusal or "") .. refusal end
  if at(event, "usage") then reply.tokens_in, reply.tokens_out = answer.usage(event) end
end

local function finish(reply, pieces)
  reply.text = pieces[1] and table.concat(pieces)
  return reply, answer.wrong(reply, reply.refusal)
end

---Joins a stream to one reply.
---@param text string
---@return dm.LLMReply? reply nil when the stream is not whole, or says that something failed
---@return string? why it will not do
---@return boolean? hopeless
function M.join(text)
  local reply, pieces = {}, {}
  local function take(event) return add(reply, pieces, event) end
  for _, data in ipairs(M.data(text)) do
    if data == "[DONE]" then return finish(reply, pieces) end
    if data ~= "" then -- a sign of life
      local failure, why = answer.read(data, take)
      if why then return nil, (why:gsub("^the reply", "an event", 1)) end
      if failure then return nil, failure end
    end
  end
  if not reply.finish_reason then return nil, "the stream ended before its end" end
  return finish(reply, pieces)
end

return M
