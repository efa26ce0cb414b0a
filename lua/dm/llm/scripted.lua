-- A model that gives answers of a list, one after another: for operators' examples.

---@param replies string[]
---@return { chat: fun(self: table, prompt: any, accept: function?): dm.LLMReply }
return function(replies)
  local n = 0
  return { chat = function(_, _, accept)
    n = n + 1
    local reply = { text = replies[n] or error("the operator asks more often than the example's replies answer", 0) }
    if accept then accept(reply) end
    return reply
  end }
end
