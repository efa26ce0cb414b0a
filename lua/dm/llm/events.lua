-- Server-sent events (WHATWG HTML, 9.2.6) of an OpenAI-compatible server, joined to the reply that they are pieces of.
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

---Adds what one event holds to the reply.
local function add(reply, pieces, event)
  local piece = at(event, "choices/1/delta/content") or at(event, "choices/1/text")
  if type(piece) == "string" then pieces[#pieces + 1] = piece end
  reply.finish_reason = at(event, "choices/1/finish_reason") or reply.finish_reason
  if at(event, "usage") then
    reply.tokens_in, reply.tokens_out = at(event, "usage/prompt_tokens"), at(event, "usage/completion_tokens")
  end
  return at(event, "error/message")
end

---Joins a stream to one reply.
---@param text string
---@return dm.LLMReply? reply nil when the stream is not whole, or says that something failed
---@return string? why
function M.join(text)
  local reply, pieces = {}, {}
  local function take(event) return add(reply, pieces, event) end
  for _, data in ipairs(M.data(text)) do
    if data == "[DONE]" then
      reply.text = table.concat(pieces)
      return reply
    end
    local read, failure = sample.within(data, take)
    if not read then return nil, "an event is not JSON: " .. failure end
    if failure then return nil, tostring(failure) end
  end
  if not reply.finish_reason then return nil, "the stream ended before its end" end
  reply.text = table.concat(pieces)
  return reply
end

return M
