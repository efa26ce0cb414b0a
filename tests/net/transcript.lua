-- The exchanges with DataMate's service that were recorded, as requests of tests/net/service.lua with their answers.
local t = require "tests.support"

local M = {}

---@class dm.Exchange: any[] method, target, body
---@field headers table<string, string>
---@field title string
---@field status integer
---@field kind string? content type of the answer
---@field location string?
---@field reply string? its body
---@field tables string? what stood in the tables after it, as JSON

---@return dm.Exchange
local function exchange_of(title, block)
  local method, target = block:match "^> (%u+) (%S+)\n"
  local headers = {}
  local kind = block:match "\n> Content%-Type: ([^\n]*)\n"
  if kind then headers["Content-Type"] = kind end
  local body = block:match "\n> ([^\n]*)\n< "
  if body == "(no body)" or body:find "^Content%-Type" then body = "" end
  return {
    method, target, body, headers = headers, title = title,
    status = tonumber(block:match "\n< (%d+) "),
    kind = block:match "\n< content%-type: ([^\n]*)",
    location = block:match "\n< location: http://[^/]*([^\n]*)",
    reply = block:match "\n< ([^\n]*)\n$",
  }
end

---@param part "A"|"B"
---@return dm.Exchange[]
function M.read(part)
  local list, text = {}, t.read "tests/net/datamate_http.md"
  local section = text:match("\n## " .. part .. "%..*"):gsub("(.)\n## .*", "%1")
  for title, rest in (section:gsub("\n### ", "\n\1") .. "\1"):gmatch "\1([^\n]*)\n([^\1]*)" do
    local block, after = rest:match "^```\n(.-)```(.*)$"
    list[#list + 1] = exchange_of(title, block)
    list[#list].tables = after:match "tables[^`\n]*: `([^`]*)`"
  end
  return list
end

return M
