-- Reads what OpenAI-compatible servers reply: chat completions, completions, vectors. What members hold is not trusted:
-- an answer that was paid for is not lost because its usage can not be read.
local sample = require "dm.sample"

local at = sample.at

local M = {}

-- Why there is no text, by finish_reason, where the same request would get none again.
local NO_TEXT = {
  length = "the answer was cut off before it began (finish_reason length): raise max_tokens",
  tool_calls = "the model calls a tool instead of answering (finish_reason tool_calls): take tools out of the request",
  content_filter = "the server held the answer back (finish_reason content_filter)",
}

---The text of a message's content, which is a string, or a list of parts.
---@param content any
---@return string?
function M.text(content)
  if type(content) == "string" then return content end
  if not sample.is_node(content) or not sample.is_array(content) then return nil end
  local pieces = {}
  for i = 1, #content do
    local piece = at(content, i .. "/text")
    if type(piece) == "string" then pieces[#pieces + 1] = piece end
  end
  return pieces[1] and table.concat(pieces)
end

local function count(v)
  if type(v) == "number" and v >= 0 and v < 2 ^ 53 then return math.floor(v) end
end

---The tokens that a reply took, as far as the server says.
---@param root ffi.cdata*
---@return integer? tokens_in
---@return integer? tokens_out
function M.usage(root)
  local tokens_in, tokens_out = at(root, "usage/prompt_tokens"), at(root, "usage/completion_tokens")
  return count(tokens_in), count(tokens_out)
end

---Why the text of a reply will not do.
---@param reply dm.LLMReply
---@param refusal any what the model said instead
---@return string? why nil: it does
---@return boolean? hopeless the same request would get no other answer
function M.wrong(reply, refusal)
  local text, finish = reply.text, reply.finish_reason
  if text and (text ~= "" or not NO_TEXT[finish] and type(refusal) ~= "string") then return nil end
  if type(refusal) == "string" then return "the model refuses: " .. refusal, true end
  if NO_TEXT[finish] then return NO_TEXT[finish], true end
  return "the reply has no text"
end

local CHOICE = { "choices/1/message/content", "choices/1/finish_reason", "usage/prompt_tokens",
  "usage/completion_tokens" }
local picked = {}

---Reads a chat completion, or a completion, out of a node.
---@param root ffi.cdata*
---@return dm.LLMReply
---@return string? why it will not do
---@return boolean? hopeless
function M.choice(root)
  sample.pick(root, CHOICE, picked)
  local text, finish = picked[1], picked[2]
  if type(text) ~= "string" then text = M.text(text) or M.text(at(root, "choices/1/text")) end
  if type(finish) ~= "string" then finish = nil end
  local reply = { text = text, finish_reason = finish, tokens_in = count(picked[3]), tokens_out = count(picked[4]) }
  if text and text ~= "" then return reply end
  return reply, M.wrong(reply, at(root, "choices/1/message/refusal"))
end

---Reads vectors of n texts out of a node. Each says by its index, from 0, which text it is of; else they come in order.
---@param root ffi.cdata*
---@param n integer
---@return { vectors: number[][], tokens_in: integer? } found
---@return string? why it will not do
function M.vectors(root, n)
  local found, waits = { vectors = {}, tokens_in = M.usage(root) }, {}
  for i = 1, n do waits[i] = true end
  for i = 1, n do
    local index, vector = at(root, ("data/%d/index"):format(i)), at(root, ("data/%d/embedding"):format(i))
    local text = type(index) == "number" and index + 1 or i
    if not sample.is_node(vector) or not waits[text] then return found, "the reply lacks vectors" end
    waits[text] = nil
    found.vectors[text] = sample.totable(vector)
  end
  return found
end

---Reads a reply's JSON with `take`, which gets the node. Newlines between its tokens are as good as blanks.
---@param text string
---@param take fun(root: ffi.cdata*): any, string?, boolean?
---@return any what `take` returned; nil when it is not JSON
---@return string? why it will not do
---@return boolean? hopeless
function M.read(text, take)
  if text == "" then return nil, "the reply is empty" end
  if text:find "^\239\187\191" then text = text:sub(4) end
  if text:find("\n", 1, true) or text:find("\r", 1, true) then text = text:gsub("[\r\n]", " ") end
  local taken, read, value, why, hopeless = pcall(sample.within, text, take)
  if not taken then return nil, "the reply can not be read: " .. tostring(read) end
  if not read then return nil, "the reply is " .. value:gsub(" of the row$", "") end
  return value, why, hopeless
end

return M
